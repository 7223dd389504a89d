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

// tick is the unit of times, which are counted from when the store was made. It is
// such that a record has room for any time.Duration, whatever the clock says. What
// is stored and its ttl are rounded up and the present down: no value ends early,
// and none more than two ticks late.
const tick = 20 * time.Millisecond

func ticks(d time.Duration) int64 { return int64(d / tick) }

func ticksUp(d time.Duration) int64 {
	if d%tick != 0 {
		return ticks(d) + 1
	}
	return ticks(d)
}
