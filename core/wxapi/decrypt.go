package wxapi

import (
	"errors"
	"unicode/utf8"
)

// ErrInvalidData is what Decrypt and DecryptUserCrypto return for every
// failure. That it is the same for bad base64, lengths, padding, JSON and
// watermark is deliberate: telling them apart would let an attacker decrypt by
// trial. Callers answer it with one reply, too.
var ErrInvalidData = errors.New("the encrypted data is not valid for this app and session")

// Decrypt opens the encryptedData and iv that a mini program has from WeChat
// (wx.getUserInfo, the phone number button, wx.getGroupEnterInfo …), and
// returns the JSON object inside, with its watermark checked. Every failure is
// ErrInvalidData. A valid answer can also mean the user's previous key: if the
// current one fails, try that.
//
// The encryption is not authenticated: a user can garble parts of the data
// about himself. Where much depends on it, prefer the APIs that go from server
// to server, such as Client.PhoneNumber.
func Decrypt(key Secret, encryptedData, iv string, want Watermark) ([]byte, error) {
	data, ok1 := ciphertext(encryptedData)
	vector, ok2 := unbase64(iv)
	secret, ok3 := unbase64(key.Reveal())
	if !ok1 || !ok2 || !ok3 {
		return nil, ErrInvalidData
	}
	plain, ok := decryptCBC(secret, vector, data)
	if !ok || !utf8.Valid(plain) || !want.matches(plain) {
		return nil, ErrInvalidData
	}
	return plain, nil
}
