package redis

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/redis/rueidis"
)

// cached returns a near cache that knows one key, and whose feed has just been
// proven.
func cached(t *testing.T, wall *wallClock) *nearCache {
	n := newNearCache(&settings{cache: 100})
	n.clock = newClock(wall.Now)
	time.Sleep(time.Millisecond) // a proof at zero is none
	_, ticket := n.get("s:k")
	l := n.feeds.nodeAt("").link.Load()
	n.keep(ticket, "s:k", nearEntry{value: []byte("v"), end: time.Hour, link: l})
	l.prove(n.clock.now())
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
		n.feeds.nodeAt("").link.Load().prove(n.clock.now())
		if v, _ := n.get("s:k"); v == nil {
			t.Error("after the next proof the cache does not know the key")
		}
		wall.ahead += time.Hour // beyond the key's end
		time.Sleep(comparePeriod)
		n.feeds.nodeAt("").link.Load().prove(n.clock.now())
		if v, _ := n.get("s:k"); v != nil {
			t.Errorf("after the end of its ttl, by the wall clock, the key is %q", v)
		}
	})
}

// TestProofsDateFromBeforeTheirPing: the server may have stopped announcing at
// any time after it was sent.
func TestProofsDateFromBeforeTheirPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeds(&settings{Options: Options{Timeout: time.Second}}, newClock(time.Now))
		time.Sleep(time.Millisecond)
		answer, o := make(chan error), &owner{node: f.nodeAt("")}
		o.proof = func(context.Context) error { return <-answer }
		l, began := o.link.Load(), f.clock.now()
		ask := func(err error) {
			t.Helper()
			go f.prove(t.Context(), o)
			time.Sleep(400 * time.Millisecond)
			answer <- err
			synctest.Wait()
			if proven := time.Duration(l.proven.Load()); proven != began {
				t.Errorf("the proof dates from %v; want %v, when the first PING was sent", proven, began)
			}
		}
		ask(nil)
		ask(errors.New("no answer"))
		f.close()
		if l.trusted(f.clock.now()) || o.link.Load().trusted(f.clock.now()) {
			t.Error("the feed is trusted after its end")
		}
	})
}

// TestLinksEnd: what proves a connection's successor proves nothing of what was
// read before, nor does an answer that comes late.
func TestLinksEnd(t *testing.T) {
	f := newFeeds(&settings{}, newClock(time.Now))
	n := f.nodeAt("a")
	first := n.link.Load()
	closed := f.opened("a")
	second := n.link.Load()
	if first == second || first.prove(1) || !second.prove(1) {
		t.Error("the link does not end where a connection is opened")
	}
	closed()
	if second.prove(2) || second.trusted(1) || !n.link.Load().prove(2) {
		t.Error("the link does not end where a connection is closed")
	}
	n.link.Load().doubt()
	if l := n.link.Load(); l.trusted(2) || !l.prove(3) || !l.trusted(3) {
		t.Error("a link in doubt is not one that waits for its next proof")
	}
}

// TestSilencesEndWithASecondProof where a master may have been replaced.
func TestSilencesEndWithASecondProof(t *testing.T) {
	n := &node{}
	for _, tt := range []struct {
		sent time.Duration
		want bool
	}{
		{time.Second, true}, // the first of all
		{time.Second + heartbeat, true},
		{time.Second + heartbeat + proofLife, true},
		{time.Minute, false},
		{time.Minute + heartbeat, true},
		{time.Hour, false},
		{2 * time.Hour, false},
	} {
		if got := n.steady(tt.sent); got != tt.want {
			t.Errorf("an answer to what was sent at %v counts: %v; want %v", tt.sent, got, tt.want)
		}
	}
}

