package linear

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

const (
	clients   = 8
	hotKeys   = 4  // few, so that clients collide
	opsPerKey = 40 // then come fresh keys: the search for an order stays short
)

// Load has eight clients read, swap and delete a few keys through the stores,
// in turns, until ctx ends, and records what they see. The stores must share
// their data, and hold no keys that begin with prefix. Operations get the
// context's values, not its end: each ends as the store ends it.
func (h *History) Load(ctx context.Context, prefix string, stores ...core.Store) {
	var wg sync.WaitGroup
	var count atomic.Int64
	for n := range clients {
		c := client{id: n, store: h.Record(stores[n%len(stores)]), prefix: prefix, seen: map[string][]byte{}}
		wg.Go(func() {
			for ctx.Err() == nil {
				if lost := c.act(context.WithoutCancel(ctx), count.Add(1)); lost {
					// Each may have taken place at any time since: with many of them on one
					// key the search would not end.
					count.Add(opsPerKey / 2)
				}
			}
		})
	}
	wg.Wait()
}

// client remembers what it has read last of each key: an old value is what a
// request in flight would come back with.
type client struct {
	id     int
	store  core.Store
	prefix string
	seen   map[string][]byte
}

// act does one operation. Every written value is unique.
// act reports whether nobody knows what became of it.
func (c *client) act(ctx context.Context, n int64) (lost bool) {
	key := fmt.Sprint(c.prefix, n/(hotKeys*opsPerKey), "-", rand.IntN(hotKeys))
	var err error
	switch rand.IntN(10) {
	case 0:
		err = c.store.Delete(ctx, key)
	case 1, 2, 3, 4:
		err = c.swap(ctx, key, fmt.Append(nil, c.id, "-", n))
	default:
		c.seen[key], err = c.store.Get(ctx, key)
	}
	if err != nil && !errors.Is(err, core.ErrNotFound) && !errors.Is(err, core.ErrConflict) {
		// Refused connections fail fast: without a break they would fill the
		// history with operations of which nobody knows anything.
		time.Sleep(5 * time.Millisecond)
		return true
	}
	return false
}

func (c *client) swap(ctx context.Context, key string, new []byte) error {
	err := c.store.Swap(ctx, key, c.seen[key], new, time.Hour)
	if err == nil {
		c.seen[key] = new
	}
	return err
}
