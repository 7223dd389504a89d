package weblogin

import (
	"context"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// keeping notes for how long the last value is kept.
type keeping struct {
	core.Store
	ttl time.Duration
}

func (k *keeping) Swap(_ context.Context, _ string, _, _ []byte, ttl time.Duration) error {
	k.ttl = ttl
	return nil
}

// The store must not forget an attempt before it ends, though the clock of who
// moved it last was ahead; nor refuse a move because a moment has passed.
func TestTheStoreKeepsAnAttemptForLongerThanItLives(t *testing.T) {
	began := time.Unix(1_700_000_000, 0)
	a := attempt{Version: attemptVersion, State: pending, Secret: make([]byte, hashBytes), Created: began.UnixMilli()}
	for _, skew := range []time.Duration{0, 5 * time.Second, attemptLife + time.Second} {
		store := new(keeping)
		now := func() time.Time { return began.Add(skew) }
		as := &attempts{store: store, now: now, moved: func(string) {}}
		if _, err := as.create(t.Context(), "id", a); err != nil {
			t.Fatal(err)
		}
		if store.ttl <= attemptLife {
			t.Errorf("made: it is kept for %v", store.ttl)
		}
		if err := as.move(t.Context(), "id", found{a, nil}, a.with(scanned)); err != nil {
			t.Fatal(err)
		}
		if left := attemptLife - skew; store.ttl <= max(0, left)+5*time.Second {
			t.Errorf("moved by a clock that is ahead by %v: it is kept for %v, and lives for %v", skew, store.ttl, left)
		}
	}
}
