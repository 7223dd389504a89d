package redis

import (
	"errors"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// cachedKind begins the keys of sessions. Only they are read by every request;
// what else core keeps is read before it is written, from the server itself.
const cachedKind = "s:"

// maxKept is far above what a session takes with 4 KiB of attributes. Whoever
// writes to the server could fill this process's memory with less entries.
const maxKept = 16 << 10

// maxShards is far above the number of cores, so that two calls seldom meet.
const maxShards = 64

// nearCache keeps what was read until a server announces a change. It relies on
// each server's tracked reads, and all its announcements, travelling over one
// connection in the order of the server's doing.
//
// Tracking costs the server memory for each key, also for keys that do not
// exist. So a read is tracked, and its value kept, only when the key has existed
// at an earlier read: random keys leave nothing on the server and nothing here.
type nearCache struct {
	clock  *clock
	feeds  *feeds
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
	link  *link         // the one it was read over
	slot  int64
}

// ticket is what a read takes before it is sent, to have its reply kept.
type ticket struct {
	hash    uint64
	changes uint64
	sent    time.Duration // by the cache's clock
	track   bool          // the key has existed at an earlier read
}

func newNearCache(s *settings) *nearCache {
	limit := s.cache
	n := maxShards
	for n > 1 && limit/n < 16 {
		n /= 2
	}
	c := &nearCache{clock: newClock(time.Now), seed: maphash.MakeSeed(), shards: make([]nearShard, n), limit: limit / n}
	c.feeds = newFeeds(s, c.clock)
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
	s := n.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[key]; ok && now < e.end && e.link.trusted(now) {
		s.hits++
		return e.value, ticket{}
	}
	s.misses++
	return nil, ticket{hash: hash, changes: s.changes, sent: now, track: s.seen.has(hash)}
}

// fetch reads what get does not know, and remembers that the key exists; at the
// second time it keeps the value.
func (n *nearCache) fetch(c call, t ticket, key string) ([]byte, error) {
	most := maxReads
	if t.track {
		v, err := n.fetchTracked(c, t, key)
		switch {
		case err == nil, err == core.ErrNotFound, c.ctx.Err() != nil:
			return v, err
		case err != errNoFeed:
			most-- // the key is not there, or not any more: the client finds out where
		}
	}
	v, err := c.get(n.feeds.prefix+key, most)
	if err == nil {
		n.see(t)
	}
	return v, err
}

// fetchTracked asks the node that should have the key, and nobody else: what comes
// from where it sends us on nobody has been asked to announce.
func (n *nearCache) fetchTracked(c call, t ticket, key string) ([]byte, error) {
	get := c.client.B().Get().Key(n.feeds.prefix + key).Build()
	o, l := n.feeds.of(get)
	if o == nil {
		return nil, errNoFeed
	}
	v, ttl, err := c.getTracked(o, get, n.feeds.prefix+key)
	switch {
	case err == core.ErrNotFound:
		n.forget(key)
	case err != nil:
		n.feeds.outdated.Store(true)
	case ttl > 0 && len(v) <= maxKept:
		n.keep(t, key, nearEntry{value: v, end: t.sent + ttl, link: l, slot: slotOf(get)})
	}
	return v, err
}

// errNoFeed never leaves the package.
var errNoFeed = errors.New("no node would announce a change")

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
	if s.changes != t.changes || e.link.proven.Load() == broken {
		return
	}
	if _, ok := s.entries[key]; !ok && len(s.entries) >= n.limit {
		for other := range s.entries {
			delete(s.entries, other)
			break
		}
	}
	// The key may share the memory of a request, which must not live as long.
	s.entries[strings.Clone(key)] = e
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

// sweep forgets what is of no use any more: what was read over a link that has
// ended, or from a node that has lost the key's slot.
func (n *nearCache) sweep(o *owners) {
	for i := range n.shards {
		s := &n.shards[i]
		s.mu.Lock()
		s.changes++ // a reply that is under way may come from a former owner
		for key, e := range s.entries {
			if owner := o.of(e.slot); owner == nil || owner.node != e.link.node || e.link.proven.Load() == broken {
				delete(s.entries, key)
			}
		}
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
