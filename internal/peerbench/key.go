package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// nameLen is how much of a token's hash core takes for the name of its record.
const nameLen = 16

// keyOf is the key under which core keeps the session of a token.
func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "s:" + base64.RawURLEncoding.EncodeToString(sum[:nameLen])
}

// sessionKey is a key of the shape that core's have.
func sessionKey(i int) string {
	return keyOf(string(binary.LittleEndian.AppendUint64(nil, uint64(i))))
}
