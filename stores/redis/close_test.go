package redis_test

import (
	"crypto/rand"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

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
			if err := store.(*redis.Store).Close(); err != nil {
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

func TestNewRefuses(t *testing.T) {
	if _, err := redis.New(nil, redis.Options{}); err == nil {
		t.Error("New took no client")
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{miniredis.RunT(t).Addr()}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, o := range []redis.Options{{Prefix: "a b"}, {Prefix: "{a}"}, {Timeout: -1}, {WaitReplicas: -1}, {WaitTimeout: -1}} {
		if _, err := redis.New(client, o); err == nil {
			t.Errorf("New took %+v", o)
		}
	}
}

func TestNearCacheAnswersNothingAfterClose(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=10").(*redis.Store)
	create(t, store, "s:k", "v")
	warm(t, server.Addr, store, "s:k")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err := store.Get(t.Context(), "s:k"); err == nil || errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get after Close: %q, %v; want another error", v, err)
	}
}

// TestReadsSurviveBrokenConnections: a server that restarts, or a proxy that
// drops what is idle, costs no read.
func TestReadsSurviveBrokenConnections(t *testing.T) {
	server := testserver.StartRedis(t)
	for _, options := range []string{"?conns=1", "?conns=2", "?cache=10"} {
		store := open(t, "redis://"+server.Addr+options+"&prefix="+rand.Text()+":")
		create(t, store, "u:k", "v")
		for range 50 {
			testserver.Redis(t, server.Addr, "CLIENT", "KILL", "TYPE", "normal")
			if v, err := store.Get(t.Context(), "u:k"); err != nil || string(v) != "v" {
				t.Fatalf("%s: Get over connections that have died: %q, %v", options, v, err)
			}
		}
	}
}

func TestTimeoutIsTheOptions(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?timeout=400ms")
	create(t, store, "u:k", "v")
	server.Pause()
	defer server.Resume()
	start := time.Now()
	if _, err := store.Get(t.Context(), "u:k"); err == nil || time.Since(start) < 300*time.Millisecond || time.Since(start) > time.Second {
		t.Errorf("Get of a stopped server: %v after %v; want an error after 400 ms", err, time.Since(start))
	}
}
