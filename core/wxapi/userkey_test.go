package wxapi_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func TestUserEncryptKeys(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	key := wxapi.Secret(wx.SessionKey("o1"))
	phone := wx.LatestUserKey("o1")
	wx.Advance(30 * time.Minute)
	keys, err := c.UserEncryptKeys(t.Context(), "o1", key)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	got := keys[0]
	if got.Key.Reveal() != phone.EncryptKey || got.IV != phone.IV || got.Version != phone.Version ||
		got.Left < 29*time.Minute || got.Left > 30*time.Minute || got.Created.IsZero() {
		t.Errorf("%+v", got)
	}
	data := encryptCBC(t, phone.EncryptKey, toBase64(phone.IV), pad([]byte("hello")))
	if plain, err := wxapi.DecryptUserCrypto(got, data); err != nil || string(plain) != "hello" {
		t.Errorf("%q, %v", plain, err)
	}
	wx.Advance(time.Hour)
	wx.LatestUserKey("o1")
	if keys, err = c.UserEncryptKeys(t.Context(), "o1", key); err != nil || len(keys) != 2 || keys[1].Left != 0 {
		t.Errorf("%+v, %v", keys, err)
	}
	_, err = c.UserEncryptKeys(t.Context(), "o1", vectorKey)
	wantError(t, err, wxapi.KindInvalidSignature)
}

// Keys that DecryptUserCrypto could not use are garbage.
func TestUserEncryptKeysWantsKeys(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	for name, key := range map[string]string{
		"a short key": `"encrypt_key":"tiihtNczf5v6AKRyjwEU","iv":"6003f73ec441c386"`,
		"no key":      `"iv":"6003f73ec441c386"`,
		"a short iv":  `"encrypt_key":"tiihtNczf5v6AKRyjwEUhQ==","iv":"6003f73ec441c38"`,
		"no iv":       `"encrypt_key":"tiihtNczf5v6AKRyjwEUhQ=="`,
	} {
		wx.Fail("/wxa/business/getuserencryptkey", wxtest.Fault{Body: `{"errcode":0,"key_info_list":[{` + key + `,"version":1,"expire_in":1,"create_time":1}]}`}, 1)
		if _, err := c.UserEncryptKeys(t.Context(), "o1", wxapi.Secret(wx.SessionKey("o1"))); err == nil {
			t.Errorf("%s was accepted", name)
		} else {
			wantError(t, err, wxapi.KindUnavailable)
		}
	}
}

func TestDecryptUserCrypto(t *testing.T) {
	key := wxapi.UserKey{Key: vectorKey, IV: "6003f73ec441c386", Version: 10}
	data := encryptCBC(t, vectorKey, base64.StdEncoding.EncodeToString([]byte(key.IV)), pad([]byte("any text")))
	if got, err := wxapi.DecryptUserCrypto(key, data); err != nil || string(got) != "any text" {
		t.Errorf("%q, %v", got, err)
	}
	short := key
	short.IV = short.IV[1:]
	for name, test := range map[string]struct {
		key  wxapi.UserKey
		data string
	}{
		"no data":        {key, ""},
		"no base64":      {key, "?"},
		"half a block":   {key, "AAAAAAAAAAA="},
		"a short iv":     {short, data},
		"no key":         {wxapi.UserKey{IV: key.IV}, data},
		"a wrong key":    {wxapi.UserKey{Key: "AAAAAAAAAAAAAAAAAAAAAA==", IV: key.IV}, data},
		"more than 64 K": {key, strings.Repeat("A", 64<<10+4)},
	} {
		if got, err := wxapi.DecryptUserCrypto(test.key, test.data); err != wxapi.ErrInvalidData || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
