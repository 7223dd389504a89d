package redis

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

const (
	// heartbeat is the time between two proofs that a link is alive.
	heartbeat = 250 * time.Millisecond

	// resurvey lets every second round ask a cluster who owns what, also when nothing
	// seems to have changed: a master whose slot another one takes by a claim of its
	// own does not announce that the keys are gone.
	resurvey = 2*heartbeat - heartbeat/2
)

// subscribe makes the client's connections the near cache's feeds. Servers also
// announce what this client writes itself: a write that was given up may be
// executed later, by a read that has come back meanwhile.
func (n *nearCache) subscribe(o *rueidis.ClientOption) {
	o.DisableCache = false // this is what turns tracking on; rueidis' own cache stays unused
	o.ClientTrackingOptions = []string{"OPTIN"}
	o.OnInvalidations = n.announced
}

func (n *nearCache) announced(keys []rueidis.RedisMessage) {
	if keys == nil {
		if n.feeds.flushed() {
			n.flush()
		}
		return
	}
	for _, k := range keys {
		if full, err := k.ToString(); err == nil && len(full) >= len(n.feeds.prefix) {
			n.forget(full[len(n.feeds.prefix):])
		}
	}
}

// beat proves again and again that the feeds are alive, until stop is called.
func (n *nearCache) beat(get func(context.Context) (rueidis.Client, error)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for ctx.Err() == nil {
			running.Go(func() { n.round(ctx, &running, get) })
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	})
	return sync.OnceFunc(func() {
		cancel()
		running.Wait()
		n.feeds.close()
	})
}

// round asks each node for a sign of life, and the cluster first who they are,
// where that may have changed. No node waits for another, nor for an earlier round.
func (n *nearCache) round(ctx context.Context, running *sync.WaitGroup, get func(context.Context) (rueidis.Client, error)) {
	f := n.feeds
	if f.outdated.Load() || f.cluster && f.clock.now()-time.Duration(f.surveyed.Load()) >= resurvey {
		f.survey(ctx, get)
	}
	if f.overdue() {
		n.flush()
	}
	if f.severed.Swap(false) {
		n.sweep(f.owners.Load())
	}
	if o := f.owners.Load(); o != nil {
		for _, owner := range o.all {
			running.Go(func() { f.prove(ctx, owner) })
		}
	}
}

// prove asks for one sign of life, twice where the first try has only made the
// connection.
func (f *feeds) prove(ctx context.Context, o *owner) {
	if !o.beating.CompareAndSwap(false, true) {
		return
	}
	defer o.beating.Store(false)
	for range 2 {
		l, sent := o.link.Load(), f.clock.now()
		short, cancel := context.WithTimeout(ctx, min(f.timeout, proofLife)) // a later answer would prove nothing
		err := o.proof(short)
		cancel()
		if redirect, refused := rueidis.IsRedisErr(err); refused {
			switch code, _, _ := strings.Cut(redirect.Error(), " "); code { // rueidis' IsMoved panics where no address follows
			case "ASK":
				err = nil // only the owner of a slot sends others on with it
			case "MOVED":
				l.doubt()
			}
		}
		if err != nil {
			f.outdated.Store(true)
			return
		}
		if l.proven.Load() == broken {
			continue
		}
		if o.open.Load() > 1 {
			return // the answer may have come over one, while the other one announces
		}
		if !f.cluster || o.steady(sent) {
			l.prove(sent)
		}
		return
	}
}
