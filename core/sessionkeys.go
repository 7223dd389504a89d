package core

import "github.com/wxsession/wxsession/core/wxapi"

// sessionKeys are the user's session_keys, newest first: the current one and
// the previous one. WeChat keeps a single valid key per user and app, whatever
// device logged in last, so they belong to the user and not to a session; data
// encrypted just before the key changed still decrypts with the previous one.
type sessionKeys []heldKey

const maxSessionKeys = 2

type heldKey struct {
	key   wxapi.Secret
	since int64 // Unix milliseconds
}

// add puts key in front, unless it is the current one already.
func (k sessionKeys) add(key wxapi.Secret, now int64) (sessionKeys, bool) {
	if len(k) > 0 && k[0].key == key {
		return k, false
	}
	k = append(sessionKeys{{key, now}}, k...)
	return k[:min(len(k), maxSessionKeys)], true
}

func (k sessionKeys) encode() []byte {
	var b []byte
	for _, held := range k {
		b = append(b, 0, 0, 0, 0, 0, 0)
		putMillis(b[len(b)-6:], held.since)
		b = appendText(b, held.key.Reveal())
	}
	return b
}

func decodeSessionKeys(b []byte) (sessionKeys, error) {
	var keys sessionKeys
	r := reader{rest: b}
	for len(r.rest) > 0 && !r.bad && len(keys) < maxSessionKeys {
		since := r.millis()
		keys = append(keys, heldKey{wxapi.Secret([]byte(r.text())), since})
	}
	if r.bad || len(r.rest) > 0 {
		return nil, errUser
	}
	return keys, nil
}
