package weblogin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/wxsession/wxsession/core"
)

// confirmed is a browser whose login the user with this token has confirmed.
func (s *site) confirmed(t testing.TB, token string) *browser {
	t.Helper()
	b := s.newBrowser()
	b.begin(t)
	s.actAll(t, token, b.id, "scan", "confirm")
	return b
}

func TestWhomTheApplicationRefusesIsDenied(t *testing.T) {
	for name, refuse := range map[string]error{
		"Deny":                core.Deny("no employees"),
		"an error of its own": core.NewError(402, "pay_first", "the subscription has ended"),
		"one that is wrapped": fmt.Errorf("outer: %w", core.Deny("no")),
		"a limit of its own":  core.NewError(429, "slow", "later"),
	} {
		var verdict error
		w := newBubble(t, func(c *core.Config) {
			c.OnLogin = func(context.Context, *core.Draft) error { return verdict }
		})
		b := w.confirmed(t, w.sign(t, "o-alice"))
		verdict = refuse
		for range 2 {
			wantState(t, b.poll(t.Context(), "?state=scanned"), "denied", false)
			verdict = nil // it is the end all the same
		}
		if b.loggedIn(t) != "" || listed(t, w.site) != 1 {
			t.Errorf("%s: there is a session", name)
		}
	}
}

func listed(t testing.TB, s *site) int {
	t.Helper()
	return len(must[[]core.SessionInfo](t)(s.wx.Sessions(t.Context(), "", "o-alice")))
}

// TestAnApplicationThatFailsCostsNoLogin: it is an outage, and passes.
func TestAnApplicationThatFailsCostsNoLogin(t *testing.T) {
	var trouble error
	w := newBubble(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error {
			switch {
			case trouble != nil && trouble.Error() == "panic":
				panic("oh")
			case trouble != nil && trouble.Error() == "too many attributes":
				d.SetAttr("x", strings.Repeat("x", 5000))
				return nil
			}
			return trouble
		}
	})
	b := w.confirmed(t, w.sign(t, "o-alice"))
	for _, text := range []string{"the database is down", "panic", "too many attributes"} {
		trouble = errors.New(text)
		b.poll(t.Context(), "").want(t, text, 503, "app_unavailable")
	}
	trouble = core.NewError(503, "maintenance", "back at nine")
	b.poll(t.Context(), "").want(t, "maintenance", 503, "maintenance")
	trouble = nil
	wantState(t, b.poll(t.Context(), ""), "confirmed", true)
	if n := listed(t, w.site); n != 2 {
		t.Errorf("%d sessions", n)
	}
}

func TestALogoutEverywhereMakesItDenied(t *testing.T) {
	w := newBubble(t, nil)
	token := w.sign(t, "o-alice")
	b := w.confirmed(t, token)
	w.do(t.Context(), "POST", "/wx/logout?all=1", "", "Authorization", "Bearer "+token).want(t, "log-out", 204, "")
	again := w.sign(t, "o-alice")
	w.act(t.Context(), again, b.id, "confirm").want(t, "confirming again", 200, "") // nothing changes
	for range 2 {
		wantState(t, b.poll(t.Context(), "?state=scanned&wait=5"), "denied", false)
	}
	if n := listed(t, w.site); n != 1 {
		t.Errorf("%d sessions", n)
	}
	w.act(t.Context(), again, b.id, "confirm").want(t, "confirming what was denied", 409, "conflict")
}

// TestOtherLogoutsDoNot: the user agreed, and goes on as a user.
func TestOtherLogoutsDoNot(t *testing.T) {
	w := newBubble(t, nil)
	token := w.sign(t, "o-alice")
	b := w.confirmed(t, token)
	w.do(t.Context(), "POST", "/wx/logout", "", "Authorization", "Bearer "+token).want(t, "log-out", 204, "")
	wantState(t, b.poll(t.Context(), ""), "confirmed", true)
}

// TestAFailureOfTheStoreAnywhereCostsNoLogin lets each call fail that a
// consumption makes.
func TestAFailureOfTheStoreAnywhereCostsNoLogin(t *testing.T) {
	failures := 0
	for failed := true; failed; failures++ {
		synctest.Test(t, func(t *testing.T) { failed = failOnce(t, failures+1) })
	}
	if failures < 7 {
		t.Errorf("%d calls were failed", failures-1)
	}
}

// failOnce reports whether there was an n-th call.
func failOnce(t *testing.T, n int) (failed bool) {
	w := newBubble(t, nil)
	b := w.confirmed(t, w.sign(t, "o-alice"))
	w.store.fail(func(_, _ string, i int) error {
		if i == n {
			failed = true
			return errDown
		}
		return nil
	})
	a := b.poll(t.Context(), "")
	w.store.fail(nil)
	if a.status == 503 {
		a.want(t, "during it", 503, "store_unavailable")
		a = b.poll(t.Context(), "")
	}
	wantState(t, a, "confirmed", true)
	if count := listed(t, w.site); count != 2 || b.loggedIn(t) != "o-alice" {
		t.Errorf("call %d: %d sessions", n, count)
	}
	b.poll(t.Context(), "").want(t, "afterwards", 404, "not_found")
	return failed
}

// TestAnOutageFromAnyCallOn: from then on nothing answers, until it is over. At
// most one session, and no reply that says that the login has ended before it
// has.
func TestAnOutageFromAnyCallOn(t *testing.T) {
	for n := 1; n <= 8; n++ {
		synctest.Test(t, func(t *testing.T) {
			w := newBubble(t, nil)
			b := w.confirmed(t, w.sign(t, "o-alice"))
			w.store.fail(func(_, _ string, i int) error {
				if i >= n {
					return errDown
				}
				return nil
			})
			a := b.poll(t.Context(), "")
			if a.status != 503 && a.cookie("__Host-wx") == nil {
				t.Errorf("from call %d on: %d %s", n, a.status, a.body)
			}
			w.store.fail(nil)
			if after := b.poll(t.Context(), ""); after.status != 404 && after.cookie("__Host-wx") == nil {
				t.Errorf("from call %d on, afterwards: %d %s", n, after.status, after.body)
			}
			if count := listed(t, w.site); count > 2 {
				t.Errorf("from call %d on: %d sessions", n, count)
			}
		})
	}
}

// TestAUserWhoHasLoggedOutBeforeCanLogIn: a log-out ends the approvals before it.
func TestAUserWhoHasLoggedOutBeforeCanLogIn(t *testing.T) {
	w := newBubble(t, nil)
	for range 3 {
		token := w.sign(t, "o-alice")
		b := w.confirmed(t, token)
		wantState(t, b.poll(t.Context(), ""), "confirmed", true)
		w.do(t.Context(), "POST", "/wx/logout?all=1", "", "Authorization", "Bearer "+token).want(t, "log-out", 204, "")
	}
}
