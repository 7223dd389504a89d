package weblogin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

// TestAUserScansAndIsLoggedIn goes the whole way, by the bytes of the image.
func TestAUserScansAndIsLoggedIn(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error { d.SetAttr("uid", d.OpenID+"/"+d.Device()); return nil }
	})
	phone := w.phone(t, w.site, "o-alice")
	b := w.newBrowser("User-Agent", chrome)
	a := b.send(t.Context(), "POST", "/wx/scan")
	b.id = a.member("id")
	if want := fmt.Sprintf(`{"id":%q,"expires_in":180,"image":"/wx/scan/%s/code"}`, b.id, b.id); a.status != 200 || string(a.body) != want || len(b.id) != 22 {
		t.Fatalf("%d %s, want %s", a.status, a.body, want)
	}
	c := a.cookie("__Host-wx-scan")
	if c == nil || !c.HttpOnly || !c.Secure || c.Path != "/" || c.MaxAge != 180 || c.SameSite != http.SameSiteLaxMode || len(c.Value) != 43 || a.cookie("__Host-wx") != nil {
		t.Fatalf("the cookies are %q", a.header["Set-Cookie"])
	}
	wantState(t, b.poll(t.Context(), ""), "pending", false)
	began := w.clock.Now()
	w.clock.advance(time.Minute)

	img := b.image(t)
	l := must[wxtest.Launch](t)(wxtest.Scan(img))
	if l.Scene != b.id || l.Page != "pages/scan/scan" {
		t.Errorf("the code opens %v", l)
	}
	got := must[wxtest.Scanned](t)(phone.Scan(t.Context(), img))
	if want := (wxtest.Scanned{State: "scanned", Browser: chrome, IP: "192.0.2.7", CreatedAt: began.Unix()}); got != want {
		t.Errorf("the user sees %+v, want %+v", got, want)
	}
	wantState(t, b.poll(t.Context(), "?state=pending&wait=25"), "scanned", false)
	if got = must[wxtest.Scanned](t)(phone.Confirm(t.Context())); got.State != "confirmed" {
		t.Errorf("confirming: %+v", got)
	}

	a = b.poll(t.Context(), "?state=scanned&wait=25")
	wantState(t, a, "confirmed", true)
	c = a.cookie("__Host-wx")
	if !c.HttpOnly || !c.Secure || c.Path != "/" || c.MaxAge != 30*24*3600 || strings.Contains(string(a.body), c.Value) {
		t.Errorf("the cookie is %v, the body %s", c, a.body)
	}
	s := must[*core.Session](t)(w.wx.Authenticate(t.Context(), c.Value))
	if s.OpenID != "o-alice" || s.Attr("uid") != "o-alice/"+chrome {
		t.Errorf("the session is of %s, with %q", s.OpenID, s.Attr("uid"))
	}
	list := must[[]core.SessionInfo](t)(w.wx.Sessions(t.Context(), "", "o-alice"))
	if len(list) != 2 || list[1].Device != chrome || list[1].ID != s.ID {
		t.Errorf("listed are %v", list)
	}
	for range 2 {
		b.poll(t.Context(), "").want(t, "a poll afterwards", 404, "not_found")
		b.send(t.Context(), "GET", "/wx/scan/"+b.id+"/code").want(t, "the code afterwards", 404, "not_found")
	}
	if got = must[wxtest.Scanned](t)(phone.Confirm(t.Context())); got.State != "confirmed" {
		t.Errorf("confirming again, as after a lost reply: %+v", got)
	}
	w.do(t.Context(), "POST", "/wx/logout?all=1", "", "Authorization", "Bearer "+phone.Token)
	if who := b.loggedIn(t); who != "" {
		t.Errorf("after a log-out everywhere %s is still logged in", who)
	}
}

func wantState(t testing.TB, a answer, state string, session bool) {
	t.Helper()
	if want := fmt.Sprintf(`{"state":%q}`, state); a.status != 200 || string(a.body) != want {
		t.Errorf("got %d %s, want %s", a.status, a.body, want)
	}
	if got := a.cookie("__Host-wx") != nil; got != session {
		t.Errorf("in state %s a session is set: %v", state, got)
	}
}

func TestDenyingEndsIt(t *testing.T) {
	w := newWorld(t, nil)
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	b.begin(t)
	must[wxtest.Scanned](t)(phone.Scan(t.Context(), b.image(t)))
	if got := must[wxtest.Scanned](t)(phone.Deny(t.Context())); got.State != "denied" {
		t.Errorf("denying: %+v", got)
	}
	for range 2 {
		wantState(t, b.poll(t.Context(), "?state=scanned&wait=30"), "denied", false)
	}
	w.clock.advance(181 * time.Second)
	b.poll(t.Context(), "").want(t, "later", 404, "not_found")
}

