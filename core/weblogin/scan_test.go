package weblogin_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

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

	wantLoggedIn(t, w, b)
	if got = must[wxtest.Scanned](t)(phone.Confirm(t.Context())); got.State != "confirmed" {
		t.Errorf("confirming again, as after a lost reply: %+v", got)
	}
	w.do(t.Context(), "POST", "/wx/logout?all=1", "", "Authorization", "Bearer "+phone.Token)
	if who := b.loggedIn(t); who != "" {
		t.Errorf("after a log-out everywhere %s is still logged in", who)
	}
}

// wantLoggedIn makes the last poll, and some that come too late.
func wantLoggedIn(t *testing.T, w *world, b *browser) {
	t.Helper()
	a := b.poll(t.Context(), "?state=scanned&wait=25")
	wantState(t, a, "confirmed", true)
	c := a.cookie("__Host-wx")
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
	sum := sha256.Sum256([]byte(b.jar["__Host-wx-scan"]))
	if !strings.Contains(string(raw), base64.StdEncoding.EncodeToString(sum[:16])) || strings.Contains(string(raw), b.jar["__Host-wx-scan"][:8]) || len(raw) > 512 {
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

// TestTheSecretGoesWhenTheSessionComes: it is of no more use, and a cookie less to
// carry. Before that, and for one who is denied, it stays: the page asks again.
func TestTheSecretGoesWhenTheSessionComes(t *testing.T) {
	w := newWorld(t, nil)
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	for _, end := range []string{"deny", "confirm"} {
		b.begin(t)
		for _, step := range []string{"scan", end} {
			if c := b.poll(t.Context(), "").cookie("__Host-wx-scan"); c != nil {
				t.Errorf("before %s, %s: the secret's cookie is set to %v", end, step, c)
			}
			w.act(t.Context(), phone.Token, b.id, step).want(t, step, 200, "")
		}
		a := b.poll(t.Context(), "")
		c := a.cookie("__Host-wx-scan")
		if end == "deny" {
			wantState(t, a, "denied", false)
			if c != nil {
				t.Errorf("to one who was denied %v is sent", c)
			}
			continue
		}
		wantState(t, a, "confirmed", true)
		if c == nil || c.MaxAge >= 0 || c.Value != "" || c.Path != "/" || !c.Secure || !c.HttpOnly {
			t.Errorf("with the session %v is sent", c)
		}
	}
	names := map[string]int{}
	for _, c := range (&http.Response{Header: w.confirmed(t, phone.Token).poll(t.Context(), "").header}).Cookies() {
		names[c.Name]++
	}
	if len(names) != 2 || names["__Host-wx"] != 1 || names["__Host-wx-scan"] != 1 {
		t.Errorf("cookies are set so often: %v", names)
	}
}

// TestALoginDiesWithTheSessionThatConfirmedIt: who has stolen a session must not
// have another one in store for the moment at which it is ended.
func TestALoginDiesWithTheSessionThatConfirmedIt(t *testing.T) {
	for name, end := range map[string]func(w *world, owner, stolen *core.Session) error{
		"by its id": func(w *world, _, s *core.Session) error {
			return w.wx.Revoke(t.Context(), s.AppID, s.OpenID, s.ID)
		},
		"as one of the others": func(w *world, owner, _ *core.Session) error { return w.wx.LogoutOthers(t.Context(), owner) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			owner, thief, b := w.phone(t, w.site, "o-alice"), w.phone(t, w.site, "o-alice"), w.newBrowser()
			b.begin(t)
			must[wxtest.Scanned](t)(thief.Scan(t.Context(), b.image(t)))
			must[wxtest.Scanned](t)(thief.Confirm(t.Context()))
			session := must[*core.Session](t)
			if err := end(w, session(w.wx.Authenticate(t.Context(), owner.Token)), session(w.wx.Authenticate(t.Context(), thief.Token))); err != nil {
				t.Fatal(err)
			}
			wantState(t, b.poll(t.Context(), ""), "denied", false)
		})
	}
}

// TestAnotherWebsiteBeginsNoLogin: the page of the browser's own would find its
// login gone, and the address no other to begin.
func TestAnotherWebsiteBeginsNoLogin(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.TrustedOrigins = []string{"https://www.example.com"} })
	b := w.newBrowser()
	b.begin(t)
	b.header = []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}
	for range 100 {
		b.send(t.Context(), "POST", "/wx/scan").want(t, "another website", 403, "cross_origin")
	}
	b.header = nil
	wantState(t, b.poll(t.Context(), ""), "pending", false)
	b.header = []string{"Sec-Fetch-Site", "same-site", "Origin", "https://www.example.com"}
	b.begin(t)
}
