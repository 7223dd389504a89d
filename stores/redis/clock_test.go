package redis

import (
	"testing"
	"testing/synctest"
	"time"
)

// wallClock is one that a test can set. Setting it ahead is what a sleep looks
// like: the monotonic clock stood still.
type wallClock struct{ ahead time.Duration }

func (w *wallClock) Now() time.Time { return time.Now().Add(w.ahead) }

func TestClockCountsSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wall wallClock
		c := newClock(wall.Now)
		want := func(d time.Duration) {
			t.Helper()
			if got := c.now(); got < d || got > d+noise {
				t.Errorf("%v have passed; want %v", got, d)
			}
		}
		want(0)
		time.Sleep(time.Second)
		want(time.Second)
		wall.ahead += time.Hour // it slept
		time.Sleep(comparePeriod)
		want(time.Hour + time.Second)
		time.Sleep(time.Second)
		want(time.Hour + 2*time.Second)
		wall.ahead -= 3 * time.Hour // somebody set it back
		time.Sleep(time.Second)
		want(time.Hour + 3*time.Second)
		wall.ahead += time.Hour // and it slept again
		time.Sleep(time.Second)
		want(2*time.Hour + 4*time.Second)
	})
}

// TestClockIgnoresJitter: small steps to and fro must not add up.
func TestClockIgnoresJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wall wallClock
		c := newClock(wall.Now)
		for i := range 1000 {
			wall.ahead = time.Duration(i%2) * noise / 2
			time.Sleep(2 * comparePeriod)
			c.now()
		}
		if got := c.now(); got > 2001*time.Millisecond {
			t.Errorf("%v have passed; want 2s", got)
		}
		for range 1000 { // but a clock that goes too slowly, in the end
			wall.ahead += noise / 4
			time.Sleep(comparePeriod)
			c.now()
		}
		if got := c.now(); got < 3200*time.Millisecond {
			t.Errorf("%v have passed; want 3.25s, of which the wall clock alone has seen 250ms", got)
		}
	})
}

// TestClockNeverGoesBack whatever is done to the wall clock.
func TestClockNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wall wallClock
		c, last := newClock(wall.Now), time.Duration(0)
		for i := range 1000 {
			wall.ahead = time.Duration(i*i%77-38) * time.Minute
			time.Sleep(comparePeriod)
			now := c.now()
			if now < last+comparePeriod {
				t.Fatalf("%v after %v", now, last)
			}
			last = now
		}
	})
}
