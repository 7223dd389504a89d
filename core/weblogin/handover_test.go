package weblogin_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

func (s *site) ticket(t testing.TB, m *wxtest.MiniProgram, body string) answer {
	t.Helper()
	return s.do(t.Context(), "POST", "/wx/ticket", body, "Authorization", "Bearer "+m.Token)
}

func TestAHandOverGivesThePageASessionOfItsOwn(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error { d.SetAttr("uid", "42"); return nil }
	})
	phone := w.phone(t, w.site, "o-alice")
	a := w.ticket(t, phone, `{"to":"/h5/order?id=7&x=a b#/t"}`)
	a.want(t, "a ticket", 200, "")
	ticket, target := a.member("ticket"), a.member("url")
	if want := "/wx/enter?ticket=" + ticket + "&to=%2Fh5%2Forder%3Fid%3D7%26x%3Da%20b%23%2Ft"; target != want || len(ticket) != 43 || !strings.Contains(string(a.body), `"expires_in":60`) {
		t.Fatalf("got %s, want the URL %s", a.body, want)
	}
	w.clock.advance(59 * time.Second)
	b := w.newBrowser()
	a = b.send(t.Context(), "GET", target)
	if a.status != 303 || a.header.Get("Location") != "/h5/order?id=7&x=a%20b#/t" || len(a.body) != 0 {
		t.Errorf("entering: %d to %q, body %s", a.status, a.header.Get("Location"), a.body)
	}
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	c := a.cookie("__Host-wx")
	if c == nil || !c.HttpOnly || !c.Secure || c.Path != "/" || c.MaxAge != 30*24*3600-59 {
		t.Fatalf("the cookie is %v", c)
	}
	s := must[*core.Session](t)(w.wx.Authenticate(t.Context(), c.Value))
	if s.OpenID != "o-alice" || s.Attr("uid") != "42" {
		t.Errorf("the session is of %s, with %q", s.OpenID, s.Attr("uid"))
	}
	list := must[[]core.SessionInfo](t)(w.wx.Sessions(t.Context(), "", "o-alice"))
	if len(list) != 2 || list[1].Device != "web" || list[1].ID != s.ID {
		t.Errorf("listed are %v", list)
	}
	b.send(t.Context(), "GET", target).want(t, "the same ticket", 401, "invalid_ticket")
	w.do(t.Context(), "POST", "/wx/logout?all=1", "", "Authorization", "Bearer "+phone.Token)
	if who := b.loggedIn(t); who != "" {
		t.Errorf("%s is still logged in", who)
	}
}

func TestAHandOverWithoutATargetLeadsToTheRoot(t *testing.T) {
	w := newWorld(t, nil)
	phone := w.phone(t, w.site, "o-alice")
	for _, body := range []string{"", "{}", `{"to":null}`, `{"to":"/"}`} {
		a := w.ticket(t, phone, body)
		if want := "/wx/enter?ticket=" + a.member("ticket") + "&to=%2F"; a.member("url") != want {
			t.Errorf("%s: %s", body, a.body)
		}
		a = w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+a.member("ticket"))
		if a.status != 303 || a.header.Get("Location") != "/" {
			t.Errorf("%s: %d to %q", body, a.status, a.header.Get("Location"))
		}
	}
}

// TestTheURLIsUnderThePrefix: and under the group that the routes are mounted in.
func TestTheURLIsUnderThePrefix(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.Prefix = "/my~auth" })
	token, s, err := w.wx.Login(t.Context(), core.LoginRequest{Code: w.wechat.Code("o-alice")})
	if err != nil || s == nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/my~auth/ticket":          "/my~auth/enter?",
		"/shop 1/my~auth/ticket":   "/shop%201/my~auth/enter?",
		"//evil.example/ticket":    "/my~auth/enter?",
		"/my~auth/ticket/":         "/my~auth/enter?",
		"":                         "/my~auth/enter?",
		"evil.example/auth/ticket": "/my~auth/enter?",
	} {
		for _, route := range w.login.Routes() {
			if route.Path != "/my~auth/ticket" {
				continue
			}
			r := route.Serve(t.Context(), core.Request{Method: "POST", Path: path, Header: bearer(token)})
			if got := (answer{body: r.Body}).member("url"); !strings.HasPrefix(got, want) {
				t.Errorf("asked at %q: %s", path, r.Body)
			}
		}
	}
}

type headers map[string]string

func (h headers) Get(name string) string { return h[name] }

func bearer(token string) headers { return headers{"Authorization": "Bearer " + token} }

func TestATicketIsAskedForByAHeaderOnly(t *testing.T) {
	w := newWorld(t, nil)
	phone := w.phone(t, w.site, "o-alice")
	for what, header := range map[string][]string{
		"a cookie":          {"Cookie", "__Host-wx=" + phone.Token},
		"a cookie, at home": {"Cookie", "__Host-wx=" + phone.Token, "Sec-Fetch-Site", "same-origin"},
		"a foreign page":    {"Cookie", "__Host-wx=" + phone.Token, "Sec-Fetch-Site", "cross-site"},
		"nothing":           nil,
	} {
		w.do(t.Context(), "POST", "/wx/ticket", "", header...).want(t, what, 401, "no_session")
		w.do(t.Context(), "POST", "/wx/scan/"+strings.Repeat("A", 22), `{"action":"scan"}`, header...).want(t, "scanning by "+what, 401, "no_session")
	}
	w.do(t.Context(), "POST", "/wx/ticket", "", "X-WX-Session", phone.Token, "Cookie", "__Host-wx=junk").want(t, "a header beside a cookie", 200, "")
}

