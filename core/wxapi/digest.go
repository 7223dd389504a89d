package wxapi

import (
	"crypto/aes"
	"crypto/sha256"
)

// CiphertextDigest returns what identifies encrypted data that may be used once.
// It is the same for whatever a user can make of the data without losing the
// watermark, which comes last: for another iv, which changes the first 16 bytes
// of the text, and for data without its first blocks, which a fitting iv
// completes to a JSON object again. So it covers the last block only; two texts
// of WeChat's that share it are as unlikely as two equal random keys. The text
// inside is no substitute: every iv makes another one. Data that Decrypt cannot
// accept is ErrInvalidData.
func CiphertextDigest(encryptedData string) ([sha256.Size]byte, error) {
	data, ok := ciphertext(encryptedData)
	if !ok {
		return [sha256.Size]byte{}, ErrInvalidData
	}
	return sha256.Sum256(data[len(data)-aes.BlockSize:]), nil
}
