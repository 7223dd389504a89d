package redis_test

import (
	"crypto/rand"
	"errors"
	"net/url"
	"runtime"
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

func open(t testing.TB, dsn string) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
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

// harness runs the suite over dsn, with a prefix per store. A busy machine may
// take longer than the default timeout for a call; faults_test.go measures that.
func harness(dsn string) storetest.Harness {
	if !strings.Contains(dsn, "timeout=") {
		dsn = withOption(dsn, "timeout", "5s")
	}
	openPrefix := func(t testing.TB, prefix string) core.Store {
		return open(t, withOption(dsn, "prefix", prefix))
	}
	return storetest.Harness{
		Open:       func(t testing.TB) core.Store { return openPrefix(t, rand.Text()+":") },
		OpenPrefix: openPrefix,
		MaxValue:   1 << 20,
	}
}

// behindProxy is the harness with faults.
func behindProxy(t *testing.T, options string) storetest.Harness {
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	h := harness("redis://" + proxy.Addr + options)
	h.Deadline = 2 * time.Second
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
	storetest.Run(t, behindProxy(t, "?timeout=1s"))
}

func TestConformsWithNearCache(t *testing.T) {
	t.Parallel()
	storetest.Run(t, behindProxy(t, "?timeout=1s&cache=1000"))
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
		s, err := redis.New(client, redis.Options{Prefix: prefix, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open:       func(t testing.TB) core.Store { return openPrefix(t, rand.Text()+":") },
		OpenPrefix: openPrefix,
		Advance:    func(_ testing.TB, d time.Duration) { server.FastForward(d) },
		MaxValue:   1 << 20,
	})
}

func TestCloseLeavesNoGoroutines(t *testing.T) {
	server := testserver.StartRedis(t)
	before := runtime.NumGoroutine()
	for _, options := range []string{"", "?cache=10", "?wait_replicas=1"} {
		for range 5 {
			store, err := redis.Open(t.Context(), "redis://"+server.Addr+options)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.Get(t.Context(), "s:k"); !errors.Is(err, core.ErrNotFound) {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	waitFor(t, "return to the former number of goroutines", func() bool { return runtime.NumGoroutine() <= before })
}

func TestCloseLeavesTheApplicationsClientOpen(t *testing.T) {
	server := miniredis.RunT(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr()}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	store, err := redis.New(client, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	create(t, store, "s:k", "v")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := client.Do(t.Context(), client.B().Get().Key("wx:s:k").Build()).Error(); err != nil {
		t.Errorf("the application's client after Close: %v", err)
	}
}
