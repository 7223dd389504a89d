package wxapi

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// VerifySignature reports whether signature is that of rawData, which the mini
// program has from wx.getUserInfo, under the user's session_key: the SHA-1 of
// both, in hexadecimal. rawData must be the bytes as they came: a decoded and
// encoded again JSON has another signature. With an empty key nothing is valid.
func VerifySignature(rawData, signature string, key Secret) bool {
	got, err := hex.DecodeString(signature)
	if err != nil || key == "" {
		return false
	}
	h := sha1.New()
	h.Write([]byte(rawData))
	h.Write([]byte(key)) // the base64 text, not the bytes it stands for
	return subtle.ConstantTimeCompare(got, h.Sum(nil)) == 1
}

// SessionSignature signs msg with a session_key as the session_key APIs expect
// it: HMAC-SHA256 under the key's base64 text, in lower-case hexadecimal.
func SessionSignature(key Secret, msg []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(msg)
	return hex.EncodeToString(mac.Sum(nil))
}
