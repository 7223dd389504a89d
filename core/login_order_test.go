package core

import (
	"context"
	"strings"
	"testing"
	"time"
)

// meeting is a store in which the first write of a session waits until the
// user's record is being read.
type meeting struct {
	Store
	reading chan struct{}
}

func (s *meeting) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.HasPrefix(key, userPrefix) {
		close(s.reading)
	}
	return s.Store.Get(ctx, key)
}

func (s *meeting) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if old == nil && strings.HasPrefix(key, sessionPrefix) {
		select {
		case <-s.reading:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// TestALoginTakesTwoRoundTrips: the session is stored while the user's record is
// read; then that is written.
func TestALoginTakesTwoRoundTrips(t *testing.T) {
	clock := newTestClock()
	counted := &faultyStore{Store: &meeting{newMapStore(clock), make(chan struct{})}}
	m := newTestManager(t, clock, counted, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, _, err := m.Login(ctx, LoginRequest{Code: "alice"}); err != nil {
		t.Fatalf("Login: %v; want that it reads while it writes", err)
	}
	if counted.gets != 1 || counted.swaps != 2 || counted.deletes != 0 {
		t.Errorf("%d gets, %d swaps, %d deletes; want 1, 2, 0", counted.gets, counted.swaps, counted.deletes)
	}
}
