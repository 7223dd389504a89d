package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func TestLoginReply(t *testing.T) {
	for _, expose := range []bool{false, true} {
		w := newWorld(t, func(c *core.Config) { c.ExposeOpenID = expose })
		r, body := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
		token, _ := body["3rd_session"].(string)
		want := map[string]any{"3rd_session": token, "expires_in": 259200.0, "lifetime": 2592000.0}
		if expose {
			want["openid"] = "o-alice"
		}
		if r.Status != 200 || len(token) != 43 || fmt.Sprint(body) != fmt.Sprint(want) {
			t.Errorf("status %d, body %s", r.Status, r.Body)
		}
		if headerOf(r, "Cache-Control") != "no-store" || headerOf(r, "Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("headers %v", r.Header)
		}
	}
}

func TestRepliesCountFromTheLoginWhileTimePasses(t *testing.T) {
	moving := &clock{now: time.Unix(1_700_000_000, 0)}
	w := newWorld(t, func(c *core.Config) {
		c.Now = func() time.Time { moving.Advance(time.Millisecond); return moving.Now() }
	})
	_, body := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	if body["expires_in"] != 259200.0 || body["lifetime"] != 2592000.0 {
		t.Errorf("login: expires_in %v and lifetime %v, want 259200 and 2592000", body["expires_in"], body["lifetime"])
	}
	_, body = send(t, w.Manager, "POST", "/wx/rotate", "", bearer(body["3rd_session"].(string))...)
	if body["expires_in"] != 259200.0 || body["lifetime"] != 2592000.0-1 {
		t.Errorf("rotate: expires_in %v and lifetime %v, want 259200 and 2591999", body["expires_in"], body["lifetime"])
	}
}

func TestCheckTellsWhatRemainsAndDoesNotRenew(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	w.clock.Advance(71*time.Hour + 500*time.Millisecond)
	r, body := send(t, w.Manager, "GET", "/wx/check", "", bearer(token)...)
	if r.Status != 200 || body["expires_in"] != 3599.0 || body["lifetime"] != float64(30*24*3600-71*3600-1) || len(body) != 2 {
		t.Errorf("status %d, body %s", r.Status, r.Body)
	}
	w.clock.Advance(time.Hour)
	if r, body := send(t, w.Manager, "GET", "/wx/check", "", bearer(token)...); r.Status != 401 || body["error"] != "invalid_session" {
		t.Errorf("after the idle timeout: status %d, body %s", r.Status, r.Body)
	}
}

