package core_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func mustTicket(t *testing.T, w *world, s *core.Session) string {
	t.Helper()
	ticket, err := w.NewTicket(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func mustRedeem(t *testing.T, w *world, ticket string) (string, *core.Session) {
	t.Helper()
	token, s, err := w.RedeemTicket(t.Context(), ticket, "web")
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

func TestATicketGivesASessionOfTheSameUserOnce(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error { d.SetAttr("uid", "42"); return nil }
	})
	token, s := w.login(t, "o-alice")
	ticket := mustTicket(t, w, s)
	if err := w.Update(t.Context(), s, func(d *core.Draft) error { d.SetAttr("cart", "3"); return nil }); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(59 * time.Second)
	web, ws := mustRedeem(t, w, ticket)
	if ws.OpenID != "o-alice" || ws.AppID != s.AppID || ws.ID == s.ID || ws.Attr("uid") != "42" || ws.Attr("cart") != "3" {
		t.Errorf("got %v with %q", ws, ws.Attr("cart"))
	}
	if !ws.EndsAt().Equal(s.EndsAt()) {
		t.Errorf("it ends at %v, the session that asked at %v", ws.EndsAt(), s.EndsAt())
	}
	list, err := w.Sessions(t.Context(), "", "o-alice")
	if err != nil || len(list) != 2 || list[1].Device != "web" || list[1].ID != ws.ID {
		t.Errorf("the list is %v, %v", list, err)
	}
	for name, bad := range map[string]string{"used": ticket, "unknown": strings.Repeat("A", 43), "none": "", "a token": token, "junk": "x"} {
		if _, _, err := w.RedeemTicket(t.Context(), bad, "web"); core.CodeOf(err) != core.CodeInvalidTicket {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Authenticate(t.Context(), ticket); core.CodeOf(err) != core.CodeInvalidSession {
		t.Errorf("a ticket is a token: %v", err)
	}
	late := mustTicket(t, w, s)
	w.clock.Advance(time.Minute)
	_, _, err = w.RedeemTicket(t.Context(), late, "web")
	wantCode(t, err, core.CodeInvalidTicket)
	if err := w.Logout(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	_, err = w.Authenticate(t.Context(), web)
	wantCode(t, err, core.CodeInvalidSession) // it ends with the session that asked
}

func TestOfManyUsesOfATicketOneWins(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	other := w.manager(t, nil)
	for range 20 {
		ticket := mustTicket(t, w, s)
		var group sync.WaitGroup
		var mu sync.Mutex
		var won []string
		for i := range 8 {
			group.Go(func() {
				m := []*core.Manager{w.Manager, other}[i%2]
				token, _, err := m.RedeemTicket(context.Background(), ticket, "web")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won = append(won, token)
				case core.CodeOf(err) != core.CodeInvalidTicket:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if len(won) != 1 {
			t.Fatalf("%d uses won", len(won))
		}
		if _, err := w.Authenticate(t.Context(), won[0]); err != nil {
			t.Error(err)
		}
	}
	if n := w.listed(t, "o-alice"); n != 2 {
		t.Errorf("%d sessions, want the one that asked and the last it handed over", n)
	}
}

func TestATicketDiesWithTheSessionThatAsked(t *testing.T) {
	for name, end := range map[string]func(w *world, token string, s *core.Session) error{
		"Logout": func(w *world, token string, _ *core.Session) error { return w.Logout(context.Background(), token) },
		"LogoutUser": func(w *world, _ string, _ *core.Session) error {
			return w.LogoutUser(context.Background(), "", "o-alice")
		},
		"Revoke": func(w *world, _ string, s *core.Session) error {
			return w.Revoke(context.Background(), "", "o-alice", s.ID)
		},
		"its lifetime": func(w *world, _ string, _ *core.Session) error { w.clock.Advance(31 * 24 * time.Hour); return nil },
	} {
		w := newWorld(t, nil)
		token, s := w.login(t, "o-alice")
		ticket := mustTicket(t, w, s)
		if err := end(w, token, s); err != nil {
			t.Fatal(err)
		}
		_, _, err := w.RedeemTicket(t.Context(), ticket, "web")
		if core.CodeOf(err) != core.CodeInvalidTicket {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHandingOverDoesNotPushOutTheOneThatAsks(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 3 })
	asking, s := w.login(t, "o-alice")
	w.clock.Advance(time.Second)
	other, _ := w.login(t, "o-alice")
	w.clock.Advance(time.Second)
	third, _ := w.login(t, "o-alice")
	var before string
	for range 10 {
		w.clock.Advance(time.Second)
		web, _ := mustRedeem(t, w, mustTicket(t, w, s))
		if before != "" {
			_, err := w.Authenticate(t.Context(), before)
			wantCode(t, err, core.CodeSessionRevoked)
		}
		before = web
	}
	for _, token := range []string{asking, third, before} {
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.Authenticate(t.Context(), other); err == nil {
		t.Error("the oldest but the one that asks did not give way")
	}
}

func TestTicketsSurviveRotationAndOutages(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	ticket := mustTicket(t, w, s)
	fresh, _, err := w.Rotate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	w.store.breakDown(errors.New("down"))
	_, _, err = w.RedeemTicket(t.Context(), ticket, "web")
	wantCode(t, err, core.CodeStoreUnavailable)
	_, err = w.NewTicket(t.Context(), s)
	wantCode(t, err, core.CodeStoreUnavailable)
	w.store.breakDown(nil)
	mustRedeem(t, w, ticket)
}

// handedOverInAnOutage is a user who has handed over a session, and whose second
// hand-over could not end that one.
type handedOverInAnOutage struct {
	*world
	m              *core.Manager
	down           *refusing
	seen           *moments
	token, before  string
	ticket, unused string
}

func handOverInAnOutage(t *testing.T) handedOverInAnOutage {
	t.Helper()
	h := handedOverInAnOutage{world: newWorld(t, nil), seen: new(moments)}
	token, s := h.login(t, "o-alice")
	h.token = token
	h.before, _ = mustRedeem(t, h.world, mustTicket(t, h.world, s))
	h.ticket, h.unused = mustTicket(t, h.world, s), mustTicket(t, h.world, s)
	h.down = &refusing{core.WrappedStore{Store: h.store}, "s:", errors.New("down")}
	h.m = h.managerOver(t, h.down, func(c *core.Config) { c.Observe = h.seen })
	_, _, err := h.m.RedeemTicket(t.Context(), h.ticket, "web")
	wantCode(t, err, core.CodeStoreUnavailable)
	h.down.err = nil
	return h
}

// No answer was lost, so the ticket is still good. What nobody got the token of is
// no session that could end.
func TestATicketThatWasStruckOffInAnOutageIsGivenBack(t *testing.T) {
	h := handOverInAnOutage(t)
	web, _, err := h.m.RedeemTicket(t.Context(), h.ticket, "web")
	if err != nil {
		t.Fatalf("again: %v", err)
	}
	_, err = h.Authenticate(t.Context(), h.before)
	wantCode(t, err, core.CodeSessionRevoked)
	h.seen.want(t, "of the first web session", ended(core.ReasonHandOver)...)
	_, _, err = h.m.RedeemTicket(t.Context(), h.ticket, "web")
	wantCode(t, err, core.CodeInvalidTicket)
	h.wantAlive(t, "after the second attempt", true, h.token, web)
	if n := h.listed(t, "o-alice"); n != 2 {
		t.Errorf("%d sessions are listed, want the one that asked and what it handed over", n)
	}
	mustRedeem(t, h.world, h.unused)
}

func TestATicketThatIsGivenBackDiesWithItsSession(t *testing.T) {
	h := handOverInAnOutage(t)
	if err := h.Logout(t.Context(), h.token); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.m.RedeemTicket(t.Context(), h.ticket, "web")
	wantCode(t, err, core.CodeInvalidTicket)
}

// Of a cap, too, the session that gives way has ended before anybody has the new
// token. What nobody got is not in anybody's way.
func TestALoginThatCannotEndWhatGivesWayIsNone(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 2 })
	oldest, _ := w.login(t, "o-alice")
	w.clock.Advance(time.Second)
	second, _ := w.login(t, "o-alice")
	down := &refusing{core.WrappedStore{Store: w.store}, "s:", errors.New("down")}
	m := w.managerOver(t, down, func(c *core.Config) { c.MaxSessions = 2 })
	_, _, err := m.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
	wantCode(t, err, core.CodeStoreUnavailable)
	down.err = nil
	third, _, err := m.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
	if err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "at the cap", true, second, third)
	_, err = w.Authenticate(t.Context(), oldest)
	wantCode(t, err, core.CodeSessionRevoked)
}

func TestTicketsThatWaitAreBounded(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	var tickets []string
	for range 20 {
		tickets = append(tickets, mustTicket(t, w, s))
	}
	_, _, err := w.RedeemTicket(t.Context(), tickets[0], "web")
	wantCode(t, err, core.CodeInvalidTicket)
	mustRedeem(t, w, tickets[19])
	mustRedeem(t, w, tickets[18])
	if n := len(w.raw(t, w.only(t, "u:"))); n > 500 {
		t.Errorf("the user's record has %d bytes", n)
	}
}

func TestAnApprovalIsGoodUntilALogoutEverywhere(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	approval, err := w.Approve(t.Context(), s)
	if err != nil || approval.OpenID != "o-alice" || approval.AppID != w.wx.AppID {
		t.Fatal(approval, err)
	}
	if err := w.Logout(t.Context(), token); err != nil { // of one device
		t.Fatal(err)
	}
	web, ws, err := w.IssueApproved(t.Context(), approval, "Chrome")
	if err != nil || ws.OpenID != "o-alice" {
		t.Fatal(err)
	}
	if err := w.LogoutUser(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.IssueApproved(t.Context(), approval, "Chrome")
	wantCode(t, err, core.CodeSessionRevoked)
	_, err = w.Authenticate(t.Context(), web)
	wantCode(t, err, core.CodeSessionRevoked)
	if n := w.listed(t, "o-alice"); n != 0 {
		t.Errorf("%d sessions live", n)
	}
	_, err = w.Approve(t.Context(), s) // of a session that has ended
	wantCode(t, err, core.CodeInvalidSession)
	approval.AppID = "wxother"
	_, _, err = w.IssueApproved(t.Context(), approval, "Chrome")
	wantCode(t, err, core.CodeBadRequest)
}

// The user's record is lost after the approval, and counts anew: from then on an
// epoch may be smaller than that of the approval, which is void all the same.
func TestAnApprovalOfAnEpochThatWasLostIsVoid(t *testing.T) {
	w := newWorld(t, nil)
	for range 2 {
		w.login(t, "o-alice")
		if err := w.LogoutUser(t.Context(), "", "o-alice"); err != nil {
			t.Fatal(err)
		}
	}
	_, s := w.login(t, "o-alice")
	approval, err := w.Approve(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	w.lose(t, "u:")
	if err := w.LogoutUser(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.IssueApproved(t.Context(), approval, "Firefox")
	wantCode(t, err, core.CodeSessionRevoked)
}

// TestTheCapDoesNotEndWhoAsksByItsParent: a session that was handed over hands
// over itself, and the one that it came from is the oldest.
func TestTheCapDoesNotEndWhoAsksByItsParent(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 2 })
	token, s := w.login(t, "o-alice")
	tokens := []string{token}
	for i := range 2 {
		ticket, err := w.NewTicket(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if token, s, err = w.RedeemTicket(t.Context(), ticket, "web"); i == 0 && err != nil {
			t.Fatal(err)
		} else if i == 1 {
			wantCode(t, err, core.CodeInvalidTicket)
			break
		}
		tokens = append(tokens, token)
	}
	for _, token := range tokens {
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
}

// Where another device can give way it does, and not the session that the one that
// asks came from.
func TestTheCapSparesWhereAHandOverCameFrom(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 3 })
	phone, s := w.login(t, "o-alice")
	tokens := []string{phone}
	for i := range 2 {
		w.clock.Advance(time.Second)
		ticket, err := w.NewTicket(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		token, web, err := w.RedeemTicket(t.Context(), ticket, "web")
		if err != nil {
			t.Fatalf("hand-over %d: %v", i+1, err)
		}
		tokens, s = append(tokens, token), web
		if i == 0 {
			w.clock.Advance(time.Second)
			other, _ := w.login(t, "o-alice")
			tokens = append(tokens, other)
		}
	}
	for i, want := range []core.Code{"", "", core.CodeSessionRevoked, ""} { // phone, web, other device, web of the web
		if _, err := w.Authenticate(t.Context(), tokens[i]); core.CodeOf(err) != want {
			t.Errorf("session %d: %v, want %q", i, err, want)
		}
	}
}
