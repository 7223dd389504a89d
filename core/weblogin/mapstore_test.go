package weblogin_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// mapStore is the contract of a store and nothing else. It stands for one
// outside of the process, and works in a synctest bubble.
type mapStore struct {
	now   func() time.Time
	mu    sync.Mutex
	items map[string]mapItem
}

type mapItem struct {
	value []byte // replaced, never changed
	until time.Time
}

func newMapStore(now func() time.Time) *mapStore {
	return &mapStore{now: now, items: map[string]mapItem{}}
}

func (s *mapStore) get(key string) ([]byte, error) {
	item, ok := s.items[key]
	if !ok || !s.now().Before(item.until) {
		return nil, core.ErrNotFound
	}
	return item.value, nil
}

func (s *mapStore) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(key)
}

func (s *mapStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	current, err := s.get(key)
	if (old == nil) != (err != nil) || string(current) != string(old) {
		return core.ErrConflict
	}
	s.items[key] = mapItem{append([]byte{}, new...), s.now().Add(ttl)}
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

func (s *mapStore) snapshot() map[string]mapItem { return maps.Clone(s.items) }

// bubble is a website without a network: in a synctest bubble its time is the
// bubble's.
type bubble struct {
	*site
	store *failing
	cfg   core.Config
}

func newBubble(t testing.TB, change func(*core.Config)) *bubble {
	t.Helper()
	b := &bubble{store: &failing{Store: newMapStore(time.Now)}, cfg: quietConfig()}
	if change != nil {
		change(&b.cfg)
	}
	b.site = b.other(t)
	return b
}

// other makes another process.
func (b *bubble) other(t testing.TB) *site { return newSite(t, b.cfg, b.store, nil) }

func (s *site) sign(t testing.TB, openID string) string {
	t.Helper()
	token, _, err := s.wx.Login(t.Context(), core.LoginRequest{Code: openID})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// actAll carries out actions one after the other.
func (s *site) actAll(t testing.TB, token, id string, actions ...string) {
	t.Helper()
	for _, do := range actions {
		s.act(t.Context(), token, id, do).want(t, do, 200, "")
	}
}