func TestUseRenewsAndAbsenceExpires(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	for range 9 { // 27 days of use every 71 hours or less
		w.clock.Advance(71 * time.Hour)
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Advance(30*24*time.Hour - 9*71*time.Hour - time.Millisecond)
	if _, err := w.Check(t.Context(), token); core.CodeOf(err) == "" {
		t.Error("it was not used for more than 72 h")
	}
	token, _ = w.login(t, "o-alice")
	for range 10 {
		w.clock.Advance(70 * time.Hour)
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Advance(20*time.Hour - time.Millisecond)
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Errorf("a millisecond before its lifetime: %v", err)
	}
	w.clock.Advance(time.Millisecond)
	_, err := w.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
}

func TestAnAuthenticatedRequestCostsOneGet(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	w.store.counts()
	for i := range 3 {
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if gets, swaps, deletes := w.store.counts(); gets != 1 || swaps != 0 || deletes != 0 {
			t.Errorf("request %d: %d gets, %d swaps, %d deletes", i, gets, swaps, deletes)
		}
	}
	w.clock.Advance(72*time.Hour/20 + time.Millisecond)
	for i, renewals := range []int{1, 0} { // each looks into the index, too
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if gets, swaps, _ := w.store.counts(); gets != 1+renewals || swaps != renewals {
			t.Errorf("request %d after a twentieth: %d gets, %d swaps", i, gets, swaps)
		}
	}
}

func TestTokensAreTakenFromTheHeadersOnly(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	other := strings.Repeat("A", 43)
	for name, c := range map[string]struct {
		header []string
		query  string
		want   string
	}{
		"bearer":                           {bearer(token), "", ""},
		"another case of bearer":           {[]string{"Authorization", "bEARER " + token}, "", ""},
		"X-WX-Session":                     {[]string{"X-WX-Session", token}, "", ""},
		"Authorization wins":               {append(bearer(other), "X-WX-Session", token), "", "invalid_session"},
		"another scheme is somebody elses": {[]string{"Authorization", "Basic dTpw", "X-WX-Session", token}, "", ""},
		"no token":                         {nil, "", "no_session"},
		"an empty bearer":                  {[]string{"Authorization", "Bearer "}, "", "no_session"},
		"no token's shape":                 {bearer(token + "x"), "", "no_session"},
		"in the query":                     {nil, "?token=" + token + "&3rd_session=" + token + "&access_token=" + token, "no_session"},
		"in a cookie":                      {[]string{"Cookie", "3rd_session=" + token}, "", "no_session"},
		"a Wafer header without Wafer":     {[]string{"X-WX-Skey", token}, "", "no_session"},
	} {
		t.Run(name, func(t *testing.T) {
			r, body := send(t, w.Manager, "GET", "/wx/check"+c.query, "", c.header...)
			if c.want == "" && r.Status != 200 || c.want != "" && (r.Status != 401 || body["error"] != c.want) {
				t.Errorf("status %d, body %s", r.Status, r.Body)
			}
		})
	}
}

var junkTokens = []string{"", "x", strings.Repeat("é", 21) + "x", strings.Repeat("A", 42) + "B", strings.Repeat("A", 1<<16)}

// A store of this process is asked first; the answer stays the same.
func TestJunkTokensAreNoSessionInAStoreOfThisProcess(t *testing.T) {
	w := newWorld(t, nil)
	m := w.over(t, w.store.Store) // the memory store itself
	for _, junk := range junkTokens {
		_, err := m.Authenticate(t.Context(), junk)
		wantCode(t, err, core.CodeNoSession)
		_, err = m.Check(t.Context(), junk)
		wantCode(t, err, core.CodeNoSession)
	}
	_, err := m.Authenticate(t.Context(), strings.Repeat("A", 43))
	wantCode(t, err, core.CodeInvalidSession)
}

func TestJunkTokensDoNotReachTheStore(t *testing.T) {
	w := newWorld(t, nil)
	for _, junk := range junkTokens {
		_, err := w.Authenticate(t.Context(), junk)
		wantCode(t, err, core.CodeNoSession)
		wantCode(t, w.Logout(t.Context(), junk), core.CodeNoSession)
		_, _, err = w.Rotate(t.Context(), junk)
		wantCode(t, err, core.CodeNoSession)
	}
	if gets, swaps, deletes := w.store.counts(); gets+swaps+deletes != 0 {
		t.Error("the store was asked")
	}
}

func TestLogout(t *testing.T) {
	w := newWorld(t, nil)
	mine, _ := w.login(t, "o-alice")
	other, _ := w.login(t, "o-alice")
	for range 2 { // the second time the token is dead already
		if r, _ := send(t, w.Manager, "POST", "/wx/logout", "", bearer(mine)...); r.Status != 204 || len(r.Body) != 0 {
			t.Errorf("status %d, body %s", r.Status, r.Body)
		}
		_, err := w.Authenticate(t.Context(), mine)
		wantCode(t, err, core.CodeInvalidSession)
	}
	if r, _ := send(t, w.Manager, "POST", "/wx/logout?all=1", "", bearer(mine)...); r.Status != 204 {
		t.Errorf("a dead token: status %d", r.Status)
	}
	if _, err := w.Authenticate(t.Context(), other); err != nil {
		t.Errorf("a dead token has ended another session: %v", err)
	}
	if r, body := send(t, w.Manager, "POST", "/wx/logout", ""); r.Status != 401 || body["error"] != "no_session" {
		t.Errorf("without a token: status %d, body %s", r.Status, r.Body)
	}
	third, _ := w.login(t, "o-alice")
	if r, _ := send(t, w.Manager, "POST", "/wx/logout?all=1", "", bearer(third)...); r.Status != 204 {
		t.Errorf("everywhere: status %d", r.Status)
	}
	for _, token := range []string{other, third} {
		_, err := w.Authenticate(t.Context(), token)
		wantCode(t, err, core.CodeSessionRevoked)
	}
	if r, body := send(t, w.Manager, "POST", "/wx/logout?all=%zz", "", bearer(third)...); r.Status != 400 || body["error"] != "bad_request" {
		t.Errorf("a malformed query: status %d, body %s", r.Status, r.Body)
	}
}

func TestSessionsAreListedAndRevokedOneByOne(t *testing.T) {
	w := newWorld(t, nil)
	var tokens []string
	for _, device := range []string{"手机", "iPad", ""} {
		token, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice"), Device: device})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
		w.clock.Advance(time.Second)
	}
	stranger, _ := w.login(t, "o-bob")
	r, body := send(t, w.Manager, "GET", "/wx/sessions", "", bearer(tokens[1])...)
	list, _ := body["sessions"].([]any)
	if r.Status != 200 || len(list) != 3 {
		t.Fatalf("status %d, body %s", r.Status, r.Body)
	}
	ids := make([]string, 3)
	for i, item := range list {
		s := item.(map[string]any)
		ids[i] = s["id"].(string)
		at := float64(1_700_000_000 + i)
		want := map[string]any{"id": ids[i], "created_at": at, "last_seen": at, "device": []string{"手机", "iPad", ""}[i], "current": i == 1}
		if fmt.Sprint(s) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", s, want)
		}
	}
	_, err := w.Authenticate(t.Context(), ids[0])
	wantCode(t, err, core.CodeNoSession) // an id is no credential
	if r, body := send(t, w.Manager, "DELETE", "/wx/sessions/"+ids[0], "", bearer(stranger)...); r.Status != 404 || body["error"] != "not_found" {
		t.Errorf("somebody else's: status %d, body %s", r.Status, r.Body)
	}
	for i, want := range []int{204, 404} {
		if r, _ := send(t, w.Manager, "DELETE", "/wx/sessions/"+ids[0], "", bearer(tokens[1])...); r.Status != want {
			t.Errorf("time %d: status %d, want %d", i, r.Status, want)
		}
	}
	r, body = send(t, w.Manager, "GET", "/wx/check", "", bearer(tokens[0])...)
	if r.Status != 401 || body["error"] != "session_revoked" || headerOf(r, "WWW-Authenticate") != `Bearer error="invalid_token"` {
		t.Errorf("the revoked one: status %d, body %s", r.Status, r.Body)
	}
	if _, err := w.Authenticate(t.Context(), tokens[2]); err != nil {
		t.Errorf("another one of the user: %v", err)
	}
	w.clock.Advance(24 * time.Hour)
	_, err = w.Authenticate(t.Context(), tokens[0])
	wantCode(t, err, core.CodeInvalidSession) // the tombstone has gone
}

