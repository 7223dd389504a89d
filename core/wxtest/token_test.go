package wxtest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

const (
	stablePath  = "/cgi-bin/stable_token"
	normalPath  = "/cgi-bin/token"
	phonePath   = "/wxa/business/getuserphonenumber"
	checkPath   = "/wxa/checksession"
	resetPath   = "/wxa/resetusersessionkey"
	userKeyPath = "/wxa/business/getuserencryptkey"
)

func stable(t *testing.T, wx *wxtest.Server, force bool) answer {
	t.Helper()
	return send(t, wx, stablePath, nil, fmt.Sprintf(
		`{"grant_type":"client_credential","appid":%q,"secret":%q,"force_refresh":%v}`, wx.AppID, wx.Secret, force))
}

func normal(t *testing.T, wx *wxtest.Server) answer {
	t.Helper()
	return send(t, wx, normalPath, url.Values{
		"grant_type": {"client_credential"}, "appid": {wx.AppID}, "secret": {wx.Secret},
	}, "")
}

// errcode is the errcode that a call with this token gets.
func errcode(t *testing.T, wx *wxtest.Server, token string) int {
	t.Helper()
	return send(t, wx, checkPath, url.Values{"access_token": {token}}, "").errcode()
}

// accepted is what errcode gives for a token that is good.
const accepted = 40003

func TestTokenCredentials(t *testing.T) {
	wx := newServer(t)
	good := url.Values{"grant_type": {"client_credential"}, "appid": {wx.AppID}, "secret": {wx.Secret}}
	for _, test := range []struct {
		name, value string
		want        int
	}{
		{"appid", "", 41002}, {"appid", "wx1", 40013}, {"grant_type", "", 40002},
		{"secret", "", 41004}, {"secret", "x", 40125},
	} {
		q := url.Values{}
		in := map[string]string{}
		for k := range good {
			q.Set(k, good.Get(k))
			in[k] = good.Get(k)
		}
		q.Set(test.name, test.value)
		in[test.name] = test.value
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []answer{send(t, wx, normalPath, q, ""), send(t, wx, stablePath, nil, string(body))} {
			if a.errcode() != test.want {
				t.Errorf("%s %q: %s", test.name, test.value, a.body)
			}
		}
	}
	// An unknown appid is found before a missing grant_type.
	if a := send(t, wx, normalPath, url.Values{"appid": {"wx1"}}, ""); a.errcode() != 40013 {
		t.Error(a.body)
	}
}

func TestStableToken(t *testing.T) {
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return time.Unix(1700000000, 0) }})
	first := stable(t, wx, false)
	wx.Advance(tokenLife - 301*time.Second)
	second := stable(t, wx, false)
	if second.text("access_token") != first.text("access_token") || first.json["expires_in"] != 7200.0 || second.json["expires_in"] != 301.0 {
		t.Errorf("%s\n%s", first.body, second.body)
	}
	wx.Advance(time.Second)
	third := stable(t, wx, false)
	if third.text("access_token") == first.text("access_token") || third.json["expires_in"] != 7200.0 {
		t.Error("in its last five minutes the token was not renewed")
	}
	wx.Advance(299 * time.Second)
	if errcode(t, wx, first.text("access_token")) != accepted || errcode(t, wx, third.text("access_token")) != accepted {
		t.Error("old and new do not both work during the change")
	}
	wx.Advance(time.Second)
	if got := errcode(t, wx, first.text("access_token")); got != 40001 {
		t.Errorf("the old token after the change: %d", got)
	}
	wx.Advance(tokenLife)
	if got := errcode(t, wx, third.text("access_token")); got != 42001 {
		t.Errorf("an expired token: %d", got)
	}
}

const tokenLife = 2 * time.Hour

func TestForcedRefresh(t *testing.T) {
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return time.Unix(1700000000, 0) }})
	leaked := stable(t, wx, false).text("access_token")
	first := stable(t, wx, true).text("access_token")
	if first == leaked || errcode(t, wx, leaked) != accepted {
		t.Error("one force gives another token and leaves the old one for a while")
	}
	if wx.Advance(29 * time.Second); stable(t, wx, true).text("access_token") != first {
		t.Error("a force within 30 s refreshed")
	}
	if wx.Advance(time.Second); stable(t, wx, true).text("access_token") == first {
		t.Error("a force after 30 s did not refresh")
	}
	if got := errcode(t, wx, leaked); got != 40001 {
		t.Errorf("the leaked token after two forces: %d", got)
	}
	for range 18 {
		wx.Advance(30 * time.Second)
		stable(t, wx, true)
	}
	wx.Advance(30 * time.Second)
	if a := stable(t, wx, true); a.errcode() != 45009 {
		t.Errorf("the 21st force of a day: %s", a.body)
	}
	if wx.Advance(24 * time.Hour); stable(t, wx, true).errcode() != -999 {
		t.Error("no force the day after")
	}
}

func TestNormalToken(t *testing.T) {
	wx := newServer(t)
	separate := stable(t, wx, false).text("access_token")
	first, second := normal(t, wx).text("access_token"), normal(t, wx).text("access_token")
	if first == second || errcode(t, wx, first) != accepted || errcode(t, wx, second) != accepted {
		t.Error("old and new do not both work during the change")
	}
	wx.Advance(5 * time.Minute)
	if errcode(t, wx, first) != 40001 || errcode(t, wx, second) != accepted {
		t.Error("the old token outlived the change")
	}
	if errcode(t, wx, separate) != accepted || stable(t, wx, false).text("access_token") != separate {
		t.Error("the stable token was displaced")
	}
	wx.RevokeTokens()
	if errcode(t, wx, second) != 40001 || errcode(t, wx, separate) != 40001 {
		t.Error("revoked tokens work")
	}
}

func TestWhitelist(t *testing.T) {
	for _, test := range []struct {
		list string
		want int
	}{{"127.0.0.1", -999}, {"127.0.0.0/8", -999}, {"192.0.2.7", 40164}, {"nonsense", 40164}} {
		wx := newServer(t, wxtest.Options{Whitelist: []string{test.list}})
		a := normal(t, wx)
		if a.errcode() != test.want {
			t.Errorf("%s: %s", test.list, a.body)
		}
		if text := "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "; test.want == 40164 && !strings.HasPrefix(a.text("errmsg"), text) {
			t.Error(a.body)
		}
	}
}
