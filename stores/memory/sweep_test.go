package memory

import (
	"fmt"
	"testing"
	"time"
)

func TestSweepFreesAndReuses(t *testing.T) {
	const n = 5000
	var c testClock
	s := newTestStore(t, Options{Now: c.Now})
	create := func(prefix string, ttl time.Duration) {
		for i := range n {
			if err := s.Swap(t.Context(), fmt.Sprint(prefix, i), nil, make([]byte, 160), ttl); err != nil {
				t.Fatal(err)
			}
		}
	}
	create("short", time.Minute)
	create("long", time.Hour)
	chunks := s.chunkBytes()
	c.Store(int64(time.Minute))
	for range 3 {
		s.sweepRound()
	}
	if got := s.Stats().Entries; got != n {
		t.Errorf("after the sweep %d entries are left; want %d", got, n)
	}
	create("short", time.Hour)
	if got := s.chunkBytes(); got > chunks {
		t.Errorf("the chunks grew from %d to %d bytes; want the freed slots used again", chunks, got)
	}
	c.Store(int64(2 * time.Hour))
	for range 3 {
		s.sweepRound()
	}
	if got := s.chunkBytes(); got != 0 {
		t.Errorf("an empty store holds %d bytes of chunks; want 0", got)
	}
}

func (s *Store) chunkBytes() (n int) {
	for i := range s.shards {
		n += len(s.shards[i].arena.chunks) * chunkWords * wordSize
		for _, r := range s.shards[i].arena.large {
			n += cap(r)
		}
	}
	return n
}

// TestSweepStepIsBounded: the places that one step looks at bound the time that
// a reader may have to wait for it.
func TestSweepStepIsBounded(t *testing.T) {
	var s shard
	var b bound
	for i := range 5000 {
		w := create(i, int64(1+i%2))
		if err := s.swap(&w, &b); err != nil {
			t.Fatal(err)
		}
	}
	s.index.move(len(s.index.old))
	for steps := 1; ; steps++ {
		before := s.cursor
		freed, done := s.sweep(1, sweepPlaces, &b)
		if done {
			break
		}
		if looked := s.cursor - before + freed; looked != sweepPlaces {
			t.Fatalf("step %d looked at %d places; want %d", steps, looked, sweepPlaces)
		}
	}
	if s.index.n > 2510 || s.index.n < 2500 {
		t.Errorf("one round left %d entries; want the 2500 live ones, and few others", s.index.n)
	}
	checkShard(t, &s)
}