// TestTheTableOfMoves: every action in every state, by the user who has scanned
// and by another one.
func TestTheTableOfMoves(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: -1} })
	alice, bob := w.phone(t, w.site, "o-alice"), w.phone(t, w.site, "o-bob")
	for _, c := range []struct{ before, do, alice, bob string }{ // what each gets: a state, or conflict
		{"", "scan", "scanned", "scanned"},
		{"", "confirm", "conflict", "conflict"},
		{"", "deny", "conflict", "conflict"},
		{"scan", "scan", "scanned", "conflict"},
		{"scan", "confirm", "confirmed", "conflict"},
		{"scan", "deny", "denied", "conflict"},
		{"scan confirm", "scan", "confirmed", "conflict"},
		{"scan confirm", "confirm", "confirmed", "conflict"},
		{"scan confirm", "deny", "conflict", "conflict"},
		{"scan deny", "scan", "denied", "conflict"},
		{"scan deny", "confirm", "conflict", "conflict"},
		{"scan deny", "deny", "denied", "conflict"},
		{"scan confirm poll", "scan", "confirmed", "conflict"},
		{"scan confirm poll", "confirm", "confirmed", "conflict"},
		{"scan confirm poll", "deny", "conflict", "conflict"},
	} {
		for _, by := range []*wxtest.MiniProgram{alice, bob} {
			b := w.newBrowser()
			b.begin(t)
			for _, step := range strings.Fields(c.before) {
				if step == "poll" {
					b.poll(t.Context(), "")
					continue
				}
				w.act(t.Context(), alice.Token, b.id, step).want(t, step, 200, "")
			}
			want := map[*wxtest.MiniProgram]string{alice: c.alice, bob: c.bob}[by]
			a := w.act(t.Context(), by.Token, b.id, c.do)
			what := fmt.Sprintf("after %q %s, by alice: %v", c.before, c.do, by == alice)
			if want == "conflict" {
				a.want(t, what, 409, "conflict")
			} else if a.status != 200 || a.member("state") != want {
				t.Errorf("%s: %d %s, want %s", what, a.status, a.body, want)
			}
		}
		w.clock.advance(3 * time.Minute) // the address has its bound
	}
}

func TestAfter180SecondsThereIsNothingOnBothSides(t *testing.T) {
	w := newWorld(t, nil)
	phone := w.phone(t, w.site, "o-alice")
	for _, steps := range [][]string{{}, {"scan"}, {"scan", "confirm"}, {"scan", "deny"}} {
		b := w.newBrowser()
		b.begin(t)
		for _, step := range steps {
			w.act(t.Context(), phone.Token, b.id, step).want(t, step, 200, "")
		}
		w.clock.advance(180*time.Second - time.Millisecond)
		if a := b.send(t.Context(), "HEAD", "/wx/scan/"+b.id); a.status != 200 {
			t.Errorf("%q, just before the end: %d", steps, a.status)
		}
		w.clock.advance(time.Millisecond)
		b.poll(t.Context(), "").want(t, "a poll", 404, "not_found")
		b.send(t.Context(), "GET", "/wx/scan/"+b.id+"/code").want(t, "the code", 404, "not_found")
		for _, do := range []string{"scan", "confirm", "deny"} {
			w.act(t.Context(), phone.Token, b.id, do).want(t, do, 404, "not_found")
		}
		if b.loggedIn(t) != "" {
			t.Error("the browser is logged in")
		}
	}
}

// TestOtherBrowsersFindNothing: the id is no credential.
func TestOtherBrowsersFindNothing(t *testing.T) {
	w := newWorld(t, nil)
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	b.begin(t)
	other := w.newBrowser()
	other.begin(t)
	for _, step := range []string{"scan", "confirm"} {
		w.act(t.Context(), phone.Token, b.id, step).want(t, step, 200, "")
		for what, cookie := range map[string]string{
			"no cookie": "", "another browser": other.jar["__Host-wx-scan"], "junk": "x", "a session's token": phone.Token,
			"nearly": b.jar["__Host-wx-scan"][:42] + "_", "under another name": "",
		} {
			name := "__Host-wx-scan="
			if what == "under another name" {
				name, cookie = "wx-scan=", b.jar["__Host-wx-scan"]
			}
			for _, path := range []string{"", "?state=pending&wait=5", "/code"} {
				w.do(t.Context(), "GET", "/wx/scan/"+b.id+path, "", "Cookie", name+cookie).want(t, what+path, 404, "not_found")
			}
		}
	}
	if n := w.wechat.Calls(drawPath); n != 0 {
		t.Errorf("WeChat was asked for %d codes", n)
	}
	wantState(t, b.poll(t.Context(), ""), "confirmed", true)
}

