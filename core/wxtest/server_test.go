package wxtest_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

const loginPath = "/sns/jscode2session"

func newServer(t *testing.T, opts ...wxtest.Options) *wxtest.Server {
	t.Helper()
	wx := wxtest.NewServer(opts...)
	t.Cleanup(wx.Close)
	return wx
}

// answer is a reply as it came over the wire.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

// errcode is -999 where there is none.
func (a answer) errcode() int {
	if n, ok := a.json["errcode"].(float64); ok {
		return int(n)
	}
	return -999
}

func (a answer) text(name string) string {
	s, _ := a.json[name].(string)
	return s
}

// send makes a request; a body makes it a POST.
func send(t *testing.T, wx *wxtest.Server, path string, query url.Values, body string) answer {
	t.Helper()
	a, err := try(wx, path, query, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func try(wx *wxtest.Server, path string, query url.Values, body string) (answer, error) {
	target := wx.URL + path + "?" + query.Encode()
	resp, err := func() (*http.Response, error) {
		if body == "" {
			return http.Get(target)
		}
		return http.Post(target, "application/json", strings.NewReader(body))
	}()
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(b)}
	json.Unmarshal(b, &a.json)
	return a, err
}

func loginQuery(a *wxtest.App, code string) url.Values {
	return url.Values{"appid": {a.AppID}, "secret": {a.Secret}, "js_code": {code}, "grant_type": {"authorization_code"}}
}

func login(t *testing.T, wx *wxtest.Server, code string) answer {
	t.Helper()
	return send(t, wx, loginPath, loginQuery(wx.App, code), "")
}

func without(q url.Values, name string) url.Values {
	q.Del(name)
	return q
}

func with(q url.Values, name, value string) url.Values {
	q.Set(name, value)
	return q
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

const ridShape = `[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}`

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

func TestCodes(t *testing.T) {
	wx := newServer(t)
	code := wx.Code("o1")
	if !regexp.MustCompile(`^0[0-9]{2}[0-9A-Za-z]{29}$`).MatchString(code) || code[3:7] != code[27:31] {
		t.Errorf("code %q", code)
	}
	if code == wx.Code("o1") {
		t.Error("the same code twice")
	}
	if a := login(t, wx, code); a.text("openid") != "o1" {
		t.Error(a.body)
	}
	if a := login(t, wx, code); a.errcode() != 40163 {
		t.Errorf("a second time: %s", a.body)
	}
	late, later := wx.Code("o1"), wx.Code("o1")
	wx.Advance(5*time.Minute - time.Second)
	if a := login(t, wx, late); a.errcode() != -999 {
		t.Errorf("after 299 s: %s", a.body)
	}
	wx.Advance(time.Second)
	if a := login(t, wx, later); a.errcode() != 40029 {
		t.Errorf("after 300 s: %s", a.body)
	}
	wx.Block("o2")
	if a := login(t, wx, wx.Code("o2")); a.errcode() != 40226 {
		t.Errorf("a blocked user: %s", a.body)
	}
}

// A server that runs for long forgets old codes, and no others.
func TestOldCodesAreForgotten(t *testing.T) {
	wx := newServer(t)
	old := wx.Code("o1")
	login(t, wx, old)
	wx.Advance(24 * time.Hour)
	recent := wx.Code("o1")
	login(t, wx, recent)
	for range 5000 {
		wx.Code("o1")
	}
	if a := login(t, wx, old); a.errcode() != 40029 {
		t.Errorf("the old one: %s", a.body)
	}
	if a := login(t, wx, recent); a.errcode() != 40163 {
		t.Errorf("the recent one: %s", a.body)
	}
}

func TestAppsDoNotMix(t *testing.T) {
	wx := newServer(t, wxtest.Options{AppID: "wx1", Secret: "s1", UnionIDs: true})
	other := wx.AddApp("wx2", "s2")
	if a := send(t, wx, loginPath, loginQuery(other, wx.Code("o1")), ""); a.errcode() != 40029 {
		t.Errorf("a code of another app: %s", a.body)
	}
	mine := login(t, wx, wx.Code(wx.OpenID("alice")))
	theirs := send(t, wx, loginPath, loginQuery(other, wx.CodeFor("wx2", other.OpenID("alice"))), "")
	if mine.text("openid") == theirs.text("openid") || mine.text("session_key") == theirs.text("session_key") {
		t.Error("one openid or session_key in two apps")
	}
	if mine.text("unionid") == "" || mine.text("unionid") != theirs.text("unionid") {
		t.Error("two unionids of one user")
	}
	if wx.AddApp("wx2", "changed") != other {
		t.Error("an app was forgotten")
	}
	if a := send(t, wx, loginPath, loginQuery(&wxtest.App{AppID: "wx2", Secret: "s2"}, other.Code("o1")), ""); a.errcode() != 40125 {
		t.Errorf("the old secret: %s", a.body)
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

// The handler can be served by somebody else, who may not allow to hijack.
func TestServeHTTPElsewhere(t *testing.T) {
	wx := newServer(t)
	rec := httptest.NewRecorder()
	wx.ServeHTTP(rec, httptest.NewRequest("GET", loginPath, nil))
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), "41002") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("a reset did not abort the handler")
		}
	}()
	wx.Fail("", wxtest.Fault{Reset: true}, 1)
	wx.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", loginPath, nil))
}

func TestUnknownPath(t *testing.T) {
	wx := newServer(t)
	if a := send(t, wx, "/sns/nothing", nil, ""); a.errcode() != 40066 || a.status != 200 {
		t.Error(a.body)
	}
	if wx.Calls("") != 1 || wx.Calls("/sns/nothing") != 0 {
		t.Error("wrong counts")
	}
}

func TestRequestLog(t *testing.T) {
	now := time.Unix(1700000000, 0)
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return now }})
	wx.Advance(time.Hour)
	login(t, wx, "unknown")
	send(t, wx, "/cgi-bin/stable_token", nil, "{}")
	got := wx.Requests()
	want := wxtest.Request{Time: now.Add(time.Hour), Method: "GET", Path: loginPath, AppID: wx.AppID, ErrCode: 40029}
	if len(got) != 2 || got[0] != want || got[1].Method != "POST" || got[1].ErrCode != 41002 {
		t.Errorf("%+v", got)
	}
	for range 2500 {
		wx.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", loginPath, nil))
	}
	if got := wx.Requests(); len(got) != 1000 || wx.Calls(loginPath) != 2501 {
		t.Errorf("%d lines, %d calls", len(got), wx.Calls(loginPath))
	}
}
