package memcached_test

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/memcached"
	"github.com/wxsession/wxsession/stores/storetest"
)

func open(t testing.TB, dsn string) *memcached.Store {
	t.Helper()
	store, err := memcached.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

// start runs n servers, each behind a proxy; the name lists the proxies.
func start(t testing.TB, n int) (dsn string, servers []*testserver.Process, proxies []*testserver.Proxy) {
	t.Helper()
	for i := range n {
		servers = append(servers, testserver.StartMemcached(t))
		proxies = append(proxies, testserver.NewProxy(t, servers[i].Addr))
		dsn += "," + proxies[i].Addr
	}
	return "memcached://" + dsn[1:], servers, proxies
}

func TestConformance(t *testing.T) {
	t.Parallel() // the suite waits for values to expire
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("Open, servers: %d", n), func(t *testing.T) {
			t.Parallel()
			dsn, servers, proxies := start(t, n)
			byName := func(t testing.TB, prefix string) core.Store { return open(t, dsn+"?timeout=1s&prefix="+prefix) }
			storetest.Run(t, harness(byName, servers, proxies))
		})
	}
	t.Run("New", func(t *testing.T) {
		t.Parallel()
		dsn, servers, proxies := start(t, 1)
		client := gomemcache.New(dsn[len("memcached://"):])
		client.Timeout = time.Second
		t.Cleanup(func() { client.Close() })
		byClient := func(t testing.TB, prefix string) core.Store {
			store, err := memcached.New(client, memcached.Options{Prefix: prefix, Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			return store
		}
		storetest.Run(t, harness(byClient, servers, proxies))
	})
}

func harness(open func(testing.TB, string) core.Store, servers []*testserver.Process, proxies []*testserver.Proxy) storetest.Harness {
	each := func(act func(*testserver.Proxy)) {
		for _, p := range proxies {
			act(p)
		}
	}
	return storetest.Harness{
		Open:       func(t testing.TB) core.Store { return open(t, rand.Text()+":") },
		OpenPrefix: open,
		Outage: func(testing.TB) func() {
			each((*testserver.Proxy).Refuse)
			return func() { each((*testserver.Proxy).Pass) }
		},
		Stall: func(testing.TB) func() {
			each((*testserver.Proxy).HalfOpen)
			return func() { each((*testserver.Proxy).Pass) }
		},
		Restart: func(testing.TB) {
			for _, s := range servers {
				s.Restart()
			}
		},
		Volatile: true,
		Deadline: 1400 * time.Millisecond, // 1 s, on a busy machine
		MaxValue: 1<<20 - 1<<10,
	}
}
