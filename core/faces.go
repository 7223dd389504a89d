package core

import "sync/atomic"

// face is whose session a masked record is.
type face struct {
	openID, unionID string

	digest digest   // of the token
	buf    [64]byte // holds the texts, unless WeChat makes them longer
}

// faces remembers the faces of the sessions in use: to compute one costs more
// than all else that a check of a session in the near cache does. A digest has
// one face for ever, so nothing here can be out of date. The place of a digest
// keeps whoever was last seen there. A nil faces knows no masked records.
type faces [facesLen]atomic.Pointer[face]

// facesLen bounds the memory of a manager: 256 KiB, and 6 MiB when all places are
// taken.
const facesLen = 1 << 15

// of returns the face of the record that belongs to token, and nil where the
// record shows it. d is the token's digest.
func (all *faces) of(r record, token string, d *digest) *face {
	if !r.isMasked() {
		return nil
	}
	place := &all[int(d[0])|int(d[1]&0x7f)<<8]
	if f := place.Load(); f != nil && f.digest == *d {
		return f
	}
	f := unmask(r, token)
	f.digest = *d
	place.Store(f)
	return f
}

// unmask returns what mask has hidden. token is the record's own.
func unmask(r record, token string) *face {
	_, openID, unionID, _ := r.texts()
	f := new(face)
	b := append(append(f.buf[:0], openID...), unionID...)
	n := len(openID)
	xorStream(token, b[:n], b[n:])
	f.openID, f.unionID = view(b[:n]), view(b[n:])
	return f
}
