package core

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/wxsession/wxsession/core/internal/record"
)

// A token (the 3rd_session) is 32 random bytes as base64url without padding.
// It is the only credential; the store sees no more than its SHA-256, so a
// dump of the store logs nobody in.

func newToken() string {
	var b [32]byte
	var text [record.TokenLen]byte
	rand.Read(b[:]) // never fails: see crypto/rand
	base64.RawURLEncoding.Encode(text[:], b[:])
	return string(text[:])
}

// newSessionID makes a session's public id. It is no credential, yet random,
// so that ids tell nothing about how many sessions there are.
func newSessionID() string {
	var b [record.IDLen / 4 * 3]byte
	var text [record.IDLen]byte
	rand.Read(b[:])
	base64.RawURLEncoding.Encode(text[:], b[:])
	return string(text[:])
}

// tokenShaped reports whether s could be a token, so that junk is refused
// without a call to a server.
func tokenShaped(s string) bool {
	if len(s) != record.TokenLen {
		return false
	}
	for i := range len(s) {
		if tokenAlphabet[s[i]] == 0 {
			return false
		}
	}
	// 43 characters carry 258 bits; the two below the 256th are zero in what
	// newToken writes.
	return tokenAlphabet[s[record.TokenLen-1]] == 2
}

// tokenAlphabet is 1 for the characters of base64url, 2 for those among them
// whose two lowest bits are zero, 0 for all others.
var tokenAlphabet = [256]byte{
	'A': 2, 'B': 1, 'C': 1, 'D': 1, 'E': 2, 'F': 1, 'G': 1, 'H': 1,
	'I': 2, 'J': 1, 'K': 1, 'L': 1, 'M': 2, 'N': 1, 'O': 1, 'P': 1,
	'Q': 2, 'R': 1, 'S': 1, 'T': 1, 'U': 2, 'V': 1, 'W': 1, 'X': 1,
	'Y': 2, 'Z': 1, 'a': 1, 'b': 1, 'c': 2, 'd': 1, 'e': 1, 'f': 1,
	'g': 2, 'h': 1, 'i': 1, 'j': 1, 'k': 2, 'l': 1, 'm': 1, 'n': 1,
	'o': 2, 'p': 1, 'q': 1, 'r': 1, 's': 2, 't': 1, 'u': 1, 'v': 1,
	'w': 2, 'x': 1, 'y': 1, 'z': 1, '0': 2, '1': 1, '2': 1, '3': 1,
	'4': 2, '5': 1, '6': 1, '7': 1, '8': 2, '9': 1, '-': 1, '_': 1,
}
