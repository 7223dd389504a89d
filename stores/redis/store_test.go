package redis_test

import (
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
	"github.com/wxsession/wxsession/stores/storetest"
)

func open(t testing.TB, dsn string) core.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.(*redis.Store).Close() })
	return s
}

// withOption adds an option to a DSN.
func withOption(dsn, name, value string) string {
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	return dsn + sep + name + "=" + url.QueryEscape(value)
}

// harness runs the suite over dsn, with a prefix per store.
func harness(dsn string) storetest.Harness {
	openPrefix := func(t testing.TB, prefix string) core.Store { return open(t, withOption(dsn, "prefix", prefix)) }
	return storetest.Harness{
		Open:       func(t testing.TB) core.Store { return openPrefix(t, rand.Text()+":") },
		OpenPrefix: openPrefix,
		MaxValue:   redis.MaxValue,
	}
}

// behindProxy adds the faults to a harness.
func behindProxy(server *testserver.Process, proxy *testserver.Proxy, h storetest.Harness) storetest.Harness {
	h.Outage = func(testing.TB) func() { proxy.Refuse(); return proxy.Pass }
	h.Stall = func(testing.TB) func() { proxy.HalfOpen(); return proxy.Pass }
	h.Restart = func(testing.TB) { server.Restart() }
	return h
}

func TestConformsOnMiniredis(t *testing.T) {
	server := miniredis.RunT(t)
	h := harness("redis://" + server.Addr())
	h.Advance = func(_ testing.TB, d time.Duration) { server.FastForward(d) }
	storetest.Run(t, h)
}

func TestConformsOnRedis(t *testing.T) {
	t.Parallel()
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	storetest.Run(t, behindProxy(server, proxy, harness("redis://"+proxy.Addr)))
}

func TestConformsWithNearCache(t *testing.T) {
	t.Parallel()
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	storetest.Run(t, behindProxy(server, proxy, harness("redis://"+proxy.Addr+"?cache=1000")))
}

func TestConformsOverAClientThatExists(t *testing.T) {
	server := miniredis.RunT(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{server.Addr()}, DisableCache: true, ForceSingleClient: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	openPrefix := func(t testing.TB, prefix string) core.Store {
		s, err := redis.New(client, redis.Options{Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open:       func(t testing.TB) core.Store { return openPrefix(t, rand.Text()+":") },
		OpenPrefix: openPrefix,
		Advance:    func(_ testing.TB, d time.Duration) { server.FastForward(d) },
		MaxValue:   redis.MaxValue,
	})
}
