package core

import (
	"context"
	"testing"
	"time"
)

// TestALogoutDoesNotWaitForAnotherSessions: that one's web session cannot be reached.
func TestALogoutDoesNotWaitForAnotherSessions(t *testing.T) {
	_, slow, m, tokens := aliceOn(t, 2, 0)
	store := unwritableOn(slow)
	two := mustCheck(t, m, tokens[1])
	_, ws := mustHandOver(t, m, tokens[0])
	store.away[two.key()] = true // for a moment
	if err := m.Logout(t.Context(), tokens[1]); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	store.away = map[string]bool{ws.key(): true}
	if err := m.Logout(t.Context(), tokens[0]); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	_ = m.Logout(t.Context(), tokens[1])
	if n := countAlive(t, m, tokens); n != 0 {
		t.Errorf("%d of two sessions that can be reached are alive", n)
	}
}

// TestALogoutEverywhereAfterOneThatWasNotDone: the first was listed, and then its client
// was away. The token is good.
func TestALogoutEverywhereAfterOneThatWasNotDone(t *testing.T) {
	_, slow, m, tokens := aliceOn(t, 2, 0)
	listEnds(t, m, slow, func() error {
		slow.refuses = nil
		store := unwritableOn(slow)
		defer store.back()
		store.deletes = 0
		return m.Logout(t.Context(), tokens[0])
	})
	if countAlive(t, m, tokens) != 2 {
		t.Fatal("the test needs both sessions")
	}
	if err := logoutEverywhere(t.Context(), m, tokens[0]); err != nil {
		t.Error(err)
	}
	if n := countAlive(t, m, tokens); n != 0 {
		t.Errorf("%d sessions are alive", n)
	}
}

// TestALogoutEverywhereFindsNoRoom for the tombstone of the token that asks, and another
// session cannot be reached.
func TestALogoutEverywhereFindsNoRoom(t *testing.T) {
	_, slow, m, tokens := aliceOn(t, 2, 0)
	own, other := mustCheck(t, m, tokens[0]), mustCheck(t, m, tokens[1])
	slow.Store = &fullFor{slow.Store, func(key string) bool { return key == own.key() }}
	slow.refuses = func(key string) bool { return key == other.key() }
	for range 2 {
		if err := logoutEverywhere(t.Context(), m, tokens[0]); CodeOf(err) != CodeStoreUnavailable {
			t.Errorf("%v; want %q", err, CodeStoreUnavailable)
		}
	}
	slow.refuses = nil
	if err := logoutEverywhere(t.Context(), m, tokens[0]); err != nil || countAlive(t, m, tokens) != 0 {
		t.Errorf("with the other one back: %v, and %d alive", err, countAlive(t, m, tokens))
	}
}

// fullFor has no room for some keys.
type fullFor struct {
	Store
	full func(key string) bool
}

func (s *fullFor) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if s.full(key) {
		return ErrFull
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// TestWhatWaitsForOneEndIsBounded: that one cannot be reached, and the user logs in and
// out as ever.
func TestWhatWaitsForOneEndIsBounded(t *testing.T) {
	_, slow, m, tokens := aliceOn(t, 1, 0)
	store := unwritableOn(slow)
	_, ws := mustHandOver(t, m, tokens[0])
	store.away[ws.key()] = true
	for range 50 {
		token, _ := mustLogin(t, m, "alice.key")
		if _, err := m.Check(t.Context(), tokens[0]); err == nil {
			tokens = append(tokens, token)
			token = tokens[0]
		}
		if err := m.Logout(t.Context(), token); CodeOf(err) != CodeStoreUnavailable {
			t.Fatal(err)
		}
	}
	u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
	if most := 2*m.cfg.MaxSessions + 2; err != nil || len(u.Pending) > most {
		t.Errorf("%d ends are listed, %v; want %d at most", len(u.Pending), err, most)
	}
}

// TestAFullStoreEndsWhatItCan: one record cannot be reached.
func TestAFullStoreEndsWhatItCan(t *testing.T) {
	_, slow, m, tokens := aliceOn(t, 4, 0)
	away := mustCheck(t, m, tokens[0]).key()
	slow.refuses = func(key string) bool { return key == away }
	slow.Store = noRoom{slow.Store}
	if err := m.LogoutUser(t.Context(), "", "alice"); CodeOf(err) != CodeStoreUnavailable {
		t.Error(err)
	}
	if n := countAlive(t, m, tokens[1:]); n != 0 {
		t.Errorf("%d of those that can be reached are alive", n)
	}
}

// TestAListThatCannotBeClearedIsShown.
func TestAListThatCannotBeClearedIsShown(t *testing.T) {
	clock, slow, m, tokens := aliceOn(t, 3, 0)
	clock.advance(m.cfg.IdleTimeout - time.Hour)
	mustAuthenticate(t, m, tokens[2])
	clock.advance(2 * time.Hour)
	slow.Store = noRoom{slow.Store}
	if list, err := m.Sessions(t.Context(), "", "alice"); err != nil || len(list) != 1 {
		t.Errorf("%d sessions, %v; want the one that lives", len(list), err)
	}
}

// TestAFirstUseBesideALogoutWhoseIndexIsLost: the log-out knows of nobody that follows.
func TestAFirstUseBesideALogoutWhoseIndexIsLost(t *testing.T) {
	clock, slow, m, tokens := aliceOn(t, 1, 0)
	s := mustCheck(t, m, tokens[0])
	next, _ := mustRotate(t, m, tokens[0])
	if err := slow.Delete(t.Context(), s.userKey()); err != nil {
		t.Fatal(err)
	}
	other := newTestManager(t, clock, slow.Store, Config{})
	between := &beforeDelete{Store: slow.Store, key: s.key()}
	between.run = func() { _, _ = other.Authenticate(t.Context(), next) }
	slow.Store = between
	if err := m.Logout(t.Context(), tokens[0]); err != nil {
		t.Fatal(err)
	}
	if between.run != nil {
		t.Fatal("nothing came in between")
	}
	if n := countAlive(t, m, []string{next}); n != 0 {
		t.Error("the log-out succeeded, and the session lives by its newer token")
	}
}

// beforeDelete lets something happen before a key is deleted.
type beforeDelete struct {
	Store
	key string
	run func()
}

func (s *beforeDelete) Delete(ctx context.Context, key string) error {
	if run := s.run; run != nil && key == s.key {
		s.run = nil
		run()
	}
	return s.Store.Delete(ctx, key)
}

// TestAFirstUseDoesWithoutItsSiblings: two rotations at once, and the record of the token
// that nobody uses cannot be reached.
func TestAFirstUseDoesWithoutItsSiblings(t *testing.T) {
	_, slow, m, tokens := aliceOn(t, 1, 0)
	next, _ := mustRotate(t, m, tokens[0])
	_, sibling := mustRotate(t, m, tokens[0])
	slow.refuses = func(key string) bool { return key == sibling.key() }
	if _, err := m.Authenticate(t.Context(), next); err != nil {
		t.Error(err)
	}
}
