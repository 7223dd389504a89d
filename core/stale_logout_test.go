package core

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// TestASessionThatHasEndedEndsNoNewerOne: between the look at the session that asks and
// the write, another instance ends all, and the user logs in anew.
func TestASessionThatHasEndedEndsNoNewerOne(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(m *Manager, token string, s *Session) error
		want Code
	}{
		"LogoutOthers": {func(m *Manager, _ string, s *Session) error { return m.LogoutOthers(context.Background(), s) }, CodeSessionRevoked},
		"a client's log-out everywhere, as that of any dead token": {func(m *Manager, token string, _ *Session) error {
			return m.logout(context.Background(), token, true, func() error { return nil })
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newTestClock()
			cfg := Config{}
			liftLimits(&cfg)
			store := &beforeNthSwap{Store: newMapStore(clock), n: -1}
			m, other := newTestManager(t, clock, store, cfg), newTestManager(t, clock, store.Store, cfg)
			token, s := mustLogin(t, other, "alice.key")
			var fresh string
			store.n, store.run = 1, func() {
				if err := other.LogoutUser(t.Context(), "", "alice"); err != nil {
					t.Error(err)
				}
				clock.advance(time.Second)
				fresh, _ = mustLogin(t, other, "alice.key")
			}
			if err := c.end(m, token, s); CodeOf(err) != c.want || store.n > 0 {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := m.Check(t.Context(), fresh); err != nil {
				t.Errorf("the new login: %v", err)
			}
		})
	}
}

// TestTheFirstUseOfATokenWhoseEndIsListedFinishesIt, and says why it has ended.
func TestTheFirstUseOfATokenWhoseEndIsListedFinishesIt(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 1, 0)
	next, s := mustRotate(t, m, tokens[0])
	listEnds(t, m, store, func() error { return m.Revoke(t.Context(), "", "alice", s.ID) })
	for _, token := range []string{next, tokens[0]} {
		if _, err := m.Authenticate(t.Context(), token); CodeOf(err) != CodeSessionRevoked {
			t.Errorf("got %v", err)
		}
	}
}

// TestAnUnknownIDTakesNoTurn: a crowd of requests that name sessions which are none
// holds nobody up.
func TestAnUnknownIDTakesNoTurn(t *testing.T) {
	_, _, m, tokens := aliceOn(t, 1, 0)
	s := mustCheck(t, m, tokens[0])
	if err := m.turns.wait(t.Context(), s.userKey(), true); err != nil {
		t.Fatal(err)
	}
	req := Request{Method: "DELETE", Header: http.Header{"Authorization": {"Bearer " + tokens[0]}}, ID: "AAAAAAAAAAAAAAAA"}
	if _, err := m.serveRevoke(t.Context(), req); CodeOf(err) != CodeNotFound {
		t.Errorf("got %v", err)
	}
}
