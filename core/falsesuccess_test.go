package core

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// mustHandOver returns the token of a web session that token has handed over.
func mustHandOver(t *testing.T, m *Manager, token string) (string, *Session) {
	t.Helper()
	s, err := m.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := m.NewTicket(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	web, ws, err := m.RedeemTicket(t.Context(), ticket, "web")
	if err != nil {
		t.Fatal(err)
	}
	return web, ws
}

// TestNoTokenOfASessionHearsOfASuccessWhileOthersLive: its web session cannot be
// reached when it is ended. Then a client logs out with any of its tokens.
func TestNoTokenOfASessionHearsOfASuccessWhileOthersLive(t *testing.T) {
	for name, end := range map[string]func(m *Manager, old string) error{
		"logged out with the older token": func(m *Manager, old string) error { return m.Logout(context.Background(), old) },
		"ended by another device": func(m *Manager, old string) error {
			s, err := m.Check(context.Background(), old)
			if err != nil {
				return err
			}
			return m.Revoke(context.Background(), "", "alice", s.ID)
		},
		"logged out everywhere": func(m *Manager, _ string) error { return m.LogoutUser(context.Background(), "", "alice") },
	} {
		t.Run(name, func(t *testing.T) {
			_, store, m, tokens := aliceOn(t, 9, 2) // more records than tombstones are kept
			old := tokens[0]
			next, _ := mustRotate(t, m, old)
			web, ws := mustHandOver(t, m, next)
			away := true
			store.refuses = func(key string) bool { return away && key == ws.key() }
			if err := end(m, old); CodeOf(err) != CodeStoreUnavailable {
				t.Fatal(err)
			}
			for _, token := range []string{next, old} {
				err := m.Logout(t.Context(), token)
				away = false
				if _, errWeb := m.Check(t.Context(), web); err == nil && errWeb == nil {
					t.Error("a client heard of a success, and its web session lives")
				}
				away = true
			}
		})
	}
}

// TestAFullStoreEndsWhatWasHandedOverFirst: it leaves nobody a word.
func TestAFullStoreEndsWhatWasHandedOverFirst(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 2, 0)
	s := mustCheck(t, m, tokens[0])
	web, ws := mustHandOver(t, m, tokens[0])
	away := true
	store.refuses = func(key string) bool { return away && key == ws.key() }
	store.Store = noRoom{store.Store}
	if err := m.Revoke(t.Context(), "", "alice", s.ID); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	err := m.Logout(t.Context(), tokens[0])
	away = false
	if _, errWeb := m.Check(t.Context(), web); err == nil && errWeb == nil {
		t.Error("the client heard of a success, and its web session lives")
	}
}

type noRoom struct{ Store }

func (noRoom) Swap(context.Context, string, []byte, []byte, time.Duration) error { return ErrFull }

// TestARevokedTokenEndsNobodyElse: another device has ended its session, and nobody has
// come to it yet.
func TestARevokedTokenEndsNobodyElse(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 3, 0)
	id := mustCheck(t, m, tokens[0]).ID
	listEnds(t, m, store, func() error { return m.Revoke(t.Context(), "", "alice", id) })
	if err := m.logout(t.Context(), tokens[0], true, func() error { return nil }); err != nil {
		t.Error(err)
	}
	if n := countAlive(t, m, tokens[1:]); n != 2 || countAlive(t, m, tokens[:1]) != 0 {
		t.Errorf("%d of 2 others are alive", n)
	}
}

// TestAFreshSessionWhoseIndexIsLostGetsATicket: it is what Rotate has returned.
func TestAFreshSessionWhoseIndexIsLostGetsATicket(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 1, 0)
	_, s := mustRotate(t, m, tokens[0])
	items := store.Store.(*mapStore)
	for key := range items.items {
		if strings.HasPrefix(key, record.UserPrefix) {
			delete(items.items, key)
		}
	}
	if _, err := m.NewTicket(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// TestATokenThatRetiresGetsNoTicket: nobody has carried out yet that it does.
func TestATokenThatRetiresGetsNoTicket(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 1, 0)
	s := mustCheck(t, m, tokens[0])
	next, _ := mustRotate(t, m, tokens[0])
	store.refuses = func(key string) bool { return key == s.key() }
	if _, err := m.Authenticate(t.Context(), next); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	store.refuses = nil
	if _, err := m.NewTicket(t.Context(), s); CodeOf(err) != CodeInvalidSession {
		t.Error(err)
	}
}

// TestNobodyTakesATurnTwice: the session that Rotate has returned logs out others. It
// lives at the first look; then another log-out lists it, and ends what it follows. On
// a store of this process nothing would end the wait for one's own turn.
func TestNobodyTakesATurnTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, store, m, tokens := aliceOn(t, 1, 0)
		old := mustCheck(t, m, tokens[0]).key()
		_, s := mustRotate(t, m, tokens[0])
		inner := store.Store
		other := newTestManager(t, newTestClock(), inner, Config{})
		store.Store = &beforeGet{inner, s.userKey(), func() {
			u, err := other.editUser(t.Context(), s.userKey(), func(u *user) error { other.endAll(u); return nil })
			if err != nil || len(u.Pending) != 2 {
				t.Error(err, u.Pending)
			}
			if err := other.delete(t.Context(), old); err != nil {
				t.Error(err)
			}
		}}
		began := time.Now()
		if err := m.LogoutOthers(t.Context(), s); err != nil || time.Since(began) > 0 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// beforeGet runs something before the first Get of a key.
type beforeGet struct {
	Store
	key string
	run func()
}

func (s *beforeGet) Get(ctx context.Context, key string) ([]byte, error) {
	if key == s.key && s.run != nil {
		run := s.run
		s.run = nil
		run()
	}
	return s.Store.Get(ctx, key)
}
