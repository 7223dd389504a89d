package wxtest_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

func loginQuery(a *wxtest.App, code string) url.Values {
	return url.Values{"appid": {a.AppID}, "secret": {a.Secret}, "js_code": {code}, "grant_type": {"authorization_code"}}
}

func login(t *testing.T, wx *wxtest.Server, code string) answer {
	t.Helper()
	return send(t, wx, loginPath, loginQuery(wx.App, code), "")
}

func TestLoginOnTheWire(t *testing.T) {
	for _, unions := range []bool{false, true} {
		wx := newServer(t, wxtest.Options{UnionIDs: unions})
		shape := `^\{"session_key":"([0-9A-Za-z+]|\\/){22}==","openid":"o[0-9A-Za-z_-]{27}"\}$`
		if unions {
			shape = strings.Replace(shape, `\}$`, `,"unionid":"o[0-9A-Za-z_-]{27}"\}$`, 1)
		}
		slash := false
		for range 200 {
			a := login(t, wx, wx.Code(wx.OpenID("alice")))
			if !regexp.MustCompile(shape).MatchString(a.body) || a.status != 200 || a.header.Get("Content-Type") != "text/plain" {
				t.Fatalf("%d %s %s", a.status, a.header.Get("Content-Type"), a.body)
			}
			slash = slash || strings.Contains(a.body, `\/`)
			wx.RotateSessionKey(wx.OpenID("alice"))
		}
		if !slash {
			t.Error("in 200 session_keys no slash was escaped")
		}
	}
}

func TestLoginErrorsOnTheWire(t *testing.T) {
	now := time.Unix(0x6aac005a, 0)
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return now }})
	for errcode, text := range map[int]string{
		-1:    `system error, rid: R`,
		40029: `invalid code, rid: R`,
		40163: `code been used, rid: R`,
		40226: `code blocked, rid: R`,
		45011: `api minute-quota reach limit, must slower, retry next minute, rid: R`,
		40013: `invalid appid, rid: R`,
		40125: `invalid appsecret, rid: R`,
		41002: `appid missing, rid: R`,
		41004: `appsecret missing, rid: R`,
		41008: `missing code, rid: R`,
		40002: `invalid grant_type, rid: R`,
		45009: `reach max api daily quota limit, could get access_token by getStableAccessToken, more details at https:\/\/mmbizurl.cn\/s\/JtxxFh33r rid: R`,
	} {
		wx.Fail(loginPath, wxtest.Fault{ErrCode: errcode}, 1)
		a := login(t, wx, wx.Code("o1"))
		want := strings.ReplaceAll(regexp.QuoteMeta(text), "rid: R", "rid: 6aac005a-[0-9a-f]{8}-[0-9a-f]{8}")
		if a.errcode() != errcode || a.status != 200 || a.header.Get("Content-Type") != "text/plain" ||
			!regexp.MustCompile(`^\{"errcode":-?\d+,"errmsg":"`+want+`"\}$`).MatchString(a.body) {
			t.Errorf("%d: %s", errcode, a.body)
		}
	}
}

func TestLoginChecksInWeChatsOrder(t *testing.T) {
	wx := newServer(t)
	query := func() url.Values { return loginQuery(wx.App, wx.Code("o1")) }
	for _, test := range []struct {
		name  string
		query url.Values
		want  int
	}{
		{"nothing given", nil, 41002},
		{"only an appid", url.Values{"appid": {wx.AppID}}, 41004},
		{"no code", without(query(), "js_code"), 41008},
		{"placeholders", url.Values{"appid": {"APPID"}, "secret": {"SECRET"}, "js_code": {"JSCODE"}, "grant_type": {"x"}}, 40013},
		{"no grant type", without(query(), "grant_type"), 40002},
		{"wrong secret, good code", with(query(), "secret", "x"), 40125},
		{"wrong secret, bad code", with(with(query(), "secret", "x"), "js_code", "x"), 40029},
		{"the mock code", with(query(), "js_code", wxtest.MockCode), 40029},
		{"a phone code", with(query(), "js_code", wx.PhoneCode("o1", "1")), 40029},
		{"further parameters", with(query(), "access_token", "x"), -999},
	} {
		if a := send(t, wx, loginPath, test.query, ""); a.errcode() != test.want {
			t.Errorf("%s: %s", test.name, a.body)
		}
	}
	if a := send(t, wx, loginPath, nil, query().Encode()); a.errcode() != 41002 {
		t.Errorf("a form: %s", a.body)
	}
}

func TestSecretFirst(t *testing.T) {
	wx := newServer(t, wxtest.Options{SecretFirst: true})
	if a := send(t, wx, loginPath, with(loginQuery(wx.App, "x"), "secret", "x"), ""); a.errcode() != 40125 {
		t.Error(a.body)
	}
}

func TestFailuresConsume(t *testing.T) {
	for _, consume := range []bool{false, true} {
		wx := newServer(t, wxtest.Options{FailuresConsume: consume})
		code := wx.Code("o1")
		send(t, wx, loginPath, with(loginQuery(wx.App, code), "secret", "x"), "")
		want := -999
		if consume {
			want = 40163
		}
		if a := login(t, wx, code); a.errcode() != want {
			t.Errorf("consume %v: %s", consume, a.body)
		}
	}
}
