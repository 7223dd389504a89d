package core

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// testClock is the time of a manager and of its store.
type testClock struct {
	ms            atomic.Int64
	reads, jumpAt atomic.Int64 // at which read a millisecond passes; 0: at none
}

// newTestClock starts at a time whose milliseconds are not zero, so that one
// that got lost somewhere shows.
func newTestClock() *testClock {
	c := new(testClock)
	c.ms.Store(time.Date(2026, 3, 1, 12, 0, 0, int(345*time.Millisecond), time.UTC).UnixMilli())
	return c
}

func (c *testClock) Now() time.Time {
	if c.reads.Add(1) == c.jumpAt.Load() {
		c.ms.Add(1)
	}
	return time.UnixMilli(c.ms.Load())
}

func (c *testClock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// mapStore is the Store contract and nothing else, on a testClock.
type mapStore struct {
	now   func() time.Time
	slack time.Duration // by which values outlive their ttl
	mu    sync.Mutex
	items map[string]mapItem
}

type mapItem struct {
	value []byte // replaced, never changed
	until time.Time
}

func newMapStore(clock *testClock) *mapStore {
	return &mapStore{now: clock.Now, items: map[string]mapItem{}}
}

func (s *mapStore) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(key)
}

func (s *mapStore) get(key string) ([]byte, error) {
	it, ok := s.items[key]
	if !ok || !s.now().Before(it.until) {
		return nil, ErrNotFound
	}
	return it.value, nil
}

func (s *mapStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ttl <= 0 {
		return errors.New("the ttl is not positive")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.get(key)
	if (old == nil) != (err != nil) || string(current) != string(old) {
		return ErrConflict
	}
	s.items[key] = mapItem{append([]byte{}, new...), s.now().Add(ttl + s.slack)}
	return nil
}

func (s *mapStore) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, key)
	return nil
}

// snapshot and restore let a test look into several futures of one store.
func (s *mapStore) snapshot() map[string]mapItem        { return maps.Clone(s.items) }
func (s *mapStore) restore(snapshot map[string]mapItem) { s.items = maps.Clone(snapshot) }

// fault is what happens to a call of a store.
type fault int

const (
	works      fault = iota
	failsFirst       // the caller gets an error, nothing has changed
	failsAfter       // the caller gets an error, the call took effect
	failsLate        // the caller gets an error, the call takes effect some time later
	crashes          // the call took effect, and its caller is never heard of again
	abandoned        // the call never happens, and its caller is never heard of again
)

var errInjected = errors.New("injected failure of the store")

// faultyStore counts the calls of a store and lets some fail.
type faultyStore struct {
	Store
	plan func(n int) fault // of the n-th call, from 1; nil: all work

	mu                   sync.Mutex
	gets, swaps, deletes int
}

func (s *faultyStore) calls() int { return s.gets + s.swaps + s.deletes }

func (s *faultyStore) do(count *int, call func() error) error {
	s.mu.Lock()
	*count++
	f := works
	if s.plan != nil {
		f = s.plan(s.calls())
	}
	s.mu.Unlock()
	if f == failsFirst {
		return errInjected
	}
	err := call()
	if f == failsAfter {
		return errInjected
	}
	return err
}

func (s *faultyStore) Get(ctx context.Context, key string) (value []byte, err error) {
	err = s.do(&s.gets, func() error {
		value, err = s.Store.Get(ctx, key)
		return err
	})
	return value, err
}

func (s *faultyStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	return s.do(&s.swaps, func() error { return s.Store.Swap(ctx, key, old, new, ttl) })
}

func (s *faultyStore) Delete(ctx context.Context, key string) error {
	return s.do(&s.deletes, func() error { return s.Store.Delete(ctx, key) })
}

// nameSource reads identities off the code: "openid", or "openid.session_key".
type nameSource struct{}

func (nameSource) Identify(_ context.Context, r LoginRequest) (Identity, error) {
	openID, key, _ := strings.Cut(r.Code, ".")
	return Identity{OpenID: openID, SessionKey: wxapi.Secret(key)}, nil
}

const testAppID = "wx0123456789abcdef"

// newTestManager returns a manager that asks nobody but store. Fields that cfg
// leaves zero have their defaults.
func newTestManager(t testing.TB, clock *testClock, store Store, cfg Config) *Manager {
	t.Helper()
	cfg.AppID, cfg.Now = testAppID, clock.Now
	if !isIdentified(&cfg) {
		identifyBy(&cfg, nameSource{})
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	m, err := New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// mustLogin logs in with code.
func mustLogin(t testing.TB, m *Manager, code string) (string, *Session) {
	t.Helper()
	token, s, err := m.Login(t.Context(), LoginRequest{Code: code})
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

// mustCheck returns the session of token.
func mustCheck(t testing.TB, m *Manager, token string) *Session {
	t.Helper()
	s, err := m.Check(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mustRotate rotates token.
func mustRotate(t testing.TB, m *Manager, token string) (string, *Session) {
	t.Helper()
	token, s, err := m.Rotate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}
