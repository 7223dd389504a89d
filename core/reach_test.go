package core

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// countAlive returns how many of the tokens authenticate.
func countAlive(t *testing.T, m *Manager, tokens []string) (n int) {
	t.Helper()
	for _, token := range tokens {
		if _, err := m.Check(t.Context(), token); err == nil {
			n++
		}
	}
	return n
}

// TestWhatCannotBeReachedKeepsNothingElseAlive: a part of the store is away, and with
// it the record that is the first to be ended.
func TestWhatCannotBeReachedKeepsNothingElseAlive(t *testing.T) {
	for name, end := range map[string]func(m *Manager, tokens []string) error{
		"an administrator's log-out": func(m *Manager, _ []string) error {
			return m.LogoutUser(context.Background(), "", "alice")
		},
		"a client's log-out everywhere": func(m *Manager, tokens []string) error {
			return m.logout(context.Background(), tokens[3], true, func() error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, store, m, tokens := aliceOn(t, 4, 0)
			away := mustCheck(t, m, tokens[0]).key()
			store.refuses = func(key string) bool { return key == away }
			if err := end(m, tokens); CodeOf(err) != CodeStoreUnavailable {
				t.Fatal(err)
			}
			if n := countAlive(t, m, tokens); n != 0 {
				t.Errorf("%d of the sessions that can be reached are alive", n)
			}
			if err := end(m, tokens); CodeOf(err) != CodeStoreUnavailable { // its token is dead by now
				t.Errorf("the second try: %v", err)
			}
			store.refuses = nil
			if err := end(m, tokens); err != nil || countAlive(t, m, tokens) != 0 {
				t.Errorf("when all can be reached: %v, %d are alive", err, countAlive(t, m, tokens))
			}
		})
	}
}

// TestASessionInUseEndsBeforeOthersThatCannotBeReached: a renewal finds that its own
// session was to be ended. It does not even come to one that stands before it.
func TestASessionInUseEndsBeforeOthersThatCannotBeReached(t *testing.T) {
	clock, store, m, tokens := aliceOn(t, 3, 0)
	listEnds(t, m, store, func() error { return m.LogoutUser(t.Context(), "", "alice") })
	away := mustCheck(t, m, tokens[0]).key()
	clock.advance(4 * time.Hour)
	asked := false
	own := mustCheck(t, m, tokens[2]).key()
	store.refuses = func(key string) bool {
		asked = asked || key == own
		return key == away
	}
	asked = false
	_, _ = m.Authenticate(t.Context(), tokens[2])
	store.refuses = nil
	if _, err := m.Check(t.Context(), tokens[2]); CodeOf(err) != CodeSessionRevoked || !asked {
		t.Errorf("the session in use: %v", err)
	}
}

// TestAStoreThatHangsComesToAllThatCanBeReached: each look at a part that is away
// takes the store's time limit, so that an operation does not get past some of them.
func TestAStoreThatHangsComesToAllThatCanBeReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, store, m, tokens := aliceOn(t, 10, 0)
		away := map[string]bool{}
		for _, token := range tokens[:6] {
			key := mustCheck(t, m, token).key()
			away[key] = true
		}
		store.hangs = func(key string) bool { return away[key] }
		for range 3 {
			if err := m.LogoutUser(t.Context(), "", "alice"); CodeOf(err) != CodeStoreUnavailable {
				t.Fatal(err)
			}
		}
		store.hangs = nil
		if n := countAlive(t, m, tokens[6:]); n != 0 {
			t.Errorf("after three tries %d that can be reached are alive", n)
		}
	})
}

// TestAnotherSessionThatCannotBeReachedIsNoneOfARotations: neither the rotation nor
// the first use of its token needs more than the user's record and its own.
func TestAnotherSessionThatCannotBeReachedIsNoneOfARotations(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 2, 0)
	away := mustCheck(t, m, tokens[0]).key()
	next, _ := mustRotate(t, m, tokens[0])
	store.refuses = func(key string) bool { return key == away }
	if _, err := m.Authenticate(t.Context(), next); CodeOf(err) != CodeStoreUnavailable {
		t.Fatalf("the first use of a token whose predecessor cannot be reached: %v", err)
	}
	token, _, err := m.Rotate(t.Context(), tokens[1])
	if err != nil {
		t.Fatalf("another session's rotation: %v", err)
	}
	if _, err := m.Authenticate(t.Context(), token); err != nil {
		t.Errorf("the first use of its token: %v", err)
	}
	u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range u.Entries[1].Records {
		if r.Role == record.Retiring {
			t.Error("what was done for the session that can be reached is not struck off")
		}
	}
}

// silentReplicas is a store that waits for replicas, of which none answers: what ends
// sessions takes place, and fails.
type silentReplicas struct{ Store }

var errSilentReplicas = errors.New("the write took place, and no replica has acknowledged it")

func (s silentReplicas) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	err := s.Store.Swap(ctx, key, old, new, ttl)
	if err == nil && IsRevocation(ctx) {
		err = errSilentReplicas
	}
	return err
}

