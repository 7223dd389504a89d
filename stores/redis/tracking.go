package redis

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// heartbeat is the time between two proofs that the connection is alive.
const heartbeat = 250 * time.Millisecond

// track makes the server announce every change of a key that was read over the
// connection. The end of the connection comes as an announcement without keys,
// and dialer.opening flushes before there is a new one.
func (c *nearCache) track(o *rueidis.ClientOption, prefix string) {
	if c == nil {
		return
	}
	o.DisableCache = false // this is what turns tracking on; rueidis' own cache stays unused
	o.ClientTrackingOptions = []string{}
	o.OnInvalidations = func(keys []rueidis.RedisMessage) { c.announced(keys, prefix) }
}

func (c *nearCache) announced(keys []rueidis.RedisMessage, prefix string) {
	if keys == nil {
		c.flush()
		return
	}
	for _, k := range keys {
		if full, err := k.ToString(); err == nil {
			c.forget(strings.TrimPrefix(full, prefix))
		}
	}
}

// beat proves again and again that the connection is alive, until stop is
// called. What the server did before it answered a PING has been announced
// before the answer, as both come in order.
func (c *nearCache) beat(ping func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for ctx.Err() == nil {
			sent := time.Since(c.start)
			if ping(ctx) == nil {
				c.proven.Store(int64(sent))
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return sync.OnceFunc(func() {
		cancel()
		<-done
		c.proven.Store(0) // a closed store answers nothing, what it remembers neither
	})
}