func TestTheOldestSessionGivesWay(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 3 })
	var tokens []string
	for range 4 {
		token, _ := w.login(t, "o-alice")
		tokens = append(tokens, token)
		w.clock.Advance(time.Second)
	}
	_, err := w.Authenticate(t.Context(), tokens[0])
	wantCode(t, err, core.CodeSessionRevoked)
	for _, token := range tokens[1:] {
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	if err := w.Logout(t.Context(), tokens[2]); err != nil {
		t.Fatal(err)
	}
	w.login(t, "o-alice") // takes the free place
	if _, err := w.Authenticate(t.Context(), tokens[1]); err != nil {
		t.Errorf("a session gave way although there was room: %v", err)
	}
}

func TestASessionThatExpiredMakesRoomBeforeTheOldest(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 2 })
	old, _ := w.login(t, "o-alice")
	w.clock.Advance(time.Second)
	w.login(t, "o-alice")
	for range 2 {
		w.clock.Advance(40 * time.Hour)
		if _, err := w.Authenticate(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	w.login(t, "o-alice")
	if _, err := w.Authenticate(t.Context(), old); err != nil {
		t.Errorf("the oldest gave way to one that had expired: %v", err)
	}
}

func TestRotation(t *testing.T) {
	w := newWorld(t, nil)
	first, s := w.login(t, "o-alice")
	w.clock.Advance(time.Hour)
	r, body := send(t, w.Manager, "POST", "/wx/rotate", "", bearer(first)...)
	second, _ := body["3rd_session"].(string)
	if r.Status != 200 || second == first || body["expires_in"] != 259200.0 || body["lifetime"] != 2592000.0-3600 {
		t.Fatalf("status %d, body %s", r.Status, r.Body)
	}
	got, err := w.Authenticate(t.Context(), second)
	if err != nil || got.ID != s.ID || !got.EndsAt().Equal(s.EndsAt()) {
		t.Errorf("got %v, %v", got, err)
	}
	w.clock.Advance(30*time.Second - time.Millisecond)
	if _, err := w.Authenticate(t.Context(), first); err != nil {
		t.Errorf("within the grace period: %v", err)
	}
	w.clock.Advance(time.Millisecond)
	_, err = w.Authenticate(t.Context(), first)
	wantCode(t, err, core.CodeInvalidSession)
	list, err := w.Sessions(t.Context(), w.wx.AppID, "o-alice")
	if err != nil || len(list) != 1 || list[0].ID != s.ID {
		t.Errorf("the list has %v, %v", list, err)
	}
}

func TestALogoutWithAnyTokenEndsTheSession(t *testing.T) {
	for _, by := range []int{0, 1, 2} {
		w := newWorld(t, nil)
		tokens := make([]string, 3)
		tokens[0], _ = w.login(t, "o-alice")
		for i := range 2 { // the answer to the first rotation got lost, say
			token, _, err := w.Rotate(t.Context(), tokens[0])
			if err != nil {
				t.Fatal(err)
			}
			tokens[i+1] = token
		}
		if err := w.Logout(t.Context(), tokens[by]); err != nil {
			t.Fatal(err)
		}
		for i, token := range tokens {
			if _, err := w.Authenticate(t.Context(), token); core.CodeOf(err) != core.CodeInvalidSession {
				t.Errorf("logout with token %d, token %d: %v", by, i, err)
			}
		}
	}
}

func TestALostAnswerToARotationCostsNothing(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	var last string
	for range 50 {
		w.clock.Advance(time.Hour) // much more than a grace period
		fresh, rotated, err := w.Rotate(t.Context(), token)
		if err != nil || rotated.ID != s.ID {
			t.Fatal(err)
		}
		last = fresh
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Fatalf("the token that the client has: %v", err)
		}
	}
	if n := len(w.store.live()); n > 12 {
		t.Errorf("%d values are left in the store", n)
	}
	if _, err := w.Authenticate(t.Context(), last); err != nil {
		t.Errorf("the last new token: %v", err)
	}
	w.clock.Advance(30 * time.Second)
	_, err := w.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
	if _, err := w.Authenticate(t.Context(), last); err != nil {
		t.Errorf("after the grace period: %v", err)
	}
}

