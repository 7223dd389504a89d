package memory

import (
	"sync"
	"time"
)

// clock returns the time that has passed since the store was made. It never goes
// back: what one call has found expired, no later call may find alive.
type clock func() time.Duration

func newClock(now func() time.Time) clock {
	if now != nil {
		return stepClock(now)
	}
	// time.Since reads only the monotonic clock, which costs half of time.Now, and
	// which nobody can set.
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// stepClock adds up the steps forward of a clock that somebody may set back.
func stepClock(now func() time.Time) clock {
	var mu sync.Mutex
	var passed time.Duration
	last := now()
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		t := now()
		passed += max(0, t.Sub(last))
		last = t
		return passed
	}
}

// Times are whole microseconds since the store was made. The end of a value is
// rounded up and the present down, so that none ends early.
func micros(d time.Duration) int64 { return int64(d / time.Microsecond) }

func microsUp(d time.Duration) int64 {
	if d%time.Microsecond != 0 {
		return micros(d) + 1
	}
	return micros(d)
}
