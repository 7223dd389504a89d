package redis

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

const (
	// maxInFlight stays below the 1024 places of rueidis' queue per connection:
	// beyond those a caller waits without looking at its deadline. With round
	// trips of 1 ms it allows half a million calls per second.
	maxInFlight = 512

	// After maxSilent calls in a row without an answer, calls fail at once, but
	// for one in each pause that tries its luck.
	maxSilent = 8
	pause     = 250 * time.Millisecond

	// patience is how long a call must have waited for its silence to mean
	// something: callers may have much shorter deadlines than the store's.
	patience = 100 * time.Millisecond
)

var errSilent = errors.New("the server has not answered lately; not asking for a moment")

// guard keeps callers from piling up behind a server that does not answer.
type guard struct {
	places chan struct{}
	silent atomic.Int32              // calls in a row without an answer
	until  atomic.Pointer[time.Time] // while set, only one call per pause passes
}

func newGuard() *guard { return &guard{places: make(chan struct{}, maxInFlight)} }

// enter waits for a place, at most until ctx ends.
func (g *guard) enter(ctx context.Context, now time.Time) error {
	if !g.passes(now) {
		return errSilent
	}
	select {
	case g.places <- struct{}{}:
		return nil
	default:
	}
	select {
	case g.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *guard) passes(now time.Time) bool {
	until := g.until.Load()
	if until == nil {
		return true
	}
	if now.Before(*until) {
		return false
	}
	next := now.Add(pause)
	return g.until.CompareAndSwap(until, &next)
}

// leave gives the place back and draws its conclusions from the call's outcome.
func (g *guard) leave(began time.Time, err error) {
	<-g.places
	switch {
	case !isSilence(err):
		if g.silent.Load() != 0 && !errors.Is(err, context.Canceled) {
			g.silent.Store(0)
			g.until.Store(nil)
		}
	case time.Since(began) >= patience:
		if g.silent.Add(1) >= maxSilent {
			next := time.Now().Add(pause)
			g.until.Store(&next)
		}
	}
}
