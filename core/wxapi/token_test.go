package wxapi_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

const (
	stablePath = "/cgi-bin/stable_token"
	phonePath  = "/wxa/business/getuserphonenumber"
	checkPath  = "/wxa/checksession"
)

func TestFetchToken(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx)
	fetch := func(mode wxapi.TokenMode, force bool) wxapi.Secret {
		t.Helper()
		token, left, err := c.FetchToken(t.Context(), mode, force)
		if err != nil || left < 7190*time.Second || left > 7200*time.Second {
			t.Fatalf("%v, %v", left, err)
		}
		return token
	}
	first := fetch(wxapi.StableToken, false)
	if first.Reveal() == "" || fetch(wxapi.StableToken, false) != first {
		t.Error("the stable token is not stable")
	}
	if fetch(wxapi.StableToken, true) == first {
		t.Error("force gave the same token")
	}
	if a, b := fetch(wxapi.NormalToken, false), fetch(wxapi.NormalToken, false); a == b {
		t.Error("the normal token is stable")
	}
}

// A caller finds out whether it got the token that WeChat has just refused
// again: tokens can be compared.
func TestFetchTokenAgain(t *testing.T) {
	now := time.Unix(1700000000, 0)
	wx := newWeChat(t, wxtest.Options{Now: func() time.Time { return now }})
	c := newClient(t, wx)
	fetch := func(force bool) wxapi.Secret {
		t.Helper()
		token, _, err := c.FetchToken(t.Context(), wxapi.StableToken, force)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	stale := fetch(false)
	if fetch(false) != stale {
		t.Error("asked kindly, WeChat gave another token")
	}
	fresh := fetch(true)
	if fresh == stale {
		t.Error("forced, WeChat gave the same token")
	}
	wx.Advance(wxapi.ForceInterval - time.Second)
	if fetch(true) != fresh {
		t.Error("forced again too soon, WeChat gave another token")
	}
	wx.Advance(time.Second)
	if fetch(true) == fresh {
		t.Error("forced again later, WeChat gave the same token")
	}
	wx.RevokeTokens()
	if token := fetch(false); token == fresh || token == stale {
		t.Error("after a revocation WeChat gave an old token")
	}
}

func TestFetchTokenErrors(t *testing.T) {
	for name, test := range map[string]struct {
		fault wxtest.Fault
		kind  wxapi.Kind
	}{
		"40001":        {wxtest.Fault{ErrCode: 40001}, wxapi.KindMisconfigured},
		"40013":        {wxtest.Fault{ErrCode: 40013}, wxapi.KindMisconfigured},
		"40125":        {wxtest.Fault{ErrCode: 40125}, wxapi.KindMisconfigured},
		"40164":        {wxtest.Fault{ErrCode: 40164}, wxapi.KindMisconfigured},
		"40243":        {wxtest.Fault{ErrCode: 40243}, wxapi.KindMisconfigured},
		"45009":        {wxtest.Fault{ErrCode: 45009}, wxapi.KindRateLimited},
		"50004":        {wxtest.Fault{ErrCode: 50004}, wxapi.KindMisconfigured},
		"89503":        {wxtest.Fault{ErrCode: 89503}, wxapi.KindMisconfigured},
		"-1":           {wxtest.Fault{ErrCode: -1}, wxapi.KindUnavailable},
		"HTML":         {wxtest.Fault{Status: 502}, wxapi.KindUnavailable},
		"no token":     {wxtest.Fault{Body: `{"expires_in":7200}`}, wxapi.KindUnavailable},
		"no time":      {wxtest.Fault{Body: `{"access_token":"t"}`}, wxapi.KindUnavailable},
		"time over":    {wxtest.Fault{Body: `{"access_token":"t","expires_in":-1}`}, wxapi.KindUnavailable},
		"endless time": {wxtest.Fault{Body: `{"access_token":"t","expires_in":99999999999}`}, wxapi.KindUnavailable},
		"line break":   {wxtest.Fault{Body: `{"access_token":"t\r\n","expires_in":7200}`}, wxapi.KindUnavailable},
	} {
		for _, mode := range []wxapi.TokenMode{wxapi.StableToken, wxapi.NormalToken} {
			wx := newWeChat(t)
			wx.Fail("", test.fault, wxtest.Always)
			_, _, err := newClient(t, wx).FetchToken(t.Context(), mode, false)
			if e, ok := errors.AsType[*wxapi.Error](err); !ok || e.Kind != test.kind || e.ErrCode != test.fault.ErrCode {
				t.Errorf("%s, mode %d: %v", name, mode, err)
			}
		}
	}
}

// The message names the address that the operator has to enter in the console.
func TestFetchTokenOutsideTheWhitelist(t *testing.T) {
	wx := newWeChat(t, wxtest.Options{Whitelist: []string{"192.0.2.0/24"}})
	_, _, err := newClient(t, wx).FetchToken(t.Context(), wxapi.StableToken, false)
	if e := wantError(t, err, wxapi.KindMisconfigured); e.ErrCode != 40164 || !strings.Contains(e.ErrMsg, "127.0.0.1") {
		t.Error(err)
	}
	if _, err := newClient(t, wx).Code2Session(t.Context(), wx.Code("o1")); err != nil {
		t.Errorf("the whitelist is not for logins: %v", err)
	}
}
