package wxtest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

// signedQuery is the query of the session_key APIs.
func signedQuery(wx *wxtest.Server, openid, key string) url.Values {
	mac := hmac.New(sha256.New, []byte(key))
	return url.Values{
		"access_token": {wx.AccessToken()}, "openid": {openid},
		"signature": {hex.EncodeToString(mac.Sum(nil))}, "sig_method": {"hmac_sha256"},
	}
}

func TestCheckSessionKey(t *testing.T) {
	wx := newServer(t)
	key := wx.SessionKey("o1")
	good := func() url.Values { return signedQuery(wx, "o1", key) }
	if a := send(t, wx, checkPath, good(), ""); a.body != `{"errcode":0,"errmsg":"ok"}` {
		t.Error(a.body)
	}
	upper := with(good(), "signature", strings.ToUpper(good().Get("signature")))
	if a := send(t, wx, checkPath, upper, ""); a.errcode() != 0 {
		t.Errorf("upper case: %s", a.body)
	}
	for name, test := range map[string]struct {
		query url.Values
		want  int
	}{
		"no signature":  {without(good(), "signature"), 87009},
		"wrong method":  {with(good(), "sig_method", "md5"), 87008},
		"unknown user":  {with(good(), "openid", "nobody"), 40003},
		"another's key": {signedQuery(wx, "o1", wx.SessionKey("o2")), 87009},
	} {
		if a := send(t, wx, checkPath, test.query, ""); a.errcode() != test.want {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	wx.RotateSessionKey("o1")
	if a := send(t, wx, checkPath, good(), ""); a.errcode() != 87009 {
		t.Errorf("a displaced key: %s", a.body)
	}
}

// The new key takes over the old one's expiry.
func TestResetSessionKey(t *testing.T) {
	wx := newServer(t, wxtest.Options{KeyLifetime: time.Hour})
	old := wx.SessionKey("o1")
	wx.Advance(59 * time.Minute)
	a := send(t, wx, resetPath, signedQuery(wx, "o1", old), "")
	key := a.text("session_key")
	if a.errcode() != 0 || a.text("openid") != "o1" || key == old || key != wx.SessionKey("o1") {
		t.Fatal(a.body)
	}
	if a := send(t, wx, resetPath, signedQuery(wx, "o1", old), ""); a.errcode() != 87009 {
		t.Errorf("the old key: %s", a.body)
	}
	wx.Advance(time.Minute)
	if a := send(t, wx, checkPath, signedQuery(wx, "o1", key), ""); a.errcode() != 87009 {
		t.Errorf("the expired key: %s", a.body)
	}
}

func TestSessionKeyRotation(t *testing.T) {
	wx := newServer(t, wxtest.Options{KeyMinAge: time.Minute, KeyLifetime: time.Hour})
	exchange := func() string {
		key := login(t, wx, wx.Code("o1")).text("session_key")
		if b, err := base64.StdEncoding.DecodeString(key); err != nil || len(b) != 16 || key != wx.SessionKey("o1") {
			t.Fatalf("session_key %q", key)
		}
		return key
	}
	first := exchange()
	if exchange() != first {
		t.Error("a login at once changed the key")
	}
	wx.Advance(time.Minute)
	second := exchange()
	if second == first {
		t.Error("a login after a minute kept the key")
	}
	wx.Advance(time.Hour - time.Second)
	if wx.SessionKey("o1") != second || !wx.CheckSession("o1") {
		t.Error("the key died early")
	}
	wx.Advance(time.Hour - time.Second)
	if !wx.CheckSession("o1") {
		t.Error("use did not renew the key")
	}
	wx.Advance(time.Hour)
	if wx.CheckSession("o1") || wx.SessionKey("o1") == second {
		t.Error("the key outlived its time")
	}
}

func TestCheckSessionIsAboutTheLastCode(t *testing.T) {
	wx := newServer(t, wxtest.Options{KeyMinAge: -1})
	if wx.CheckSession("o1") {
		t.Error("valid before the first login")
	}
	held := login(t, wx, wx.Code("o1")).text("session_key")
	wx.Code("o1") // never exchanged
	if !wx.CheckSession("o1") {
		t.Error("the phone's key is not valid")
	}
	if wx.SessionKey("o1") == held {
		t.Error("the server's key is still valid")
	}
	wx.RotateSessionKey("o1") // another device
	if wx.CheckSession("o1") {
		t.Error("the phone's key is valid after a login elsewhere")
	}
}
