package redis_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// TestGiantsAreNotKept: who writes to the store decides how large they are.
func TestGiantsAreNotKept(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000&timeout=5s")
	create(t, store, "s:small", "v")
	warm(t, store, "s:small")
	const giants, size = 16, 4 << 20
	for i := range giants {
		testserver.Redis(t, server.Addr, "EVAL", fmt.Sprintf("return redis.call('SET',KEYS[1],string.rep('x',%d),'EX',100)", size), "1", fmt.Sprint("wx:s:giant-", i))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 3 {
		for i := range giants {
			_, _ = store.AppendGet(t.Context(), nil, fmt.Sprint("s:giant-", i))
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d MiB more in use", (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>20)
	if n := store.Stats().Entries; n != 1 {
		t.Errorf("%d entries; want the small one", n)
	}
}

// TestOneSilentMasterTakesItsShareOnly, also when a stranger sends tokens whose
// keys it has.
func TestOneSilentMasterTakesItsShareOnly(t *testing.T) {
	cluster := testserver.StartRedisCluster(t)
	proxies := cluster.BehindProxies(t)
	const perSecond = 600
	for _, options := range []string{"", "?cache=1000"} {
		t.Run("redis+cluster://"+options, func(t *testing.T) {
			store := open(t, "redis+cluster://"+strings.Join([]string{proxies[0].Addr, proxies[1].Addr, proxies[2].Addr}, ",")+options)
			var silent, honest []string
			for i := 0; len(silent) < 20 || len(honest) < 10; i++ {
				key := fmt.Sprint("s:", options, i)
				if cluster.Owner(t, "wx:"+key) == cluster.Masters[0] {
					silent = append(silent, key)
				} else if len(honest) < 10 {
					honest = append(honest, key)
					create(t, store, key, "v")
				}
			}
			time.Sleep(100 * time.Millisecond)
			var wg, junk sync.WaitGroup
			var stop atomic.Bool
			began := time.Now()
			wg.Go(func() {
				for i := 0; !stop.Load(); time.Sleep(time.Millisecond) {
					for ; i < int(time.Since(began).Seconds()*perSecond); i++ {
						key := silent[i%len(silent)]
						junk.Go(func() { _, _ = store.AppendGet(t.Context(), nil, key) })
					}
				}
			})
			answers, refused, why := 0, 0, map[string]int{}
			for i := 0; time.Since(began) < 4*time.Second; i++ {
				if i == 20 {
					proxies[0].HalfOpen()
					defer proxies[0].Pass()
				}
				ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
				_, err := store.Get(ctx, honest[i%len(honest)])
				cancel()
				switch {
				case err == nil:
					answers++
				case errors.Is(err, core.ErrNotFound):
					t.Error("a session reads as missing")
				default:
					refused++
					why[err.Error()]++
				}
				time.Sleep(5 * time.Millisecond)
			}
			stop.Store(true)
			wg.Wait()
			junk.Wait()
			t.Logf("of sessions on the masters that answer: %d answers, %d refused: %v", answers, refused, why)
			if refused > (answers+refused)/10 {
				t.Errorf("%d of %d requests for sessions on the masters that answer are refused", refused, answers+refused)
			}
		})
	}
}

// TestSessionsThatEndElsewhereLeaveNothing: their tokens were used once here, and
// are sent once more.
func TestSessionsThatEndElsewhereLeaveNothing(t *testing.T) {
	eachTopology(t, func(t *testing.T, dsn string, servers servers) {
		store, other := open(t, dsn+"?cache=1000"), open(t, dsn)
		create(t, store, "s:other", "v")
		warm(t, store, "s:other")
		const ended = 100
		for i := range ended {
			key := fmt.Sprint("s:", i)
			ttl := time.Hour
			if i%2 == 0 {
				ttl = 300 * time.Millisecond
			}
			if err := other.Swap(t.Context(), key, nil, []byte("v"), ttl); err != nil {
				t.Fatal(err)
			}
			use(t, store, key)
			if i%2 == 1 {
				if err := other.Delete(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(400 * time.Millisecond)
		waitFor(t, "hit", func() bool {
			before := store.Stats().NearHits
			use(t, store, "s:other")
			return store.Stats().NearHits > before
		})
		for range 3 {
			for i := range ended {
				if _, err := store.AppendGet(t.Context(), nil, fmt.Sprint("s:", i)); !errors.Is(err, core.ErrNotFound) {
					t.Fatal(err)
				}
			}
		}
		if n := servers.tracked(t); n != 1 {
			t.Errorf("the servers track %d keys; want the one that exists", n)
		}
	})
}