func (s silentReplicas) Delete(ctx context.Context, key string) error {
	err := s.Store.Delete(ctx, key)
	if err == nil && IsRevocation(ctx) {
		err = errSilentReplicas
	}
	return err
}

// TestWithoutReplicasSessionsEndOnTheMaster, though nobody is told that they have.
func TestWithoutReplicasSessionsEndOnTheMaster(t *testing.T) {
	for name, end := range map[string]func(m *Manager, s *Session) error{
		"LogoutUser":   func(m *Manager, s *Session) error { return m.LogoutUser(context.Background(), "", s.OpenID) },
		"LogoutOthers": func(m *Manager, s *Session) error { return m.LogoutOthers(context.Background(), s) },
		"Revoke":       func(m *Manager, s *Session) error { return m.Revoke(context.Background(), "", s.OpenID, s.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			clock := newTestClock()
			cfg := Config{}
			liftLimits(&cfg)
			m := newTestManager(t, clock, silentReplicas{newMapStore(clock)}, cfg)
			tokens := make([]string, 4)
			for i := range tokens {
				tokens[i], _ = mustLogin(t, m, "alice.key")
			}
			if err := end(m, mustCheck(t, m, tokens[3])); CodeOf(err) != CodeStoreUnavailable {
				t.Fatal(err)
			}
			want := map[string]int{"LogoutUser": 0, "LogoutOthers": 1, "Revoke": 3}[name]
			if n := countAlive(t, m, tokens); n != want {
				t.Errorf("%d sessions are alive, want %d", n, want)
			}
		})
	}
}

// TestWhoeverFinishesARevocationWaitsForReplicas, also a renewal that comes upon it:
// what they have not acknowledged stays on the list.
func TestWhoeverFinishesARevocationWaitsForReplicas(t *testing.T) {
	clock, store, m, tokens := aliceOn(t, 2, 0)
	listEnds(t, m, store, func() error { return m.LogoutUser(t.Context(), "", "alice") })
	store.Store = silentReplicas{store.Store}
	clock.advance(4 * time.Hour)
	_, _ = m.Authenticate(t.Context(), tokens[0])
	u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
	if err != nil || len(u.Pending) != 2 {
		t.Errorf("%d are to be ended, want 2: %v", len(u.Pending), err)
	}
}

// TestAUserAtTheCapLogsInOnASlowStore: none of these could read all sessions in time.
func TestAUserAtTheCapLogsInOnASlowStore(t *testing.T) {
	for _, c := range []struct {
		sessions, rotations int
		latency             time.Duration
	}{
		{600, 0, 4 * time.Millisecond}, {100, 0, 20 * time.Millisecond},
		{10, 8, 24 * time.Millisecond}, {10, 0, 150 * time.Millisecond},
	} {
		t.Run(strconv.Itoa(c.sessions)+" sessions, "+c.latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, store, m, tokens := aliceOn(t, c.sessions, c.rotations)
				m.cfg.MaxSessions = c.sessions
				store.latency = c.latency
				if _, _, err := m.Login(t.Context(), LoginRequest{Code: "alice.key"}); err != nil {
					t.Fatal(err)
				}
				store.latency = 0
				if _, err := m.Check(t.Context(), tokens[0]); CodeOf(err) != CodeSessionRevoked {
					t.Errorf("the oldest session: %v", err)
				}
				if n := countAlive(t, m, tokens); n != c.sessions-1 {
					t.Errorf("%d of the others are alive, want %d", n, c.sessions-1)
				}
			})
		})
	}
}

// TestASessionIsFoundAliveByOneRead, whatever rotations have left beside it, and one
// at its end by none.
func TestASessionIsFoundAliveByOneRead(t *testing.T) {
	clock, store, m, tokens := aliceOn(t, 3, maxSuccessors)
	reads := 0
	store.refuses = func(key string) bool {
		if isSession(key) {
			reads++
		}
		return false
	}
	list, err := m.Sessions(t.Context(), "", "alice")
	if err != nil || len(list) != len(tokens) || reads != len(tokens) {
		t.Errorf("%d sessions by %d reads: %v", len(list), reads, err)
	}
	clock.advance(m.cfg.Lifetime)
	reads = 0
	u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	found, dead, err := m.readSessions(t.Context(), u.user)
	if err != nil || len(found) != 0 || len(dead) != 3*(1+maxSuccessors) || reads != 0 {
		t.Errorf("%d alive, %d dead by %d reads: %v", len(found), len(dead), reads, err)
	}
}

// TestAListThatFailsClearsAwayWhatItHasFound, so that a list of dead sessions that is
// too long for one try gets shorter.
func TestAListThatFailsClearsAwayWhatItHasFound(t *testing.T) {
	clock, store, m, tokens := aliceOn(t, 3, 2)
	last := mustCheck(t, m, tokens[2]).key()
	clock.advance(m.cfg.IdleTimeout)
	store.refuses = func(key string) bool { return key == last }
	if _, err := m.Sessions(t.Context(), "", "alice"); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
	if err != nil || len(u.Entries) != 1 {
		t.Errorf("%d sessions are listed, want 1: %v", len(u.Entries), err)
	}
}