func TestABrowsersSecretIsStoredHashed(t *testing.T) {
	w := newWorld(t, nil)
	b := w.newBrowser()
	b.begin(t)
	raw := must[[]byte](t)(w.wx.Values().Get(t.Context(), "scan:"+b.id))
	if strings.Contains(string(raw), b.jar["__Host-wx-scan"]) || len(raw) > 512 {
		t.Errorf("stored is %s", raw)
	}
	first := b.jar["__Host-wx-scan"]
	old := b.id
	b.begin(t)
	if b.jar["__Host-wx-scan"] == first || b.id == old {
		t.Error("the second login has the secret, or the id, of the first")
	}
	b.send(t.Context(), "GET", "/wx/scan/"+old).want(t, "the first login, from a second tab", 404, "not_found")
}

// TestWhatTheUserSeesIsWhatCanBeShown: text from outside, on a phone.
func TestWhatTheUserSeesIsWhatCanBeShown(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: -1} })
	phone := w.phone(t, w.site, "o-alice")
	for agent, want := range map[string][2]string{ // as the user sees it, as it is listed
		chrome:                              {chrome, chrome},
		"":                                  {"", "web"},
		strings.Repeat("x", 5000):           {strings.Repeat("x", 200), strings.Repeat("x", 128)},
		strings.Repeat("微", 201):            {strings.Repeat("微", 200), strings.Repeat("微", 42)},
		"a\u202ebc\u200bd\x07e\xff\x00f":    {"abcdef", "abcdef"},
		" \t ":                              {"", "web"},
		"<script>alert(1)</script>":         {"<script>alert(1)</script>", "<script>alert(1)</script>"},
		strings.Repeat("x", 127) + " 微":     {strings.Repeat("x", 127) + " 微", strings.Repeat("x", 127)},
		strings.Repeat("\u200b", 300) + "x": {"x", "x"},
	} {
		b := w.newBrowser("User-Agent", agent)
		b.begin(t)
		a := w.act(t.Context(), phone.Token, b.id, "scan")
		if a.member("browser") != want[0] {
			t.Errorf("%.20q is shown as %q, want %q", agent, a.member("browser"), want[0])
		}
		w.act(t.Context(), phone.Token, b.id, "confirm").want(t, "confirm", 200, "")
		wantState(t, b.poll(t.Context(), ""), "confirmed", true)
		list := must[[]core.SessionInfo](t)(w.wx.Sessions(t.Context(), "", "o-alice"))
		if last := list[len(list)-1].Device; last != want[1] || !utf8.ValidString(last) {
			t.Errorf("%.20q is listed as %q, want %q", agent, last, want[1])
		}
		w.clock.advance(time.Second)
	}
	for address, want := range map[string]string{
		"203.0.113.5:99": "203.0.113.5", "[2001:db8::1]:99": "2001:db8::1", "[::ffff:203.0.113.5]:99": "203.0.113.5",
		"[fe80::1%eth0]:99": "fe80::1", "@": "", "<b>": "",
	} {
		b := w.newBrowser("Test-Address", address, "X-Forwarded-For", "198.51.100.77")
		b.begin(t)
		a := w.act(t.Context(), phone.Token, b.id, "scan")
		if a.member("ip") != want || !strings.Contains(string(a.body), `"ip":`) {
			t.Errorf("from %s: %s", address, a.body)
		}
	}
}

