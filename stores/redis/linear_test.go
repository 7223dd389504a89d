package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/linear"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

// user reads as requests do, through the near cache.
type user struct{ *redis.Store }

func (u user) Get(ctx context.Context, key string) ([]byte, error) {
	defer time.Sleep(10 * time.Microsecond) // a hit gives the network no turn
	return u.AppendGet(ctx, []byte{}, key)
}

// TestHistoriesAreLinearizable: of several instances, if all read with Get; of
// one, also if it reads through its near cache. What near caches see of other
// instances' changes may be a second old.
func TestHistoriesAreLinearizable(t *testing.T) {
	const near = "?cache=1000"
	for name, stores := range map[string]func(t *testing.T, dsn string) []core.Store{
		"two instances":                  func(t *testing.T, dsn string) []core.Store { return []core.Store{open(t, dsn), open(t, dsn)} },
		"two instances with near caches": func(t *testing.T, dsn string) []core.Store { return []core.Store{open(t, dsn+near), open(t, dsn+near)} },
		"one instance, by AppendGet":     func(t *testing.T, dsn string) []core.Store { return []core.Store{user{open(t, dsn+near)}} },
		"one instance, by both in one cache": func(t *testing.T, dsn string) []core.Store {
			s := open(t, dsn+near)
			return []core.Store{s, user{s}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testserver.StartRedis(t)
			proxy := testserver.NewProxy(t, server.Addr)
			wantLinear(t, stores(t, "redis://"+proxy.Addr), func() { disturb(server, proxy) })
		})
		t.Run(name+", on a cluster", func(t *testing.T) {
			t.Parallel()
			cluster := testserver.StartRedisCluster(t)
			wantLinear(t, stores(t, "redis+cluster://"+cluster.Masters[0].Addr), func() { disturbCluster(t, cluster) })
		})
	}
}

// wantLinear disturbs a load of at least a thousand operations; a machine that has
// other things to do needs several turns for them.
func wantLinear(t *testing.T, stores []core.Store, disturb func()) {
	t.Helper()
	var history linear.History
	ctx, cancel := context.WithCancel(t.Context())
	disturbed := make(chan struct{})
	go func() {
		defer close(disturbed)
		defer cancel()
		for range 10 {
			disturb()
			if all, unknown := history.Len(); all >= 1000 && unknown > 0 {
				break
			}
		}
	}()
	history.Load(ctx, "s:", stores...)
	<-disturbed
	linear.Check(t, &history)
	all, unknown := history.Len()
	t.Logf("%d operations, %d of unknown outcome", all, unknown)
	if all < 1000 || unknown == 0 {
		t.Errorf("%d operations, %d of unknown outcome: the load or the faults did not bite", all, unknown)
	}
}

// disturbCluster stops masters for a moment, and cuts their clients off. No master
// gives way: what a successor knows is not linearizable.
func disturbCluster(t *testing.T, cluster *testserver.RedisCluster) {
	const calm, fault = 100 * time.Millisecond, 50 * time.Millisecond
	for range 3 {
		for _, m := range cluster.Masters {
			time.Sleep(calm)
			m.Pause()
			time.Sleep(fault)
			m.Resume()
			time.Sleep(calm)
			for range 3 {
				testserver.Redis(t, m.Addr, "CLIENT", "KILL", "TYPE", "normal")
				time.Sleep(fault / 5)
			}
		}
	}
	time.Sleep(calm)
}

// disturb lets each fault meet the load, with calm before and after it.
func disturb(server *testserver.Process, proxy *testserver.Proxy) {
	const calm, fault = 150 * time.Millisecond, 50 * time.Millisecond
	for _, f := range faults {
		time.Sleep(calm)
		f.begin(server, proxy)
		time.Sleep(fault)
		f.end(server, proxy)
	}
	time.Sleep(calm)
}
