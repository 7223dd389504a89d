package redis

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// cached returns a near cache that knows one key, and whose feed has just been
// proven.
func cached(t *testing.T, wall *wallClock) *nearCache {
	n := newNearCache(100)
	n.clock = newClock(wall.Now)
	time.Sleep(time.Millisecond) // a proof at zero is none
	_, ticket := n.get("s:k")
	n.keep(ticket, "s:k", nearEntry{value: []byte("v"), end: time.Hour})
	n.feed.proven.Store(int64(n.clock.now()))
	if v, _ := n.get("s:k"); string(v) != "v" {
		t.Fatalf("get = %q; want v", v)
	}
	return n
}

func TestProofsDoNotLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := cached(t, &wallClock{})
		time.Sleep(proofLife)
		if v, _ := n.get("s:k"); v == nil {
			t.Error("a proof is gone before its time")
		}
		time.Sleep(time.Millisecond)
		if v, _ := n.get("s:k"); v != nil {
			t.Errorf("%v after the last proof the cache says %q", proofLife+time.Millisecond, v)
		}
	})
}

// TestProofsDoNotOutlastASleep: what happened meanwhile nobody has announced yet.
func TestProofsDoNotOutlastASleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wall wallClock
		n := cached(t, &wall)
		wall.ahead += time.Minute
		time.Sleep(comparePeriod)
		if v, _ := n.get("s:k"); v != nil {
			t.Errorf("after a minute's sleep the cache says %q by a proof from before", v)
		}
		n.feed.proven.Store(int64(n.clock.now()))
		if v, _ := n.get("s:k"); v == nil {
			t.Error("after the next proof the cache does not know the key")
		}
		wall.ahead += time.Hour // beyond the key's end
		time.Sleep(comparePeriod)
		n.feed.proven.Store(int64(n.clock.now()))
		if v, _ := n.get("s:k"); v != nil {
			t.Errorf("after the end of its ttl, by the wall clock, the key is %q", v)
		}
	})
}

// TestProofsDateFromBeforeTheirPing: the server may have stopped announcing at
// any time after it was sent.
func TestProofsDateFromBeforeTheirPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNearCache(100)
		n.clock = newClock(time.Now)
		time.Sleep(time.Millisecond)
		answer := make(chan error)
		stop := n.beat(func(ctx context.Context) error {
			select {
			case err := <-answer:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		began := n.clock.now()
		time.Sleep(400 * time.Millisecond)
		answer <- nil
		synctest.Wait()
		if proven := time.Duration(n.feed.proven.Load()); proven != began {
			t.Errorf("the proof dates from %v; want %v, when the PING was sent", proven, began)
		}
		answer <- errors.New("no answer")
		synctest.Wait()
		if proven := time.Duration(n.feed.proven.Load()); proven != began {
			t.Errorf("a PING that failed moved the proof to %v", proven)
		}
		stop()
		if n.feed.trusted(n.clock.now()) {
			t.Error("the feed is trusted after its end")
		}
	})
}
