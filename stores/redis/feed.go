package redis

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

const (
	// heartbeat is the time between two proofs that the feed is alive.
	heartbeat = 250 * time.Millisecond

	// proofLife is how long entries are served after the server was last seen alive
	// on the connection over which it announces changes.
	proofLife = 750 * time.Millisecond
)

// feed is the connection over which a server announces changes.
type feed struct {
	proven atomic.Int64 // when the last PING that was answered had been sent, by the cache's clock; 0: none
}

func (f *feed) trusted(now time.Duration) bool {
	proven := f.proven.Load()
	return proven != 0 && now-time.Duration(proven) <= proofLife
}

// subscribe makes the client's connection the near cache's feed. The end of the
// connection comes as an announcement without keys, and dialer.opening flushes
// before there is a new one. The server also announces what this client writes
// itself: a write that was given up may be executed later, by a read that has
// come back meanwhile.
func (n *nearCache) subscribe(o *rueidis.ClientOption, prefix string) {
	o.DisableCache = false // this is what turns tracking on; rueidis' own cache stays unused
	o.ClientTrackingOptions = []string{"OPTIN"}
	o.OnInvalidations = func(keys []rueidis.RedisMessage) { n.announced(keys, prefix) }
}

func (n *nearCache) announced(keys []rueidis.RedisMessage, prefix string) {
	if keys == nil {
		n.flush()
		return
	}
	for _, k := range keys {
		if full, err := k.ToString(); err == nil {
			n.forget(strings.TrimPrefix(full, prefix))
		}
	}
}

// beat proves again and again that the feed is alive, until stop is called. What
// the server did before it answered a PING has been announced before the answer,
// as both come in order.
func (n *nearCache) beat(ping func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for ctx.Err() == nil {
			sent := n.clock.now()
			if ping(ctx) == nil {
				n.feed.proven.Store(int64(sent))
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
		n.feed.proven.Store(0) // a closed store answers nothing, what it remembers neither
	})
}
