package weblogin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

const (
	idBytes     = 16 // of an id, random: 22 characters of base64url
	secretBytes = 32 // of a browser's secret, random: 43 characters
	hashBytes   = 16 // of SHA-256 that are stored of a secret
	claimBytes  = 8  // of a claim, random
)

func randomText(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails: see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

// textOf reports whether s is what randomText can have made of so many bytes, so
// that junk is refused without asking the store, and one id has one spelling.
func textOf(s string, bytes int) bool {
	if len(s) != base64.RawURLEncoding.EncodedLen(bytes) || strings.ContainsAny(s, "\r\n") {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil
}

// hashOf is what the store sees of a browser's secret.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:hashBytes]
}

func sameHash(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
