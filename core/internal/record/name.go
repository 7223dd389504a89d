package record

import (
	"crypto/sha256"
	"encoding/base64"
	"unsafe"
)

// Prefixes of the keys; each is two characters.
const (
	SessionPrefix = "s:"
	UserPrefix    = "u:"
	AccessPrefix  = "t:"
	SeenPrefix    = "d:"
	TicketPrefix  = "k:"
	MarkPrefix    = "a:"
	ValuePrefix   = "x:"
)

// TokenLen is the length of a token's text: 32 bytes in base64url.
const TokenLen = 43

// Name names a record: the beginning of a SHA-256.
type Name [16]byte

// OfToken returns the name of a token's record. Its text has TokenLen bytes.
func OfToken(token string) Name {
	// A conversion would copy the text; the hash only reads it.
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token)))
	return Name(sum[:])
}

// OfUser returns the name of a user's record. The parts are separated by a byte
// that neither can contain, so that no two pairs collide.
func OfUser(appID, openID string) Name { return OfParts([]byte(appID), []byte(openID)) }

// OfParts returns the name of what the parts identify. All but the last contain
// no zero byte.
func OfParts(parts ...[]byte) Name {
	var room [128]byte // enough for most: one that is made anew costs an allocation
	text := room[:0]
	for i, p := range parts {
		if i > 0 {
			text = append(text, 0)
		}
		text = append(text, p...)
	}
	sum := sha256.Sum256(text)
	return Name(sum[:])
}

// keyLen is the length of a prefix and a name in base64url.
const keyLen = 2 + 22

// Key returns the key for n under one of the prefixes.
func (n Name) Key(prefix string) string {
	key, _ := n.KeyIn(prefix, make([]byte, 0, keyLen))
	return key
}

// KeyIn is Key in the first 24 bytes that an empty slice has room for, which must not
// change afterwards; rest is the room behind them.
func (n Name) KeyIn(prefix string, room []byte) (key string, rest []byte) {
	b := base64.RawURLEncoding.AppendEncode(append(room, prefix...), n[:])
	return view(b), b[len(b):]
}

// NameIn returns the name in a text that Key has made.
func NameIn(key string) (n Name) {
	var b [keyLen]byte
	copy(b[:], key)
	_, _ = base64.RawURLEncoding.Decode(n[:], b[2:]) // what Key has made decodes
	return n
}
