package doctor

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/wxsession/wxsession/core"
)

// checkWrites goes by the service's own client, and its own timeout.
func (v *redisVisit) checkWrites(ctx context.Context) {
	v.each(ctx, "store.write", func(ctx context.Context, n *node) verdict {
		if v.misled(n) {
			return skipped("not tried: a node of a cluster answers for its own keys only", "see redis.role")
		}
		if err := tryVerbs(ctx, v.store, n.key); err != nil {
			p := storeProblem(err, "see the server's log")
			return failed(p.what, p.do)
		}
		return fine("a value was written, compared and swapped, read back and removed")
	})
}

// findKey looks for a key that this node of a cluster serves.
func (v *redisVisit) findKey(ctx context.Context, n *node, fresh func() string) string {
	const most = 2000 // far more than a cluster of a hundred masters needs
	key := fresh()
	for range most {
		if _, err := n.do(ctx, "GET", v.target.Prefix+key); replyCode(err) != "MOVED" {
			break
		}
		key = fresh()
	}
	return key
}

func (v *redisVisit) checkLatency(ctx context.Context) {
	for _, n := range v.nodes {
		where := ""
		if len(v.nodes) > 1 {
			where = n.addr + ": "
		}
		l, err := measure(ctx, func(ctx context.Context) error {
			_, err := n.do(ctx, "PING")
			return err
		})
		switch {
		case replyCode(err) != "":
			v.f.skip("store.latency", where+"this user may not ask for an answer (PING)", "grant it +ping")
			continue
		case err != nil:
			v.f.fail("store.latency", where+"the server has ceased to answer", "see its log")
			continue
		}
		judgeLatency(v.f, where, l, v.timeout)
	}
}

func (v *redisVisit) checkClock(ctx context.Context) {
	for _, n := range v.nodes {
		who, whose := "the server", "the server's"
		if len(v.nodes) > 1 {
			who, whose = n.addr, "that of "+n.addr
		}
		start := v.d.now()
		reply, err := n.do(ctx, "TIME")
		end := v.d.now()
		fields, bad := reply.AsIntSlice()
		if err != nil || bad != nil || len(fields) != 2 {
			v.f.skip("store.clock", who+" does not tell its time (TIME)", "grant this user +time to have it looked at")
			continue
		}
		took := end.Sub(start)
		ahead := time.Unix(fields[0], fields[1]*1000).Sub(start.Add(took / 2))
		judgeClock(v.f, "store.clock", whose, ahead, took/2)
	}
}

const (
	cacheWarm = 3 * time.Second // for a connection, a heartbeat, and a second read
	cacheSeen = time.Second     // what the store promises
)

// checkCache has the near cache keep a value of each server, changes it behind its
// back, and waits for the change to show.
func (v *redisVisit) checkCache(ctx context.Context) {
	switch {
	case v.target.Cache == 0:
		return
	case v.lacking:
		v.f.skip("redis.cache", "without the rights that redis.rights names it cannot be looked at", "")
		return
	}
	v.each(ctx, "redis.cache", v.tryCache)
	v.checkTracking(ctx)
}

func (v *redisVisit) tryCache(ctx context.Context, n *node) verdict {
	const do = "use Redis 6 or newer over RESP3, allow CLIENT TRACKING, CLIENT CACHING and PTTL, or leave out cache"
	key := v.findKey(ctx, n, func() string { return "s:" + rand.Text()[:22] }) // the near cache keeps sessions alone
	defer func() {
		left, cancel := within(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_, _ = n.do(left, "UNLINK", v.target.Prefix+key)
	}()
	if err := v.store.Swap(ctx, key, nil, []byte("one"), keyLife); err != nil {
		return skipped("without a test write it cannot be looked at", "")
	}
	before := v.hits()
	if !v.poll(ctx, cacheWarm, func(string) bool { return v.hits() > before }, key) {
		return failed("the near cache keeps nothing: each request still asks the server", do)
	}
	if _, err := n.do(ctx, "SET", v.target.Prefix+key, "two", "PX", fmt.Sprint(keyLife.Milliseconds())); err != nil {
		return skipped("without a test write it cannot be looked at", "")
	}
	start := time.Now()
	if !v.poll(ctx, cacheSeen, func(value string) bool { return value == "two" }, key) {
		return failed(fmt.Sprintf("a change on the server did not show within %v", cacheSeen), do)
	}
	return fine("a change on the server showed after %v", round(time.Since(start)))
}

// poll reads the key as requests do, until what it is after has come about.
func (v *redisVisit) poll(ctx context.Context, most time.Duration, done func(value string) bool, key string) bool {
	near, ok := v.store.(core.AppendGetter)
	if !ok {
		return false
	}
	for end := time.Now().Add(most); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		value, err := near.AppendGet(ctx, nil, key)
		if err == nil && done(string(value)) {
			return true
		}
	}
	return false
}

func (v *redisVisit) hits() uint64 {
	s, ok := v.store.(core.StatsReporter)
	if !ok {
		return 0
	}
	return s.Stats().NearHits
}