// TestSweepsTakeWhatIsOfNoUse: what has another owner by now, or came over a
// connection that is gone; also a reply that was under way.
func TestSweepsTakeWhatIsOfNoUse(t *testing.T) {
	n := newNearCache(&settings{topology: cluster, cache: 100})
	a, b := n.feeds.nodeAt("a"), n.feeds.nodeAt("b")
	put := func(key string, at *node, slot int64) ticket {
		_, ticket := n.get(key)
		n.keep(ticket, key, nearEntry{value: []byte("v"), end: time.Hour, link: at.link.Load(), slot: slot})
		return ticket
	}
	put("s:stays", a, 1)
	put("s:moved", a, 2)
	put("s:cut", b, 3)
	put("s:nobody's", b, 4)
	_, late := n.get("s:late")
	b.renew()
	o := &owners{}
	o.add(slotRange{1, 1, &owner{node: a}})
	o.add(slotRange{2, 3, &owner{node: b}})
	n.sweep(o)
	n.keep(late, "s:late", nearEntry{value: []byte("v"), end: time.Hour, link: a.link.Load(), slot: 1})
	a.link.Load().prove(1)
	b.link.Load().prove(1)
	for _, key := range []string{"s:stays", "s:moved", "s:cut", "s:nobody's", "s:late"} {
		if v, _ := n.get(key); (v != nil) != (key == "s:stays") {
			t.Errorf("after the sweep %s is %q", key, v)
		}
	}
	if entries := n.stats().Entries; entries != 1 {
		t.Errorf("%d entries after the sweep; want 1", entries)
	}
}

// TestEndsOfConnectionsAreNoFlush, as rueidis reports both alike.
func TestEndsOfConnectionsAreNoFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeeds(&settings{topology: cluster, Options: Options{Timeout: time.Second}}, newClock(time.Now))
		young, old := f.opened("a"), f.opened("b")
		young()
		if !f.flushed() {
			t.Error("a report of nobody's end is no flush")
		}
		time.Sleep(time.Minute)
		old()
		if f.flushed() {
			t.Error("the end of a connection is a flush")
		}
		if !f.flushed() {
			t.Error("the end of a connection accounts for two reports")
		}
	})
}

// TestReportsAreNotOwedForEver: a connection whose greeting took long ends without
// one, and a flush a day later is no such report.
func TestReportsAreNotOwedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, rounds := cached(t, &wallClock{}), sync.WaitGroup{}
		closed := n.feeds.opened("another")
		time.Sleep(time.Minute)
		closed()
		n.feeds.nodeAt("").link.Load().prove(n.clock.now())
		if v, _ := n.get("s:k"); v == nil {
			t.Fatal("the end of another's connection takes the key with it")
		}
		time.Sleep(proofLife + time.Millisecond)
		n.round(t.Context(), &rounds, func(context.Context) (rueidis.Client, error) { return nil, errors.New("no client") })
		if entries := n.stats().Entries; entries != 0 {
			t.Errorf("%d entries though a flush may have been taken for the report; want none", entries)
		}
		if !n.feeds.flushed() {
			t.Error("a flush is taken for the report of an end that was long ago")
		}
	})
}

// TestSurveysAreSweptAfter: a round that runs beside the survey sweeps by what it
// finds, and nobody sweeps again.
func TestSurveysAreSweptAfter(t *testing.T) {
	for range 20_000 {
		f, done := newFeeds(&settings{}, newClock(time.Now)), make(chan struct{})
		go func() {
			defer close(done)
			f.survey(t.Context(), func(context.Context) (rueidis.Client, error) { return lone{}, nil })
		}()
		for !f.severed.Swap(false) {
		}
		if f.owners.Load() == nil {
			t.Fatal("the sweep that a survey asks for does not know what the survey found")
		}
		<-done
	}
}

// lone is the client of one server.
type lone struct{ rueidis.Client }

func (l lone) Nodes() map[string]rueidis.Client { return map[string]rueidis.Client{"": l} }

// TestAKeptKeyIsItsOwn: the key that a request asks for lies in the request's memory.
func TestAKeptKeyIsItsOwn(t *testing.T) {
	n := newNearCache(&settings{cache: 100})
	room := []byte("s:k")
	key := unsafe.String(&room[0], len(room))
	_, ticket := n.get(key)
	n.keep(ticket, key, nearEntry{value: []byte("v"), end: time.Hour, link: n.feeds.nodeAt("").link.Load()})
	copy(room, "xxx")
	for i := range n.shards {
		for kept := range n.shards[i].entries {
			if kept != "s:k" {
				t.Errorf("the near cache has the key %q", kept)
			}
		}
	}
	if n.stats().Entries != 1 {
		t.Error("it has kept nothing; the test proves nothing")
	}
}
