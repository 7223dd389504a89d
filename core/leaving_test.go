package core

import (
	"context"
	"testing"
	"time"
)

// unwritable takes no write of some keys, which can be read; it may stop taking
// deletes after some.
type unwritable struct {
	Store
	away    map[string]bool
	deletes int // that it takes; -1: all
}

func unwritableOn(store *slowStore) *unwritable {
	u := &unwritable{store.Store, map[string]bool{}, -1}
	store.Store = u
	return u
}

func (s *unwritable) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if s.away[key] || s.deletes == 0 && isSession(key) {
		return errInjected
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func (s *unwritable) Delete(ctx context.Context, key string) error {
	if s.away[key] || s.deletes == 0 {
		return errInjected
	}
	if s.deletes > 0 {
		s.deletes--
	}
	return s.Store.Delete(ctx, key)
}

// back makes everything writable.
func (s *unwritable) back() { s.away, s.deletes = map[string]bool{}, -1 }

// leaving is what the cases below have: the store; a session's tokens, the first being
// its login's; its web session's.
type leaving struct {
	t      *testing.T
	clock  *testClock
	m      *Manager
	slow   *slowStore
	store  *unwritable
	tokens []string
	web    string
	ws     *Session
}

// rotate returns a newer token of the session, which is in use.
func (l *leaving) rotate() string {
	l.t.Helper()
	next, _ := mustRotate(l.t, l.m, l.tokens[0])
	mustAuthenticate(l.t, l.m, next)
	l.tokens = append(l.tokens, next)
	return next
}

// refused asks for something that the store cannot do.
func (l *leaving) refused(err error) {
	l.t.Helper()
	if CodeOf(err) != CodeStoreUnavailable {
		l.t.Fatalf("%v; want %q", err, CodeStoreUnavailable)
	}
}

func (l *leaving) logout(token string) error { return l.m.Logout(l.t.Context(), token) }

func (l *leaving) logoutUser() error { return l.m.LogoutUser(l.t.Context(), "", "alice") }

func (l *leaving) webAway() { l.store.away[l.ws.key()] = true }

// TestALogoutThatSucceedsHasEndedTheSession: what came before has not ended all of it,
// and left it in this order or that. Then a client logs out with the token returned.
func TestALogoutThatSucceedsHasEndedTheSession(t *testing.T) {
	for name, before := range map[string]func(l *leaving) (token string){
		"its web session has logged out after it": func(l *leaving) string {
			l.webAway()
			l.refused(l.logout(l.tokens[0]))
			l.refused(l.logout(l.web))
			return l.tokens[0]
		},
		"the same by crashes only": func(l *leaving) string {
			l.store.deletes = 0
			l.refused(l.logout(l.tokens[0]))
			l.store.deletes = 1
			_ = l.logout(l.web)
			l.store.back()
			return l.tokens[0]
		},
		"everybody has been logged out after it": func(l *leaving) string {
			l.webAway()
			l.refused(l.logout(l.tokens[0]))
			l.refused(l.logoutUser())
			return l.tokens[0]
		},
		"one of its tokens had given way to newer ones": func(l *leaving) string {
			first, s := mustRotate(l.t, l.m, l.tokens[0])
			l.store.away[s.key()] = true
			for range maxSuccessors {
				mustRotate(l.t, l.m, l.tokens[0])
			}
			l.webAway()
			l.refused(l.logout(first))
			return l.tokens[0]
		},
		"a hand-over could not end the web session": func(l *leaving) string {
			ticket, err := l.m.NewTicket(l.t.Context(), mustCheck(l.t, l.m, l.tokens[0]))
			if err != nil {
				l.t.Fatal(err)
			}
			l.webAway()
			_, _, err = l.m.RedeemTicket(l.t.Context(), ticket, "web")
			l.refused(err)
			l.refused(l.logout(l.tokens[0]))
			return l.tokens[0]
		},
		"another device could not end the web session": func(l *leaving) string {
			l.slow.refuses = func(key string) bool { return key == l.ws.key() }
			l.refused(l.m.Revoke(l.t.Context(), "", "alice", l.ws.ID))
			l.refused(l.logout(l.tokens[0]))
			return l.tokens[0]
		},
		"the older token has asked, and stayed": func(l *leaving) string {
			next, _ := mustRotate(l.t, l.m, l.tokens[0])
			l.store.away[recordKey(l.tokens[0])] = true
			l.refused(l.logout(l.tokens[0]))
			return next
		},
		"the older token has asked, and a crash came": func(l *leaving) string {
			next, _ := mustRotate(l.t, l.m, l.tokens[0])
			l.store.deletes = 1
			_ = l.logout(l.tokens[0])
			l.store.back()
			return next
		},
		"the newer token has asked, and a crash came": func(l *leaving) string {
			next := l.rotate()
			l.store.deletes = 1
			_ = l.logout(next)
			l.store.back()
			return l.tokens[0]
		},
		"a token that had given way has asked": func(l *leaving) string {
			first, s := mustRotate(l.t, l.m, l.tokens[0])
			l.store.away[s.key()] = true
			for range maxSuccessors {
				mustRotate(l.t, l.m, l.tokens[0])
			}
			l.store.away = map[string]bool{l.ws.key(): true}
			l.refused(l.logout(first))
			return first
		},
		"everybody has been logged out, in a store that had filled up": func(l *leaving) string {
			l.webAway()
			l.refused(l.logout(l.tokens[0]))
			l.slow.Store = noRoom{l.slow.Store}
			l.refused(l.logoutUser())
			return l.tokens[0]
		},
		"there was no room for tombstones": func(l *leaving) string {
			next := l.rotate()
			l.slow.Store = &fullFor{l.slow.Store, isSession}
			l.store.away[recordKey(next)] = true
			l.refused(l.logout(l.tokens[0]))
			return l.tokens[0]
		},
		"its tombstone has stood for a day": func(l *leaving) string {
			l.webAway()
			for range 25 {
				l.refused(l.logout(l.tokens[0]))
				l.clock.advance(time.Hour)
			}
			return l.tokens[0]
		},
		"it has expired meanwhile": func(l *leaving) string {
			next := l.rotate()
			l.clock.advance(l.m.cfg.IdleTimeout - time.Minute)
			mustAuthenticate(l.t, l.m, l.web)
			l.clock.advance(2 * time.Minute)
			l.webAway()
			l.refused(l.logout(next))
			return next
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock, slow, m, tokens := aliceOn(t, 1, 0)
			slow.Store.(*mapStore).slack = 24 * time.Hour // a store may keep a value for longer than its ttl
			l := &leaving{t: t, clock: clock, m: m, slow: slow, store: unwritableOn(slow), tokens: tokens}
			l.web, l.ws = mustHandOver(t, m, tokens[0])
			token := before(l)
			all := append(l.tokens, token, l.web)
			if err := l.logout(token); err == nil && countAlive(t, m, all) != 0 {
				t.Error("the client has heard of a success, and the session or its web session lives")
			}
			l.store.back()
			slow.refuses = nil
			if err := l.logout(token); err != nil {
				t.Errorf("with all parts of the store back: %v", err)
			}
			if n := countAlive(t, m, all); n != 0 {
				t.Errorf("with all parts of the store back %d tokens are good", n)
			}
		})
	}
}

func mustAuthenticate(t *testing.T, m *Manager, token string) {
	t.Helper()
	if _, err := m.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}

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
