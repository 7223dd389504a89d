package wxapi

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
)

// maxEncrypted bounds the base64 text that is decrypted. A month of WeRun
// steps, the longest that WeChat encrypts, has some 3 KiB.
const maxEncrypted = 64 << 10

const keySize = 16 // of AES-128

var strict = base64.StdEncoding.Strict()

// ciphertext decodes base64 text into one or more whole blocks.
func ciphertext(encoded string) ([]byte, bool) {
	if len(encoded) > maxEncrypted {
		return nil, false
	}
	data, ok := unbase64(encoded)
	return data, ok && len(data) > 0 && len(data)%aes.BlockSize == 0
}

// decryptCBC undoes AES-128-CBC with PKCS#7 padding. data is ciphertext. The
// lengths of key and iv are checked before the cipher sees them: it panics
// otherwise.
func decryptCBC(key, iv, data []byte) ([]byte, bool) {
	if len(key) != keySize || len(iv) != aes.BlockSize {
		return nil, false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, false
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	return unpad(plain)
}

// unpad checks all bytes of the padding, in a time that does not depend on them.
func unpad(b []byte) ([]byte, bool) {
	last := b[len(b)-1]
	n := int(last)
	good := subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, aes.BlockSize)
	for i, c := range b[len(b)-aes.BlockSize:] {
		padding := subtle.ConstantTimeLessOrEq(aes.BlockSize-i, n)
		good &= subtle.ConstantTimeSelect(padding, subtle.ConstantTimeByteEq(c, last), 1)
	}
	if good == 0 {
		return nil, false
	}
	return b[:len(b)-n], true
}

// isKey reports whether s is the base64 of an AES-128 key.
func isKey(s string) bool {
	var b [keySize + 2]byte                   // the padding is decoded, too
	if len(s) != strict.EncodedLen(keySize) { // so there is no room for the line breaks that Decode skips
		return false
	}
	n, err := strict.Decode(b[:], []byte(s))
	return err == nil && n == keySize
}

// unbase64 is strict: standard alphabet, padded, no stray bits, and no line
// breaks, which DecodeString skips.
func unbase64(s string) ([]byte, bool) {
	b, err := strict.DecodeString(s)
	return b, err == nil && strict.EncodedLen(len(b)) == len(s)
}
