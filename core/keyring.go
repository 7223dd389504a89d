package core

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// keyring encrypts the secrets among the stored fields with AES-256-GCM. The
// first key encrypts, all decrypt, so that keys can be rotated. The nonce is
// random: one key is good for some four billion logins.
//
// An empty keyring stores in clear, and still reads what is in clear only.
type keyring []cipher.AEAD

const (
	sealedClear byte = iota
	sealedGCM
)

var errSealed = errors.New("no key in Config.Keys opens a stored secret; put the key that wrote it back at the end of the list")

func newKeyring(keys [][]byte) (keyring, error) {
	var ring keyring
	for i, key := range keys {
		if len(key) != 32 {
			return nil, fmt.Errorf("key %d in Keys (WX_KEYS) has %d bytes, it must have 32: make one with `openssl rand -base64 32`", i+1, len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		ring = append(ring, aead)
	}
	return ring, nil
}

// seal encrypts plain for the record under key; nothing but that record's
// reader opens it.
func (r keyring) seal(key string, plain []byte) []byte {
	if len(r) == 0 {
		return append([]byte{sealedClear}, plain...)
	}
	return r[0].Seal([]byte{sealedGCM}, nil, plain, []byte(key))
}

// open accepts clear text even with keys, so that keys can be added to a
// running service. It gives an attacker who can write to the store nothing
// that the writing itself does not.
func (r keyring) open(key string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, errSealed
	}
	switch sealed[0] {
	case sealedClear:
		return sealed[1:], nil
	case sealedGCM:
		for _, aead := range r {
			if plain, err := aead.Open(nil, nil, sealed[1:], []byte(key)); err == nil {
				return plain, nil
			}
		}
	}
	return nil, errSealed
}
