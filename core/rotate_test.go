package core

import (
	"testing"
	"time"
)

// crashAfter lets the n-th write from now on be the last call that succeeds, as
// if the process ended after it; its successor sets plan to nil.
func (s *faultyStore) crashAfter(n int) {
	last, gone := s.swaps+n, false
	s.plan = func(int) fault {
		if gone {
			return failsFirst
		}
		gone = s.swaps == last
		return works
	}
}

// rotatedInACrash returns a token whose first use ended in a crash, after the
// index had decided it, and the one before.
func rotatedInACrash(t *testing.T, m *Manager, store *faultyStore) (fresh, old string) {
	t.Helper()
	old, _ = mustLogin(t, m, "alice")
	fresh, _ = mustRotate(t, m, old)
	store.crashAfter(1)
	if _, err := m.Authenticate(t.Context(), fresh); CodeOf(err) != StoreUnavailable {
		t.Fatalf("the crash: %v", err)
	}
	store.plan = nil
	return fresh, old
}

func TestASessionThatDiedInACrashPushesOutNobody(t *testing.T) {
	clock := newTestClock()
	store := &faultyStore{Store: newMapStore(clock)}
	m := newTestManager(t, clock, store, Config{IdleTimeout: 100 * time.Second, MaxSessions: 2})
	living, _ := mustLogin(t, m, "alice")
	clock.advance(time.Second)
	rotatedInACrash(t, m, store)
	for range 3 {
		clock.advance(40 * time.Second)
		if _, err := m.Authenticate(t.Context(), living); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := m.Sessions(t.Context(), testAppID, "alice"); err != nil || len(list) != 1 {
		t.Errorf("%d sessions are listed, %v", len(list), err)
	}
	u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
	if err != nil || len(u.Entries) != 1 || u.unfinished() {
		t.Errorf("the index still has what is dead: %+v, %v", u.Entries, err)
	}
	mustLogin(t, m, "alice")
	mustCheck(t, m, living)
}

// The store may keep for a while longer what has expired.
func TestWhatExpiredInACrashIsNotRevived(t *testing.T) {
	clock := newTestClock()
	items := newMapStore(clock)
	items.slack = 2 * time.Second
	store := &faultyStore{Store: items}
	m := newTestManager(t, clock, store, Config{IdleTimeout: 100 * time.Second})
	fresh, _ := rotatedInACrash(t, m, store)
	clock.advance(100 * time.Second)
	mustLogin(t, m, "alice") // finishes what the crash left
	for range 2 {
		if s, err := m.Authenticate(t.Context(), fresh); CodeOf(err) != InvalidSession {
			t.Errorf("unused for as long as a session lives, it is alive until %v, %v", s.ExpiresAt(), err)
		}
	}
}
