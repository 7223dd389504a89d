package redis

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// The wall clock is looked at once in comparePeriod at most: reading it costs
	// as much as all the rest of a hit in the near cache.
	comparePeriod = time.Millisecond

	// What the wall clock gains within noise is taken for the jitter of two
	// readings, until it has added up.
	noise = time.Millisecond
)

// clock counts the time since it was made. The monotonic clock stands still
// while a computer sleeps or a virtual machine is stopped, and the wall clock can
// be set: of what the two say has passed, the larger counts. It never goes back.
type clock struct {
	start    time.Time
	wall     func() time.Time
	compared atomic.Int64 // when the two were last compared, by the monotonic clock
	slept    atomic.Int64 // what the wall clock has gained over the monotonic one

	mu     sync.Mutex
	offset int64 // of the wall clock over the monotonic one
}

func newClock(wall func() time.Time) *clock {
	c := &clock{start: time.Now(), wall: wall}
	c.offset = wall().UnixNano()
	return c
}

func (c *clock) now() time.Duration {
	mono := time.Since(c.start)
	if int64(mono)-c.compared.Load() >= int64(comparePeriod) {
		c.compare()
	}
	return mono + time.Duration(c.slept.Load())
}

func (c *clock) compare() {
	c.mu.Lock()
	defer c.mu.Unlock()
	mono := int64(time.Since(c.start))
	offset := c.wall().UnixNano() - mono
	switch gain := offset - c.offset; {
	case gain >= int64(noise):
		c.slept.Add(gain)
		c.offset = offset
	case gain < 0: // set back
		c.offset = offset
	}
	c.compared.Store(mono)
}
