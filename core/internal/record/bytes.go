package record

import (
	"encoding/binary"
	"unsafe"
)

// view returns b as a string that shares its memory. Nobody modifies the bytes
// of a record that has been read.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

const millisLen = 6

func getMillis(b []byte) int64 {
	_ = b[millisLen-1]
	return int64(binary.BigEndian.Uint16(b))<<32 | int64(binary.BigEndian.Uint32(b[2:]))
}

func putMillis(b []byte, ms int64) {
	binary.BigEndian.PutUint16(b, uint16(ms>>32))
	binary.BigEndian.PutUint32(b[2:], uint32(ms))
}

func appendMillis(b []byte, ms int64) []byte {
	var m [millisLen]byte
	putMillis(m[:], ms)
	return append(b, m[:]...)
}

// cutShort splits off a text with a length of one byte that was checked before.
func cutShort(b []byte) (text string, rest []byte) {
	n := 1 + int(b[0])
	return view(b[1:n]), b[n:]
}

func appendShort(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

// cutText splits off a text, as a view.
func cutText(b []byte) (text string, rest []byte, ok bool) {
	if len(b) > 0 && int(b[0]) < min(len(b), 0x80) { // most are short
		n := int(b[0])
		return view(b[1 : 1+n]), b[1+n:], true
	}
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil, false
	}
	end := used + int(n)
	return view(b[used:end]), b[end:], true
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes fields off a body; after the first that does not fit it is bad
// and yields zeros.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if r.bad || len(r.rest) < n {
		r.bad = true
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte { return r.take(1)[0] }

func (r *reader) millis() int64 { return getMillis(r.take(millisLen)) }

func (r *reader) name() Name { return Name(r.take(len(Name{}))) }

func (r *reader) id() string { return string(r.take(IDLen)) }

// text returns a copy.
func (r *reader) text() string {
	s, rest, ok := cutText(r.rest)
	if r.bad || !ok {
		r.bad = true
		return ""
	}
	r.rest = rest
	return string([]byte(s))
}

func (r *reader) uvarint() uint64 {
	n, used := binary.Uvarint(r.rest)
	if r.bad || used <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[used:]
	return n
}

// count reads how many items of at least size bytes follow, and refuses a
// number that the rest cannot hold.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.rest)/size) {
		r.bad = true
		return 0
	}
	return int(n)
}