func TestATokenThatWasRotatedAwayAndTurnsUpEndsTheSession(t *testing.T) {
	w := newWorld(t, nil)
	stolen, _ := w.login(t, "o-alice")
	other, _ := w.login(t, "o-alice")
	own, _, err := w.Rotate(t.Context(), stolen)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Rotate(t.Context(), stolen)
	wantCode(t, err, core.CodeSessionRevoked)
	for _, token := range []string{stolen, own} {
		_, err := w.Authenticate(t.Context(), token)
		wantCode(t, err, core.CodeSessionRevoked)
	}
	if _, err := w.Authenticate(t.Context(), other); err != nil {
		t.Errorf("another session of the user: %v", err)
	}
}

func TestUpdateUnderTheOldTokenReachesTheNewOne(t *testing.T) {
	w := newWorld(t, nil)
	first, _ := w.login(t, "o-alice")
	old, err := w.Authenticate(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := w.Rotate(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Update(t.Context(), old, func(s *core.Draft) error {
		s.SetAttr("cart", "3")
		return nil
	})
	got, err2 := w.Authenticate(t.Context(), second)
	if err != nil || err2 != nil || got.Attr("cart") != "3" {
		t.Errorf("got %q, %v, %v", got.Attr("cart"), err, err2)
	}
}

func TestUpdate(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	update := func(fn func(*core.Draft) error) error { return w.Update(t.Context(), s, fn) }
	set := func(name, value string) error {
		return update(func(s *core.Draft) error { s.SetAttr(name, value); return nil })
	}
	if err := errors.Join(set("a", "1"), set("b", "2"), set("a", "3"), set("c", "")); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if err := update(func(s *core.Draft) error { s.SetAttr("a", "lost"); return stop }); err != stop {
		t.Errorf("got %v, want the function's own error", err)
	}
	wantCode(t, set("big", strings.Repeat("x", 4<<10)), core.CodeBadRequest)
	if err := update(func(s *core.Draft) error { s.DeleteAttr("b"); return nil }); err != nil {
		t.Fatal(err)
	}
	got, err := w.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	attrs := map[string]string{}
	for name, value := range got.Attrs() {
		attrs[name] = value
	}
	if fmt.Sprint(attrs) != "map[a:3 c:]" || got.Attr("a") != "3" || got.Attr("b") != "" || s.Attr("a") != "" {
		t.Errorf("got %v", attrs)
	}
	w.store.counts()
	if err := set("a", "3"); err != nil {
		t.Fatal(err)
	}
	if gets, swaps, _ := w.store.counts(); gets != 1 || swaps != 1 {
		t.Errorf("an update that changes nothing was not compared and written: %d gets, %d swaps", gets, swaps)
	}
	if err := w.Logout(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	wantCode(t, set("a", "4"), core.CodeInvalidSession)
	_, err = w.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
}

func TestAnOutageIsNeverALogout(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	w.store.breakDown(errors.New("connection refused"))
	for _, c := range [][3]string{
		{"POST", "/wx/login", `{"code":"` + w.wx.Code("o-alice") + `"}`}, {"GET", "/wx/check"}, {"GET", "/wx/check?deep=1"},
		{"POST", "/wx/logout"}, {"POST", "/wx/logout?all=1"}, {"GET", "/wx/sessions"}, {"DELETE", "/wx/sessions/" + s.ID}, {"POST", "/wx/rotate"},
	} {
		r, body := send(t, w.Manager, c[0], c[1], c[2], bearer(token)...)
		if r.Status != 503 || body["error"] != "store_unavailable" || headerOf(r, "Retry-After") == "" || headerOf(r, "WWW-Authenticate") != "" {
			t.Errorf("%s %s: status %d, body %s, headers %v", c[0], c[1], r.Status, r.Body, r.Header)
		}
	}
	if err := w.Ping(t.Context()); core.CodeOf(err) != core.CodeStoreUnavailable {
		t.Errorf("Ping: %v", err)
	}
	if !strings.Contains(w.log.String(), "connection refused") {
		t.Error("the log does not tell the cause")
	}
	w.store.breakDown(nil)
	if err := w.Ping(t.Context()); err != nil {
		t.Errorf("Ping after the outage: %v", err)
	}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

func TestARenewalThatFailsDoesNotFailTheRequest(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	w.clock.Advance(24 * time.Hour)
	w.store.Store = readOnly{w.store.Store}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Error(err)
	}
	if !strings.Contains(w.log.String(), "cannot renew") {
		t.Errorf("the log says %q", w.log)
	}
}

func TestThePrefixIsConfigurable(t *testing.T) {
	for prefix, want := range map[string]string{"": "/wx/login", "/": "/login", "/api/v1": "/api/v1/login"} {
		w := newWorld(t, func(c *core.Config) { c.Prefix = prefix })
		if got := w.Routes()[0].Path; got != want {
			t.Errorf("prefix %q: %s", prefix, got)
		}
	}
}

func TestRequirePutsTheSessionIntoTheContext(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	h := http.Header{"Authorization": {"Bearer " + token}}
	req := core.Request{Header: h}
	ctx, s, err := w.Require(t.Context(), req)
	if err != nil || s == nil || core.FromContext(ctx) != s || core.FromContext(t.Context()) != nil {
		t.Errorf("got %v, %v", s, err)
	}
	if ctx, s := w.Optional(t.Context(), req); s == nil || core.FromContext(ctx) != s {
		t.Errorf("Optional got %v", s)
	}
	w.store.counts()
	if ctx, s := w.Optional(t.Context(), core.Request{}); s != nil || core.FromContext(ctx) != nil {
		t.Errorf("Optional found %v without a token", s)
	}
	if gets, _, _ := w.store.counts(); gets != 0 {
		t.Error("Optional asked the store although there was no token")
	}
	w.store.breakDown(errors.New("down"))
	if _, s := w.Optional(t.Context(), req); s != nil {
		t.Errorf("Optional found %v in a store that is down", s)
	}
}

func TestARouteGetsTheAddressBehindTheProxies(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	got := ""
	route := w.Route("GET", "/address", func(_ context.Context, req core.Request) (any, error) {
		got = req.Address
		return nil, nil
	})
	route.Serve(t.Context(), core.Request{Address: "10.0.0.1", Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}})
	if got != "192.0.2.1" {
		t.Errorf("the handler gets %q", got)
	}
}
