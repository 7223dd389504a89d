package core

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTheClockKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		for i := range 100 {
			if got, want := c.now(), time.Now().UnixMilli(); got != want {
				t.Fatalf("reading %d: %d, want %d", i, got, want)
			}
			time.Sleep(time.Duration(i) * 3_141_593 * time.Nanosecond) // of the bubble's time
		}
	})
}

// TestTheClockAsksTheWallClock: what it goes by is never old.
func TestTheClockAsksTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		c.now()
		first := c.last.Load()
		time.Sleep(clockTrusted - time.Nanosecond)
		c.now()
		if c.last.Load() != first {
			t.Error("read again at once")
		}
		time.Sleep(time.Nanosecond)
		c.now()
		if c.last.Load() == first {
			t.Error("not read again after a tenth of a second")
		}
	})
}

func TestTheClockAllocatesNothing(t *testing.T) {
	var c clock
	if n := testing.AllocsPerRun(100, func() { c.now() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
