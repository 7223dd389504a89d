package core

import (
	"sync/atomic"
	"time"
)

// clock tells the time in Unix milliseconds, the unit of all records.
//
// time.Now reads two clocks, time.Since only the monotonic one. So the wall
// clock is read once in a tenth of a second, and the other one in between; one
// that was set, or a machine that slept, is noticed by the next reading. It
// halves what is, after the token's hash, the dearest part of a check.
type clock struct {
	set  func() time.Time // Config.Now; nil: the above
	last atomic.Pointer[reading]
}

type reading struct {
	at    time.Time
	nanos int64 // Unix time
}

const clockTrusted = 100 * time.Millisecond

func (c *clock) now() int64 {
	if c.set != nil {
		return c.set().UnixMilli()
	}
	if last := c.last.Load(); last != nil {
		if since := time.Since(last.at); since < clockTrusted {
			return (last.nanos + int64(since)) / int64(time.Millisecond)
		}
	}
	now := time.Now()
	c.last.Store(&reading{now, now.UnixNano()})
	return now.UnixMilli()
}

// Now is the time that the manager decides expiry by, in whole milliseconds: for
// the records of packages that work on top of this one.
func (m *Manager) Now() time.Time { return time.UnixMilli(m.now()) }
