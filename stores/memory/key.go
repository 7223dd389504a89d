package memory

import (
	"encoding/base64"
	"hash/maphash"
	"unsafe"
)

// storedKey is a key as records have it. Those of core are a letter, a colon and a
// name in base64url; the name is kept as what it stands for, which is shorter, and
// spares requests the encoding.
type storedKey struct {
	text string // the name's bytes, if it is one
	kind uint64 // isText, or the number of the letter before a name, from 1 on
}

const (
	isText  = 0
	nameLen = 16

	prefixLen = 2
	namedLen  = prefixLen + 22
)

// kindOf returns isText for a prefix that no name has.
func kindOf(prefix string) uint64 {
	if len(prefix) != prefixLen || prefix[0] < 'a' || prefix[0] > 'z' || prefix[1] != ':' {
		return isText
	}
	return uint64(prefix[0]-'a') + 1
}

// asStored returns key as records have it; the name is decoded into room. Each key
// has one form: what would not be encoded alike again stays a text.
func asStored(key string, room *[nameLen]byte) storedKey {
	if len(key) != namedLen {
		return storedKey{text: key}
	}
	kind := kindOf(key[:prefixLen])
	if kind == isText {
		return storedKey{text: key}
	}
	// The decoder writes no more than what a text of that length stands for, and less
	// if there are line breaks in it.
	text := unsafe.Slice(unsafe.StringData(key), len(key))[prefixLen:]
	if n, err := base64.RawURLEncoding.Strict().Decode(room[:], text); err != nil || n != nameLen {
		return storedKey{text: key}
	}
	return storedKey{viewOf(room[:]), kind}
}

// viewOf shares b's memory.
func viewOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// hash tells apart the records of one name under several letters, too.
func (k storedKey) hash(seed maphash.Seed) uint64 {
	return maphash.String(seed, k.text) ^ k.kind*0x9e3779b97f4a7c15
}
