package redis

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// cachedKind begins the keys of sessions. Only they are read by every request;
// what else core keeps is read before it is written, from the server itself.
const cachedKind = "s:"

// maxShards is far above the number of cores, so that two calls seldom meet.
const maxShards = 64

// nearCache keeps what was read until the server announces a change. It relies
// on all tracked reads, and all the announcements, travelling over one connection
// in the order of the server's doing.
//
// Tracking costs the server memory for each key, also for keys that do not
// exist. So a read is tracked, and its value kept, only when the key has existed
// at an earlier read: random keys leave nothing on the server and nothing here.
type nearCache struct {
	clock  *clock
	feed   feed
	seed   maphash.Seed
	shards []nearShard
	limit  int // entries per shard
}

type nearShard struct {
	mu      sync.Mutex
	entries map[string]nearEntry
	seen    seenKeys
	// changes counts the announcements. A reply that was under way while it
	// changed may be older than the change, and is not kept.
	changes      uint64
	hits, misses uint64
	_            [64]byte // keeps neighbours out of one cache line
}

type nearEntry struct {
	value []byte        // never modified
	end   time.Duration // by the cache's clock
}

// ticket is what a read takes before it is sent, to have its reply kept.
type ticket struct {
	hash    uint64
	changes uint64
	sent    time.Duration // by the cache's clock
	track   bool          // the key has existed at an earlier read
}

func newNearCache(limit int) *nearCache {
	n := maxShards
	for n > 1 && limit/n < 16 {
		n /= 2
	}
	c := &nearCache{clock: newClock(time.Now), seed: maphash.MakeSeed(), shards: make([]nearShard, n), limit: limit / n}
	for i := range c.shards {
		c.shards[i].entries = map[string]nearEntry{}
		c.shards[i].seen = newSeenKeys(2 * c.limit)
	}
	return c
}

// get returns the value of a key, which is shared and never nil; or else a
// ticket for fetch.
func (n *nearCache) get(key string) ([]byte, ticket) {
	now, hash := n.clock.now(), maphash.String(n.seed, key)
	trusted, s := n.feed.trusted(now), n.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[key]; ok && trusted && now < e.end {
		s.hits++
		return e.value, ticket{}
	}
	s.misses++
	return nil, ticket{hash: hash, changes: s.changes, sent: now, track: s.seen.has(hash)}
}

// fetch reads what get does not know, and remembers that the key exists; at the
// second time it keeps the value.
func (n *nearCache) fetch(c call, t ticket, prefix, key string) ([]byte, error) {
	if !t.track {
		v, err := c.get(prefix + key)
		if err == nil {
			n.see(t)
		}
		return v, err
	}
	v, ttl, err := c.getTracked(prefix + key)
	switch {
	case err == core.ErrNotFound:
		n.forget(key)
	case err == nil && ttl > 0:
		n.keep(t, key, nearEntry{value: v, end: t.sent + ttl})
	}
	return v, err
}

func (n *nearCache) see(t ticket) {
	s := n.shard(t.hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.add(t.hash)
}

// keep remembers an entry, unless something has changed since its ticket. At
// the bound, an entry of the map's choice gives way.
func (n *nearCache) keep(t ticket, key string, e nearEntry) {
	s := n.shard(t.hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != t.changes {
		return
	}
	if _, ok := s.entries[key]; !ok && len(s.entries) >= n.limit {
		for other := range s.entries {
			delete(s.entries, other)
			break
		}
	}
	s.entries[key] = e
	s.seen.remove(t.hash)
}

// forget is for a key that has been written, or may have been. It may not exist
// any more: whether to track it is decided anew. A nil nearCache knows no keys.
func (n *nearCache) forget(key string) {
	if n == nil {
		return
	}
	hash := maphash.String(n.seed, key)
	s := n.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	delete(s.entries, key)
	s.seen.remove(hash)
}

// flush forgets all values.
func (n *nearCache) flush() {
	for i := range n.shards {
		s := &n.shards[i]
		s.mu.Lock()
		s.changes++
		clear(s.entries)
		s.mu.Unlock()
	}
}

// stats adds up what the shards have counted each under its own lock. A nil
// nearCache has counted nothing.
func (n *nearCache) stats() (stats core.StoreStats) {
	if n == nil {
		return stats
	}
	for i := range n.shards {
		s := &n.shards[i]
		s.mu.Lock()
		stats.Entries += int64(len(s.entries))
		stats.NearHits += s.hits
		stats.NearMisses += s.misses
		s.mu.Unlock()
	}
	return stats
}

func (n *nearCache) shard(hash uint64) *nearShard { return &n.shards[hash%uint64(len(n.shards))] }
