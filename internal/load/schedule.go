package main

import (
	"context"
	"sync/atomic"
	"time"
)

// schedule fixes when requests are due: evenly spread, at rate per second. It
// does not wait for anybody.
type schedule struct {
	start time.Time
	rate  float64
	total int64
	next  atomic.Int64
}

func newSchedule(start time.Time, rate float64, length time.Duration) *schedule {
	return &schedule{start: start, rate: rate, total: int64(rate * length.Seconds())}
}

// take returns the number of the next request and when it is due. There is none
// left when ok is false. Any number of workers may take.
func (s *schedule) take() (n int64, due time.Time, ok bool) {
	n = s.next.Add(1) - 1
	if n >= s.total {
		return 0, time.Time{}, false
	}
	return n, s.start.Add(time.Duration(float64(n) / s.rate * float64(time.Second))), true
}

// await returns when it is time, or false when ctx ends before.
func await(ctx context.Context, due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitClosely is await without the millisecond by which timers are late. It takes
// a thread for as long, so it is for what is due some hundreds of times a second.
func awaitClosely(ctx context.Context, due time.Time) bool {
	if !await(ctx, due.Add(-timerLateness)) {
		return false
	}
	for wait := time.Until(due); wait > 0; wait = time.Until(due) {
		pause(wait)
	}
	return ctx.Err() == nil
}

const timerLateness = 1500 * time.Microsecond
