package memory

import (
	"encoding/base64"
	"hash/maphash"
	"unsafe"
)

// storedKey is a key as records have it. Those of core are a prefix and a name in
// base64url; the name is kept as what it stands for, which is 8 bytes less and
// spares requests the encoding.
type storedKey struct {
	text string // the name's bytes, where kind is not 0
	kind uint64 // 0, or isNamed and the prefix above it; 40 bits
}

const (
	nameLen   = 16
	prefixLen = 2
	namedLen  = prefixLen + 22
	isNamed   = 1
)

// asStored returns key as records have it; the name is decoded into room. Each key
// has one form: what would not be encoded alike again stays a text.
func asStored(key string, room *[nameLen]byte) storedKey {
	if len(key) != namedLen {
		return storedKey{text: key}
	}
	// The decoder writes no more than what a text of that length stands for, less
	// if there are line breaks in it.
	text := unsafe.Slice(unsafe.StringData(key), len(key))[prefixLen:]
	if n, err := base64.RawURLEncoding.Strict().Decode(room[:], text); err != nil || n != nameLen {
		return storedKey{text: key}
	}
	return storedName(key[:prefixLen], room)
}

// storedName shares name's memory.
func storedName(prefix string, name *[nameLen]byte) storedKey {
	return storedKey{
		text: unsafe.String(&name[0], nameLen),
		kind: isNamed | uint64(prefix[0])<<8 | uint64(prefix[1])<<16,
	}
}

// hash tells apart the records of one name under several prefixes, too.
func (k storedKey) hash(seed maphash.Seed) uint64 {
	return maphash.String(seed, k.text) ^ k.kind*0x9e3779b97f4a7c15
}
