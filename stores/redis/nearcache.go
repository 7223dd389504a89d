package redis

import (
	"context"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// cachedKind begins the keys of sessions. Only they are read by every request;
	// what else core keeps is read before it is written, when fresh is better.
	cachedKind = "s:"

	// trusted is how long entries are served after the server was last seen alive
	// on the connection over which it announces changes.
	trusted = 750 * time.Millisecond
)

// nearCache keeps what was read until the server announces a change. It relies
// on all reads, and all the announcements, travelling over one connection in
// the order of the server's doing. All methods do nothing on a nil nearCache.
type nearCache struct {
	start  time.Time
	proven atomic.Int64 // when the last PING that was answered had been sent, since start; 0: none
	seed   maphash.Seed
	shards []nearShard
	limit  int // entries per shard
}

type nearShard struct {
	mu      sync.Mutex
	entries map[string]nearEntry
	// changes counts the announcements. A reply that was under way while it
	// changed may be older than the change, and is not kept.
	changes uint64
	_       [40]byte // a cache line per shard
}

type nearEntry struct {
	value []byte        // never modified
	end   time.Duration // since start
}

// ticket is what a read takes before it is sent, to have its reply kept.
type ticket struct {
	changes uint64
	sent    time.Duration // since start
}

func newNearCache(limit int) *nearCache {
	if limit == 0 {
		return nil
	}
	n := 64
	for n > 1 && limit/n < 16 {
		n /= 2
	}
	c := &nearCache{start: time.Now(), seed: maphash.MakeSeed(), shards: make([]nearShard, n), limit: limit / n}
	for i := range c.shards {
		c.shards[i].entries = map[string]nearEntry{}
	}
	return c
}

// get returns neither value nor error for what it does not know. The value is
// shared, and never nil where it is known.
func (c *nearCache) get(ctx context.Context, key string) ([]byte, error) {
	if !c.covers(key) {
		return nil, nil
	}
	now := time.Since(c.start)
	if proven := c.proven.Load(); proven == 0 || now-time.Duration(proven) > trusted {
		return nil, nil
	}
	s := c.shard(key)
	s.mu.Lock()
	e, ok := s.entries[key]
	s.mu.Unlock()
	if !ok || now >= e.end {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.value, nil
}

func (c *nearCache) covers(key string) bool { return c != nil && strings.HasPrefix(key, cachedKind) }

// fill reads what get does not know, and remembers it. The ttl is asked for in
// the same round trip: the server would announce the key's end, but only when
// it notices, which may be late for keys that nobody asks for.
func (c *nearCache) fill(call call, prefix, key string) ([]byte, error) {
	t, b := c.ticket(key), call.client.B()
	replies := call.client.DoMulti(call.ctx, b.Get().Key(prefix+key).Build(), b.Pttl().Key(prefix+key).Build())
	v, err := value(replies[0])
	if ttl, errTTL := replies[1].AsInt64(); err == nil && errTTL == nil && ttl > 0 {
		c.keep(t, key, nearEntry{value: append([]byte{}, v...), end: t.sent + time.Duration(ttl)*time.Millisecond})
	}
	return v, err
}

func (c *nearCache) ticket(key string) ticket {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return ticket{s.changes, time.Since(c.start)}
}

// keep remembers an entry, unless something has changed since its ticket. At
// the bound, an entry of the map's choice gives way.
func (c *nearCache) keep(t ticket, key string, e nearEntry) {
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != t.changes {
		return
	}
	if _, ok := s.entries[key]; !ok && len(s.entries) >= c.limit {
		for other := range s.entries {
			delete(s.entries, other)
			break
		}
	}
	s.entries[key] = e
}

func (c *nearCache) forget(key string) {
	if c == nil {
		return
	}
	s := c.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	delete(s.entries, key)
}

// flush forgets everything.
func (c *nearCache) flush() {
	if c == nil {
		return
	}
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.changes++
		clear(s.entries)
		s.mu.Unlock()
	}
}

func (c *nearCache) shard(key string) *nearShard {
	return &c.shards[maphash.String(c.seed, key)%uint64(len(c.shards))]
}
