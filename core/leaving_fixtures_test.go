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
	items  *mapStore
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