func TestBadRequestsChangeNothing(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: -1} })
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	b.begin(t)
	for _, query := range []string{
		"?state=waiting", "?state=Pending", "?state=claimed", "?state=used", "?state=pending%00", "?state=" + strings.Repeat("a", 9000),
		"?wait=-1", "?wait=31", "?wait=1.5", "?wait=1e1", "?wait=", "?wait=+5", "?wait=%205", "?wait=0x10", "?wait=五",
		"?wait=99999999999999999999", "?wait=NaN", "?wait=%zz", "?state=pending;wait=1",
	} {
		b.poll(t.Context(), query).want(t, query, 400, "bad_request")
	}
	for _, body := range []string{
		"", "{", "[]", `"scan"`, `{"action":7}`, `{"action":null}`, `{}`, `{"action":""}`, `{"action":"SCAN"}`,
		`{"action":"scan "}`, `{"action":"claimed"}`, `{"action":"used"}`, "\x00",
	} {
		w.do(t.Context(), "POST", "/wx/scan/"+b.id, body, "Authorization", "Bearer "+phone.Token).want(t, body, 400, "bad_request")
	}
	w.do(t.Context(), "POST", "/wx/scan/"+b.id, strings.Repeat(" ", 65<<10), "Authorization", "Bearer "+phone.Token).want(t, "a long body", 413, "request_too_large")
	for _, id := range []string{
		"x", "unknown", strings.Repeat("A", 21), strings.Repeat("A", 23), strings.Repeat("A", 22), b.id[:21] + "_", b.id + "A",
		"..", "%2e%2e", "scan:1", "a b", "%00", "\u5fae", strings.Repeat("A", 4000), b.id[:21] + "\n",
	} {
		path := "/wx/scan/" + url.PathEscape(id)
		if id == ".." { // the mux has its own word on it
			continue
		}
		w.do(t.Context(), "POST", mustPath(t, path), `{"action":"scan"}`, "Authorization", "Bearer "+phone.Token).want(t, "POST "+path, 404, "not_found")
		b.send(t.Context(), "GET", mustPath(t, path)).want(t, "GET "+path, 404, "not_found")
		b.send(t.Context(), "GET", mustPath(t, path)+"/code").want(t, "GET "+path+"/code", 404, "not_found")
	}
	for what, header := range map[string][]string{
		"no session":   nil,
		"junk":         {"Authorization", "Bearer x"},
		"its cookie":   {"Cookie", "__Host-wx=" + phone.Token},
		"the secret":   {"Cookie", "__Host-wx-scan=" + b.jar["__Host-wx-scan"]},
		"a bare token": {"Authorization", phone.Token},
	} {
		w.do(t.Context(), "POST", "/wx/scan/"+b.id, `{"action":"scan"}`, header...).want(t, what, 401, "no_session")
	}
	w.do(t.Context(), "POST", "/wx/scan/"+b.id, `{"action":"scan"}`, "Authorization", "Bearer "+strings.Repeat("A", 43)).want(t, "an unknown token", 401, "invalid_session")
	wantState(t, b.poll(t.Context(), "?state=&wait=0"), "pending", false)
	if n := w.wechat.Calls(drawPath); n != 0 {
		t.Errorf("WeChat was asked for %d codes", n)
	}
}

func mustPath(t *testing.T, escaped string) string {
	t.Helper()
	return must[string](t)(url.PathUnescape(escaped))
}

func TestAnOutageIsNeverTheEndOfALogin(t *testing.T) {
	w := newWorld(t, nil)
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	b.begin(t)
	requests := func(what string, status int, code string) {
		t.Helper()
		w.newBrowser().send(t.Context(), "POST", "/wx/scan").want(t, what+", beginning", status, code)
		b.poll(t.Context(), "").want(t, what+", polling", status, code)
		b.poll(t.Context(), "?state=pending&wait=30").want(t, what+", waiting", status, code)
		b.send(t.Context(), "GET", "/wx/scan/"+b.id+"/code").want(t, what+", the code", status, code)
		w.act(t.Context(), phone.Token, b.id, "scan").want(t, what+", scanning", status, code)
	}
	for range 30 {
		w.store.down()
		requests("an outage", 503, "store_unavailable")
	}
	w.store.fail(nil)
	b.image(t)
	w.act(t.Context(), phone.Token, b.id, "scan").want(t, "afterwards", 200, "")
	w.act(t.Context(), phone.Token, b.id, "confirm").want(t, "afterwards", 200, "")
	w.store.down()
	b.poll(t.Context(), "").want(t, "the last poll", 503, "store_unavailable")
	w.store.fail(nil)
	wantState(t, b.poll(t.Context(), ""), "confirmed", true)
}

func TestARecordOfALaterVersionIsAnOutage(t *testing.T) {
	w := newWorld(t, nil)
	b := w.newBrowser()
	b.begin(t)
	v := w.wx.Values()
	raw := must[[]byte](t)(v.Get(t.Context(), "scan:"+b.id))
	for text, want := range map[string]int{`{"v":2,"state":"pending"}`: 503, `{"v":1}`: 404, "junk": 404} {
		if err := v.Swap(t.Context(), "scan:"+b.id, raw, []byte(text), time.Minute); err != nil {
			t.Fatal(err)
		}
		raw = []byte(text)
		if a := b.poll(t.Context(), ""); a.status != want {
			t.Errorf("%s: %d %s", text, a.status, a.body)
		}
	}
}
