package record

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"unsafe"
)

// KeyLen is the length of a configured key.
const KeyLen = 32

// Keyring seals values with AES-256-GCM. The first key seals, all open, so that
// keys can be rotated. A Keyring without keys makes values in clear.
//
// Every key becomes 256 subkeys by HKDF-SHA256, and the store's key of a value
// chooses among them. Nonces are random, which is safe for 2³² values of one
// subkey, hence 2⁴⁰ of a configured key. The store's prefix goes into the
// subkeys, its key into the associated data.
type Keyring struct {
	keys        []sealKey
	acceptClear bool
}

type sealKey struct {
	id   [idLen]byte
	aead [256]cipher.AEAD
}

// NewKeyring returns a ring of keys of KeyLen bytes, newest first, for a store
// with that prefix. With acceptClear, values in clear are read as well.
func NewKeyring(keys [][]byte, prefix string, acceptClear bool) (*Keyring, error) {
	r := &Keyring{acceptClear: acceptClear || len(keys) == 0}
	for i, key := range keys {
		if len(key) != KeyLen {
			return nil, fmt.Errorf("key %d has %d bytes, it must have %d", i+1, len(key), KeyLen)
		}
		k, err := newSealKey(key, prefix)
		if err != nil {
			return nil, err
		}
		if other := r.find(k.id[:]); other != nil {
			return nil, fmt.Errorf("key %d cannot stand beside the ones before it: it is one of them, or by a rare chance has the id of one; make another", i+1)
		}
		r.keys = append(r.keys, k)
	}
	return r, nil
}

func newSealKey(key []byte, prefix string) (k sealKey, err error) {
	prk, err := hkdf.Extract(sha256.New, key, nil)
	if err != nil {
		return k, err
	}
	id, err := hkdf.Expand(sha256.New, prk, "wxsession key id", idLen)
	if err != nil {
		return k, err
	}
	k.id = [idLen]byte(id)
	for i := range k.aead {
		info := "wxsession values\x00" + string([]byte{byte(i)}) + prefix
		sub, err := hkdf.Expand(sha256.New, prk, info, KeyLen)
		if err != nil {
			return k, err
		}
		block, err := aes.NewCipher(sub)
		if err != nil {
			return k, err
		}
		if k.aead[i], err = cipher.NewGCM(block); err != nil {
			return k, err
		}
	}
	return k, nil
}

// Seals reports whether values are sealed.
func (r *Keyring) Seals() bool { return len(r.keys) > 0 }

// subkey spreads the store's keys evenly: their names are random.
func subkey(key string) byte {
	var b [8]byte
	copy(b[:], key[max(0, len(key)-len(b)):])
	return byte(binary.LittleEndian.Uint64(b[:]) * 0x9e3779b97f4a7c15 >> 56)
}

// associated returns key as bytes, which AEADs do not write to.
func associated(key string) []byte { return unsafe.Slice(unsafe.StringData(key), len(key)) }

// New returns a value with a copy of body, to be stored under any key once.
func (r *Keyring) New(body []byte) Value {
	if !r.Seals() {
		return append(append(make(Value, 0, clearHead+len(body)), version), body...)
	}
	v := make(Value, sealedHead+len(body)+tagLen)
	v[0] = version | sealed
	copy(v[idAt:nonceAt], r.keys[0].id[:])
	rand.Read(v[nonceAt:sealedHead]) // never fails: see crypto/rand
	copy(v[sealedHead:], body)
	return v
}

// Stored returns the bytes that stand in the store under key for v. They are v
// itself where it is in clear.
func (r *Keyring) Stored(key string, v Value) []byte {
	if v[0]&sealed == 0 {
		return v
	}
	k := r.find(v[idAt:nonceAt]) // was there when v was made or opened
	b := append(make([]byte, 0, len(v)), v[:sealedHead]...)
	return k.aead[subkey(key)].Seal(b, v[nonceAt:sealedHead], v.Body(), associated(key))
}

func (r *Keyring) find(id []byte) *sealKey {
	for i := range r.keys {
		if k := &r.keys[i]; string(k.id[:]) == string(id) {
			return k
		}
	}
	return nil
}

// Open returns the value that stands under key. It writes into raw, which
// becomes the value.
func (r *Keyring) Open(key string, raw []byte) (Value, error) {
	switch {
	case len(raw) == 0:
		return nil, ErrMalformed
	case raw[0]&^sealed != version:
		return nil, ErrVersion
	case raw[0]&sealed != 0:
		return r.openSealed(key, raw)
	case !r.acceptClear:
		return nil, ErrClear
	}
	return raw, nil
}

func (r *Keyring) openSealed(key string, raw []byte) (Value, error) {
	if !r.Seals() {
		return nil, ErrNoKey
	}
	if len(raw) < sealedHead+tagLen {
		return nil, ErrForged
	}
	k := r.find(raw[idAt:nonceAt])
	if k == nil {
		return nil, ErrOtherKey
	}
	text := raw[sealedHead:]
	if _, err := k.aead[subkey(key)].Open(text[:0], raw[nonceAt:sealedHead], text, associated(key)); err != nil {
		return nil, ErrForged
	}
	return raw, nil
}

// Stale reports whether v should be written anew: it is sealed with an older
// key, or in clear though there are keys.
func (r *Keyring) Stale(v Value) bool {
	return r.Seals() && (v[0]&sealed == 0 || string(v[idAt:nonceAt]) != string(r.keys[0].id[:]))
}
