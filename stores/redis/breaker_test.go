package redis

import (
	"context"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestBreakerOpensAfterSilenceAndClosesAfterAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(maxInFlight)
		call := func(err error) {
			t.Helper()
			began, e := b.enter(t.Context(), time.Now())
			if e != nil {
				t.Fatalf("enter: %v; want success", e)
			}
			time.Sleep(patience)
			b.leave(began, err)
		}
		for range maxSilent - 1 {
			call(context.DeadlineExceeded)
		}
		call(nil) // one answer, and the count begins anew
		for range maxSilent {
			call(context.DeadlineExceeded)
		}
		if _, err := b.enter(t.Context(), time.Now()); err != errOpen {
			t.Fatalf("enter after %d silent calls: %v; want errOpen", maxSilent, err)
		}
		time.Sleep(pause)
		call(os.ErrDeadlineExceeded) // the one that tries
		time.Sleep(pause)
		began, err := b.enter(t.Context(), time.Now())
		if err != nil {
			t.Fatalf("enter after another pause: %v; want success", err)
		}
		if _, err := b.enter(t.Context(), time.Now()); err != errOpen {
			t.Fatalf("a second enter within a pause: %v; want errOpen", err)
		}
		b.leave(began, nil)
		for range 3 {
			call(nil)
		}
	})
}

// TestBreakerStaysClosedWhileSomebodyIsAnswered: calls that end together are many in
// a row, and of a cluster one master alone may be silent.
func TestBreakerStaysClosedWhileSomebodyIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(maxInFlight)
		var began [2 * maxSilent]time.Time
		for i := range began {
			began[i], _ = b.enter(t.Context(), time.Now())
		}
		time.Sleep(patience)
		answered, _ := b.enter(t.Context(), time.Now())
		b.leave(answered, nil)
		time.Sleep(patience)
		for _, at := range began {
			b.leave(at, context.DeadlineExceeded)
		}
		if b.open() {
			t.Error("the breaker is open though the server has answered meanwhile")
		}
	})
}

func TestBreakerIgnoresShortDeadlines(t *testing.T) {
	b := newBreaker(maxInFlight)
	for range 2 * maxSilent {
		if _, err := b.enter(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		b.leave(time.Now(), context.DeadlineExceeded)
	}
	if _, err := b.enter(t.Context(), time.Now()); err != nil {
		t.Errorf("enter after calls whose callers had no patience: %v", err)
	}
}

func TestBreakerBoundsTheCallsInFlight(t *testing.T) {
	b := newBreaker(maxInFlight)
	for range maxInFlight {
		if _, err := b.enter(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := b.enter(ctx, time.Now()); err != errBusy || isSilence(err) {
		t.Errorf("one call too many: %v; want errBusy at its deadline", err)
	}
	b.leave(time.Now(), nil)
	if _, err := b.enter(t.Context(), time.Now()); err != nil {
		t.Errorf("enter once a slot is free: %v", err)
	}
}

// TestWaitingForASlotIsNotSilence: calls wait for others of ours, and have
// hardly any time left for the server then.
func TestWaitingForASlotIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(maxInFlight)
		for range maxInFlight {
			if _, err := b.enter(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for range 2 * maxSilent {
			wg.Go(func() {
				began, err := b.enter(t.Context(), time.Now())
				if err != nil {
					t.Errorf("enter: %v", err)
					return
				}
				time.Sleep(patience / 2)
				b.leave(began, context.DeadlineExceeded)
			})
		}
		time.Sleep(10 * patience)
		for range maxInFlight {
			<-b.slots // without a conclusion
		}
		wg.Wait()
		if b.open() {
			t.Error("the breaker is open; the server has had no time to answer")
		}
	})
}
