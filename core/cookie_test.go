package core_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

func cookieWorld(t *testing.T) *world {
	return newWorld(t, func(c *core.Config) {
		c.Cookie, c.TrustedOrigins = "__Host-wx", []string{"https://h5.example.com"}
	})
}

// cookieOf returns the cookie that a reply sets; nil if there is none.
func cookieOf(t *testing.T, r core.Reply) *http.Cookie {
	t.Helper()
	text := headerOf(r, "Set-Cookie")
	if text == "" {
		return nil
	}
	c, err := http.ParseSetCookie(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func browser(token string, more ...string) []string {
	return append([]string{"Cookie", "other=1; __Host-wx=" + token + "; more=2", "Host", "api.example.com"}, more...)
}

func wantExpired(t *testing.T, what string, r core.Reply, want bool) {
	t.Helper()
	c := cookieOf(t, r)
	if want && (c == nil || c.Name != "__Host-wx" || c.Value != "" || c.MaxAge != -1 || c.Path != "/") || !want && c != nil {
		t.Errorf("%s: the reply sets %v", what, c)
	}
}

func TestACookieAuthenticatesWhereItIsConfigured(t *testing.T) {
	w, plain := cookieWorld(t), newWorld(t, nil)
	for _, w := range []*world{w, plain} {
		token, _ := w.login(t, "o-alice")
		r, body := send(t, w.Manager, "GET", "/wx/check", "", browser(token)...)
		if w == plain {
			if r.Status != 401 || body["error"] != "no_session" || cookieOf(t, r) != nil {
				t.Errorf("without Cookie: status %d, body %s", r.Status, r.Body)
			}
			continue
		}
		if r.Status != 200 {
			t.Errorf("status %d, body %s", r.Status, r.Body)
		}
		ctx, s, err := w.Require(t.Context(), core.Request{Method: "GET", Header: http.Header{"Cookie": {"__Host-wx=" + token}}})
		if err != nil || core.FromContext(ctx) != s || s.OpenID != "o-alice" {
			t.Errorf("Require: %v, %v", s, err)
		}
	}
}

func TestHeadersWinOverTheCookie(t *testing.T) {
	w := cookieWorld(t)
	token, _ := w.login(t, "o-alice")
	other := strings.Repeat("A", 43)
	for name, c := range map[string]struct {
		header []string
		want   int
	}{
		"Authorization over the cookie":   {browser(token, "Authorization", "Bearer "+other), 401},
		"X-WX-Session over the cookie":    {browser(token, "X-WX-Session", other), 401},
		"an empty Bearer over the cookie": {browser(token, "Authorization", "Bearer "), 401},
		"another scheme leaves it":        {browser(token, "Authorization", "Basic dTpw"), 200},
		"a good header, a dead cookie":    {browser(other, "Authorization", "Bearer "+token), 200},
	} {
		r, _ := send(t, w.Manager, "GET", "/wx/check", "", c.header...)
		if r.Status != c.want {
			t.Errorf("%s: status %d, body %s", name, r.Status, r.Body)
		}
		wantExpired(t, name, r, false)
	}
}

func TestUnsafeRequestsByTheCookieMustBeOfThisWebsite(t *testing.T) {
	w := cookieWorld(t)
	token, s := w.login(t, "o-alice")
	for name, c := range map[string]struct {
		header []string
		passes bool
	}{
		"same origin":               {[]string{"Sec-Fetch-Site", "same-origin"}, true},
		"typed by the user":         {[]string{"Sec-Fetch-Site", "none"}, true},
		"another site":              {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, false},
		"another host of the site":  {[]string{"Sec-Fetch-Site", "same-site", "Origin", "https://blog.example.com"}, false},
		"a trusted origin":          {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://h5.example.com"}, true},
		"a trusted one, other port": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://h5.example.com:8443"}, false},
		"a trusted one, in clear":   {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "http://h5.example.com"}, false},
		"an old browser, own":       {[]string{"Origin", "https://api.example.com"}, true},
		"an old browser, foreign":   {[]string{"Origin", "https://evil.example"}, false},
		"an opaque origin":          {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, false},
		"no browser at all":         {nil, true},
	} {
		w.store.counts()
		req := core.Request{Method: "POST", Host: "api.example.com", Header: headers(browser(token, c.header...))}
		_, _, err := w.Require(t.Context(), req)
		if c.passes && err != nil || !c.passes && core.CodeOf(err) != core.CodeCrossOrigin {
			t.Errorf("%s: %v", name, err)
		}
		if !c.passes && (!strings.Contains(err.Error(), "WX_TRUSTED_ORIGINS") || !strings.Contains(err.Error(), "let it pass Host on")) {
			t.Errorf("%s: the message does not say what to do: %v", name, err)
		}
		if gets, _, _ := w.store.counts(); !c.passes && gets != 0 {
			t.Errorf("%s: the store was asked", name)
		}
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			req.Method = method
			if _, _, err := w.Require(t.Context(), req); err != nil {
				t.Errorf("%s, %s: %v", name, method, err)
			}
		}
		req.Method, req.Header = "POST", headers(append(c.header, bearer(token)...))
		if _, _, err := w.Require(t.Context(), req); err != nil {
			t.Errorf("%s, by a header: %v", name, err)
		}
	}
	evil := browser(token, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	for _, c := range [][2]string{
		{"POST", "/wx/logout"}, {"POST", "/wx/logout?all=1"}, {"POST", "/wx/rotate"}, {"DELETE", "/wx/sessions/" + s.ID},
	} {
		r, body := send(t, w.Manager, c[0], c[1], "", evil...)
		if r.Status != 403 || body["error"] != "cross_origin" || cookieOf(t, r) != nil {
			t.Errorf("%s %s: status %d, body %s", c[0], c[1], r.Status, r.Body)
		}
	}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Errorf("the session did not survive: %v", err)
	}
}

func headers(pairs []string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestABrowserNeverSeesATokenInABody(t *testing.T) {
	w := cookieWorld(t)
	token, _ := w.login(t, "o-alice")
	w.clock.Advance(time.Hour)
	r, body := send(t, w.Manager, "POST", "/wx/rotate", "", browser(token)...)
	c := cookieOf(t, r)
	if r.Status != 200 || body["3rd_session"] != nil || body["expires_in"] == nil || body["lifetime"] == nil || c == nil {
		t.Fatalf("status %d, body %s, cookie %v", r.Status, r.Body, c)
	}
	if c.Name != "__Host-wx" || c.Path != "/" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Domain != "" || c.MaxAge != 30*24*3600-3600 {
		t.Errorf("the cookie is %v", c)
	}
	if c.Value == token || strings.Contains(string(r.Body), c.Value) {
		t.Error("the token is the old one, or in the body")
	}
	if _, err := w.Authenticate(t.Context(), c.Value); err != nil {
		t.Error(err)
	}
	insecure := newWorld(t, func(c *core.Config) { c.Cookie, c.CookieInsecure = "wx", true })
	token, _ = insecure.login(t, "o-alice")
	r, _ = send(t, insecure.Manager, "POST", "/wx/rotate", "", "Cookie", "wx="+token)
	if c := cookieOf(t, r); c == nil || c.Secure || c.Name != "wx" {
		t.Errorf("for localhost: %v", c)
	}
}

func TestTheCookieGoesWithItsSession(t *testing.T) {
	w := cookieWorld(t)
	for _, path := range []string{"/wx/logout", "/wx/logout?all=1"} {
		token, _ := w.login(t, "o-alice")
		r, _ := send(t, w.Manager, "POST", path, "", browser(token)...)
		if r.Status != 204 {
			t.Errorf("%s: status %d", path, r.Status)
		}
		wantExpired(t, path, r, true)
		for _, c := range [][2]string{{"GET", "/wx/check"}, {"GET", "/wx/sessions"}, {"POST", "/wx/rotate"}} {
			r, _ := send(t, w.Manager, c[0], c[1], "", browser(token)...)
			if r.Status != 401 {
				t.Errorf("%s %s: status %d", c[0], c[1], r.Status)
			}
			wantExpired(t, c[0]+" "+c[1], r, true)
		}
		r, _ = send(t, w.Manager, "GET", "/wx/check", "", bearer(token)...)
		wantExpired(t, "a dead token in a header", r, false)
	}
	r, _ := send(t, w.Manager, "GET", "/wx/check", "", browser("junk")...)
	wantExpired(t, "junk", r, true)
	_, _, err := w.Require(t.Context(), core.Request{Method: "GET", Header: headers(browser(strings.Repeat("A", 43)))})
	r = w.Refuse(t.Context(), core.Request{Header: headers(browser("x"))}, err)
	wantExpired(t, "a middleware", r, true)
	r = w.Refuse(t.Context(), core.Request{Header: headers(browser("x"))}, core.NewError(401, core.CodeInvalidTicket, "used"))
	wantExpired(t, "another 401", r, false)

	token, _ := w.login(t, "o-alice")
	w.wx.Fail(checkSession, wxtest.Fault{ErrCode: 87009}, wxtest.Always)
	_, _, err = w.RequireSessionKey(t.Context(), core.Request{Method: "GET", Header: headers(browser(token))}, time.Minute)
	wantCode(t, err, core.CodeSessionKeyExpired)
	r = w.Refuse(t.Context(), core.Request{Header: headers(browser(token))}, err)
	wantExpired(t, "a dead session_key", r, false)
	w.store.breakDown(http.ErrServerClosed)
	r, _ = send(t, w.Manager, "GET", "/wx/check", "", browser(token)...)
	if r.Status != 503 {
		t.Errorf("an outage: status %d", r.Status)
	}
	wantExpired(t, "an outage", r, false)
}

func TestCookiesAreReadAsBrowsersWriteThem(t *testing.T) {
	w := cookieWorld(t)
	for header, want := range map[string]string{
		"": "", "__Host-wx=a": "a", "x=1; __Host-wx=a": "a", "__Host-wx=a;x=1": "a", `__Host-wx="a"`: "a",
		"__Host-wx-scan=b": "", "x__Host-wx=b": "", "__Host-wx": "", "__Host-wx=a; __Host-wx=b": "a", ";;; = ;__Host-wx=a=b": "a=b",
	} {
		if got := w.CookieValue(core.Request{Header: mapHeader{"Cookie": header}}, ""); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	if got := w.CookieValue(core.Request{Header: mapHeader{"Cookie": "__Host-wx=a; __Host-wx-scan=b"}}, "-scan"); got != "b" {
		t.Errorf("with a suffix: %q", got)
	}
	plain := newWorld(t, nil)
	if plain.CookieName() != "" || plain.CookieValue(core.Request{Header: mapHeader{"Cookie": "=x"}}, "") != "" || w.CookieName() != "__Host-wx" {
		t.Error("cookies without a name")
	}
}

// TestASpaceIsNoPartOfTheNameOfACookie: a browser takes "\u2000__Host-wx" for a
// name without the prefix, and lets a page of a sibling host set it for this one.
func TestASpaceIsNoPartOfTheNameOfACookie(t *testing.T) {
	w := cookieWorld(t)
	token, _ := w.login(t, "o-alice")
	planted, _ := w.login(t, "o-mallory")
	for _, space := range []string{"\u00a0", "\u0085", "\u2000", "\u3000", "\v", "\f"} {
		s, err := w.AuthenticateRequest(t.Context(), core.Request{Method: "GET", Header: http.Header{
			"Cookie": {space + "__Host-wx=" + planted + "; \t__Host-wx=" + token},
		}})
		if err != nil || s.OpenID != "o-alice" {
			t.Errorf("%q: %v, %v", space, s, err)
		}
	}
}
