package memory

import (
	"context"
	"runtime"
	"time"
)

const (
	// sweepPeriod is how long the sweeper takes for a round over all shards.
	sweepPeriod = time.Minute
	// sweepPlaces bounds a step, and thereby how long a reader of the shard may
	// have to wait for it: some microseconds.
	sweepPlaces = 64
	// reclaimSteps bounds what a refused write does before it gives up: about a
	// millisecond in a large store, and a whole round in one of some thousand
	// entries.
	reclaimSteps = 512
)

// sweepUntil frees what has expired, shard by shard, until ctx is done.
func (s *Store) sweepUntil(ctx context.Context) {
	tick := time.NewTicker(sweepPeriod / shardCount)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sweepShard()
		}
	}
}

// sweepShard goes on to the end of the shard that the sweep has come to. It
// lets others run after each step, which matters on a single core.
func (s *Store) sweepShard() {
	for {
		if _, done := s.sweepStep(); done {
			return
		}
		runtime.Gosched()
	}
}

// sweepStep looks at a bounded number of places, and reports whether it came to
// the end of a shard; the next step begins the next shard then.
func (s *Store) sweepStep() (freed int, done bool) {
	at := s.cursor.Load()
	freed, done = s.shards[at%shardCount].sweep(ticks(s.clock()), sweepPlaces, &s.bound)
	if done {
		s.cursor.CompareAndSwap(at, at+1)
	}
	return freed, done
}

// reclaim looks for expired entries until a step has freed some.
func (s *Store) reclaim() bool {
	for range reclaimSteps {
		if freed, _ := s.sweepStep(); freed > 0 {
			return true
		}
	}
	return false
}

// sweep frees the expired entries in the next places of the index. While the
// index is moving to a larger table, it moves it on instead: what it passes over
// then, and what closing a gap moves to a place behind it, is for the next round.
func (s *shard) sweep(now int64, places int, b *bound) (freed int, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index.old != nil {
		s.begin()
		s.end()
		return 0, false
	}
	for ; places > 0 && s.cursor < len(s.index.cur); places-- {
		if s.removeExpired(now, b) {
			freed++
		} else {
			s.cursor++
		}
	}
	if s.cursor < len(s.index.cur) {
		return freed, false
	}
	s.endRound()
	return freed, true
}

// removeExpired looks at the place under the cursor.
func (s *shard) removeExpired(now int64, b *bound) bool {
	e := s.index.cur.at(s.cursor)
	if e == 0 || s.arena.end(e.ref()) > now {
		return false
	}
	size := s.arena.size(e.ref())
	s.begin()
	defer s.end()
	s.remove(position{table: s.index.cur, i: s.cursor}, size, b)
	return true
}

// endRound gives an empty shard's memory back.
func (s *shard) endRound() {
	s.cursor = 0
	if s.index.n == 0 && len(s.index.cur) > 0 {
		s.begin()
		defer s.end()
		s.index, s.arena = index{stale: true, extra: s.index.extra}, arena{}
	}
}
