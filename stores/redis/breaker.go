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

	// After maxSilent calls in a row without an answer the breaker opens: calls fail
	// at once, but for one in each pause that tries its luck.
	maxSilent = 8
	pause     = 250 * time.Millisecond

	// patience is how long a call must have waited for its silence to mean
	// something: callers may have much shorter deadlines than the store's.
	patience = 100 * time.Millisecond
)

var (
	errOpen = errors.New("the server has not answered lately; not asking for a moment")
	errBusy = errors.New("too many calls are under way; no turn in time")
)

// breaker is a circuit breaker: it keeps callers from piling up behind a server
// that does not answer.
type breaker struct {
	slots    chan struct{} // one for each call in flight
	start    time.Time
	answered atomic.Int64              // when the last answer came, counted from start
	silent   atomic.Int32              // calls in a row without an answer
	until    atomic.Pointer[time.Time] // while set, the breaker is open; only one call per pause passes
}

func newBreaker(places int) *breaker {
	return &breaker{slots: make(chan struct{}, places), start: time.Now()}
}

// enter takes a slot, for which it waits at most until ctx ends. It returns when
// the call began: waiting for a slot is not the server's silence.
func (b *breaker) enter(ctx context.Context, now time.Time) (began time.Time, err error) {
	if until := b.until.Load(); until != nil && !b.tries(until, now) {
		return now, errOpen
	}
	select {
	case b.slots <- struct{}{}:
		return now, nil
	default:
	}
	select {
	case b.slots <- struct{}{}:
		return time.Now(), nil
	case <-ctx.Done():
		return now, errBusy
	}
}

// tries reports whether this call is the one of its pause.
func (b *breaker) tries(until *time.Time, now time.Time) bool {
	next := now.Add(pause)
	return !now.Before(*until) && b.until.CompareAndSwap(until, &next)
}

// leave gives the slot back and draws its conclusions from the call's outcome.
func (b *breaker) leave(began time.Time, err error) {
	<-b.slots
	switch {
	case !isSilence(err):
		if errors.Is(err, context.Canceled) {
			return
		}
		b.answered.Store(int64(time.Since(b.start)))
		if b.silent.Load() != 0 {
			b.silent.Store(0)
			b.until.Store(nil)
		}
	case began.Sub(b.start) < time.Duration(b.answered.Load()):
		// Somebody was answered meanwhile: of a cluster, one master may be silent.
	case time.Since(began) >= patience:
		if b.silent.Add(1) >= maxSilent {
			next := time.Now().Add(pause)
			b.until.Store(&next)
		}
	}
}

func (b *breaker) open() bool { return b.until.Load() != nil }
