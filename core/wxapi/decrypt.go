package wxapi

import (
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"
)

// ErrInvalidData is what Decrypt and DecryptUserCrypto return for every
// failure. That it is the same for bad base64, lengths, padding, JSON and
// watermark is deliberate: telling them apart would let an attacker decrypt by
// trial. Callers answer it with one reply, too.
var ErrInvalidData = errors.New("the encrypted data is not valid for this app and session")

// Watermark is what decrypted data has to prove.
type Watermark struct {
	// AppID must be the one in the data's watermark. It is required.
	AppID string
	// OpenID, if set, must be the data's openId where the data names one (user
	// profiles do; phone numbers, groups and steps do not).
	OpenID string
	// MaxAge, if positive, refuses data that WeChat encrypted longer ago.
	MaxAge time.Duration
	// Now is the clock for MaxAge; nil means time.Now.
	Now func() time.Time
}

// clockSkew is how far ahead of ours WeChat's clock may be.
const clockSkew = time.Minute

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
	if len(encryptedData) > maxEncrypted {
		return nil, ErrInvalidData
	}
	data, ok1 := unbase64(encryptedData)
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

// matches judges by the exact member names: json's own matching ignores case,
// and then what is checked need not be what the application reads.
func (w Watermark) matches(plain []byte) bool {
	object := members(plain)
	mark := members(object["watermark"])
	var appid string
	if w.AppID == "" || !member(mark, "appid", &appid) || appid != w.AppID {
		return false
	}
	if _, named := object["openId"]; named && w.OpenID != "" {
		var openid string
		if !member(object, "openId", &openid) || openid != w.OpenID {
			return false
		}
	}
	return w.MaxAge <= 0 || w.fresh(mark)
}

func (w Watermark) fresh(mark map[string]json.RawMessage) bool {
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	var seconds int64
	if !member(mark, "timestamp", &seconds) {
		return false
	}
	age := now().Sub(time.Unix(seconds, 0))
	return -clockSkew <= age && age <= w.MaxAge
}

// members returns nil for what is not a JSON object.
func members(b []byte) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(b, &m) != nil {
		return nil
	}
	return m
}

// member decodes one member, and reports whether it is there with the type of v.
func member(m map[string]json.RawMessage, name string, v any) bool {
	raw, found := m[name]
	return found && string(raw) != "null" && json.Unmarshal(raw, v) == nil
}
