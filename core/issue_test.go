package core

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// meeting is a store in which the first write of a session and the read of its
// user's record wait for each other.
type meeting struct {
	Store
	reading, writing chan struct{}
}

func meet(ctx context.Context, here, there chan struct{}) error {
	close(here)
	select {
	case <-there:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *meeting) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.HasPrefix(key, record.UserPrefix) {
		if err := meet(ctx, s.reading, s.writing); err != nil {
			return nil, err
		}
	}
	return s.Store.Get(ctx, key)
}

func (s *meeting) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if old == nil && strings.HasPrefix(key, record.SessionPrefix) {
		if err := meet(ctx, s.writing, s.reading); err != nil {
			return err
		}
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// TestALoginTakesTwoRoundTrips: the session is stored while the user's record is
// read; then that is written.
func TestALoginTakesTwoRoundTrips(t *testing.T) {
	clock := newTestClock()
	counted := &faultyStore{Store: &meeting{newMapStore(clock), make(chan struct{}), make(chan struct{})}}
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