func TestHEADUsesNoTicketUp(t *testing.T) {
	w := newWorld(t, nil)
	ticket := w.ticket(t, w.phone(t, w.site, "o-alice"), "").member("ticket")
	w.store.fail(nil)
	for _, target := range []string{ticket, "junk", ""} {
		a := w.newBrowser().send(t.Context(), "HEAD", "/wx/enter?ticket="+target)
		if a.status != 204 || a.header.Get("Set-Cookie") != "" || a.header.Get("Location") != "" || a.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("HEAD: %d, %v", a.status, a.header)
		}
	}
	if a := w.newBrowser().send(t.Context(), "HEAD", "/wx/enter?to=//evil.example"); a.status != 400 {
		t.Errorf("HEAD of a hostile target: %d", a.status)
	}
	if n := w.store.count(); n != 0 {
		t.Errorf("HEAD asks the store %d times", n)
	}
	if a := w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket); a.status != 303 {
		t.Errorf("GET: %d %s", a.status, a.body)
	}
}

func TestTicketsThatAreNoneLeaveTheBrowserItsCookie(t *testing.T) {
	w := newWorld(t, nil)
	b := w.newBrowser()
	b.send(t.Context(), "GET", w.ticket(t, w.phone(t, w.site, "o-alice"), "").member("url"))
	late := w.ticket(t, w.phone(t, w.site, "o-alice"), "").member("ticket")
	w.clock.advance(time.Minute)
	for what, ticket := range map[string]string{
		"none": "", "junk": "x", "unknown": strings.Repeat("A", 43), "a token": b.jar["__Host-wx"], "expired": late,
		"hostile": url.QueryEscape("\x00\r\n' OR 1=1"), "long": strings.Repeat("A", 5000),
	} {
		b.send(t.Context(), "GET", "/wx/enter?ticket="+ticket).want(t, what, 401, "invalid_ticket")
	}
	if b.loggedIn(t) != "o-alice" {
		t.Error("the browser has lost its session")
	}
}

func TestATicketDiesWithTheSessionThatAsked(t *testing.T) {
	for _, path := range []string{"/wx/logout", "/wx/logout?all=1"} {
		w := newWorld(t, nil)
		phone := w.phone(t, w.site, "o-alice")
		ticket := w.ticket(t, phone, "").member("ticket")
		w.do(t.Context(), "POST", path, "", "Authorization", "Bearer "+phone.Token).want(t, path, 204, "")
		w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket).want(t, "after "+path, 401, "invalid_ticket")
	}
}

func TestAnOutageUsesNoTicketUp(t *testing.T) {
	w := newWorld(t, nil)
	phone := w.phone(t, w.site, "o-alice")
	ticket := w.ticket(t, phone, "").member("ticket")
	w.store.down()
	w.ticket(t, phone, "").want(t, "asking during an outage", 503, "store_unavailable")
	w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket).want(t, "entering during an outage", 503, "store_unavailable")
	w.store.fail(nil)
	if a := w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket); a.status != 303 {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

func TestUsersAreHeldToTheirRate(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: 1, Per: time.Minute} })
	phone := w.phone(t, w.site, "o-alice")
	for range 2 {
		w.ticket(t, phone, "").want(t, "within the rate", 200, "")
	}
	w.store.fail(nil)
	a := w.ticket(t, phone, "")
	a.want(t, "beyond the rate", 429, "rate_limited")
	a = w.act(t.Context(), phone.Token, strings.Repeat("A", 22), "scan")
	a.want(t, "scanning beyond the rate", 429, "rate_limited")
	if n := w.store.count(); a.header.Get("Retry-After") == "" || n > 2 {
		t.Errorf("%d calls to the store, Retry-After %q", n, a.header.Get("Retry-After"))
	}
}

func TestNoLogHasATicket(t *testing.T) {
	w := newWorld(t, nil)
	phone := w.phone(t, w.site, "o-alice")
	ticket := w.ticket(t, phone, "").member("ticket")
	w.store.down()
	w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket)
	w.store.fail(func(verb, _ string, _ int) error {
		if verb == "swap" {
			return errDown
		}
		return nil
	})
	w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket)
	w.store.fail(nil)
	w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket)
	w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket)
	if text := w.log.String(); !strings.Contains(text, "store_unavailable") || strings.Contains(text, ticket) {
		t.Errorf("the log is %s", text)
	}
}

// TestAnEnvelopeLeavesTheRedirectAlone: what the application puts around JSON
// would break it.
func TestAnEnvelopeLeavesTheRedirectAlone(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.Reply = func(_ context.Context, _ core.Request, r core.Reply) core.Reply {
			shaped := core.NewReply(map[string]any{"status": r.Status, "data": string(r.Body)})
			shaped.Err, shaped.Header = r.Err, append(shaped.Header, r.Header...)
			return shaped
		}
	})
	token, _, err := w.wx.Login(t.Context(), core.LoginRequest{Code: w.wechat.Code("o-alice")})
	if err != nil {
		t.Fatal(err)
	}
	a := w.do(t.Context(), "POST", "/wx/ticket", "", "Authorization", "Bearer "+token)
	if !strings.Contains(string(a.body), `"status":200`) {
		t.Fatalf("the ticket came as %s", a.body)
	}
	ticket := answer{body: []byte(a.member("data"))}.member("ticket")
	if a = w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket); a.status != 303 || a.cookie("__Host-wx") == nil {
		t.Errorf("entering: %d %s", a.status, a.body)
	}
	if a = w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket); !strings.Contains(string(a.body), `"status":401`) {
		t.Errorf("a refusal: %s", a.body)
	}
	b := w.newBrowser()
	b.id = answer{body: []byte(b.send(t.Context(), "POST", "/wx/scan").member("data"))}.member("id")
	if _, err := wxtest.Scan(b.image(t)); err != nil {
		t.Errorf("the image: %v", err)
	}
}
