package memcached_test

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

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/memcached"
)

const (
	users   = 64
	conns   = 16                      // so that most users have to wait for one
	patient = 1500 * time.Millisecond // nobody waits longer, whatever happens
)

// A fault strikes under the traffic of 64 users and heals after each of them
// has seen it.
var faults = []struct {
	name         string
	strike, heal func(*testserver.Process, *testserver.Proxy)
	forgets      bool // the server comes back empty
}{
	{"killed and restarted",
		func(s *testserver.Process, _ *testserver.Proxy) { s.Kill() },
		func(s *testserver.Process, _ *testserver.Proxy) { s.Restart() }, true},
	{"stopped and continued",
		func(s *testserver.Process, _ *testserver.Proxy) { s.Pause() },
		func(s *testserver.Process, _ *testserver.Proxy) { s.Resume() }, false},
	{"refused", func(_ *testserver.Process, p *testserver.Proxy) { p.Refuse() }, pass, false},
	{"reset mid-reply", func(_ *testserver.Process, p *testserver.Proxy) { p.ResetMidReply() }, pass, false},
	{"half-open", func(_ *testserver.Process, p *testserver.Proxy) { p.HalfOpen() }, pass, false},
	{"slow", func(_ *testserver.Process, p *testserver.Proxy) { p.Slow(time.Second) }, pass, false},
}

func pass(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }

func TestFaults(t *testing.T) {
	for _, fault := range faults {
		for _, backend := range []string{"Open", "New"} {
			t.Run(fault.name+", "+backend, func(t *testing.T) {
				_, servers, proxies := start(t, 1)
				store := openAs(t, backend, proxies[0].Addr, 500*time.Millisecond)
				goroutines := func() int { return runtime.NumGoroutine() - proxies[0].Goroutines() }
				before := goroutines()
				load := startTraffic(t, store)
				load.waitForAnswers()
				fault.strike(servers[0], proxies[0])
				load.waitForFaults()
				// Each connection in use may have a call of New behind it, and one being
				// dialled a second address family.
				if now := goroutines(); now > before+users+3*conns {
					t.Errorf("%d goroutines, before %d: calls pile up", now, before)
				}
				load.mayForget.Store(fault.forgets)
				fault.heal(servers[0], proxies[0])
				load.waitForAnswers()
				load.stop()
				eventually(t, "only idle connections are left", func() bool {
					return goroutines() <= before+conns
				})
			})
		}
	}
}

func openAs(t *testing.T, backend, addr string, timeout time.Duration) core.Store {
	t.Helper()
	if backend == "Open" {
		return open(t, "memcached://"+fmt.Sprintf("%s?max_conns=%d&timeout=%v", addr, conns, timeout))
	}
	client := gomemcache.New(addr)
	client.MaxIdleConns, client.Timeout = conns, timeout
	store, err := memcached.New(client, memcached.Options{MaxConns: conns, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return store
}

func TestStartedWhileDown(t *testing.T) {
	dsn, _, proxies := start(t, 1)
	proxies[0].Refuse()
	store := open(t, dsn)
	for range 3 {
		if _, err := store.Get(t.Context(), "s:k"); err == nil || errors.Is(err, core.ErrNotFound) {
			t.Fatalf("server down: %v, want another error", err)
		}
	}
	proxies[0].Pass()
	if err := store.Swap(t.Context(), "s:k", nil, []byte("v"), time.Hour); err != nil {
		t.Errorf("server up: %v", err)
	}
}

func TestUnresolvableHostIsAnOutage(t *testing.T) {
	store := open(t, "memcached://no-such-host.invalid")
	start := time.Now()
	if _, err := store.Get(t.Context(), "s:k"); err == nil || errors.Is(err, core.ErrNotFound) {
		t.Errorf("got %v, want another error", err)
	}
	if took := time.Since(start); took > patient {
		t.Errorf("it took %v", took)
	}
}

func TestOneOfThreeGone(t *testing.T) {
	dsn, servers, proxies := start(t, 3)
	store := open(t, dsn)
	selector, err := memcached.NewSelector(strings.Split(strings.TrimPrefix(dsn, "memcached://"), ",")...)
	if err != nil {
		t.Fatal(err)
	}
	const n = 60
	for i := range n {
		if err := store.Swap(t.Context(), fmt.Sprint("s:", i), nil, []byte("v"), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	servers[1].Kill()
	lost := 0
	for i := range n {
		key := fmt.Sprint("s:", i)
		_, err := store.Get(t.Context(), key)
		switch addr, _ := selector.PickServer("wx:" + key); {
		case addr.String() != proxies[1].Addr:
			if err != nil {
				t.Errorf("a key of a live server: %v", err)
			}
		case err == nil || errors.Is(err, core.ErrNotFound):
			t.Errorf("a key of the dead server: %v, want another error", err)
		default:
			lost++
		}
	}
	if lost < n/6 || lost > n/2 {
		t.Errorf("%d of %d keys were on the dead server, want about a third", lost, n)
	}
	if err := store.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), proxies[1].Addr) || strings.Contains(err.Error(), proxies[0].Addr) {
		t.Errorf("Ping: %v, want an error that names %s alone", err, proxies[1].Addr)
	}
	servers[1].Restart()
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("Ping after the restart: %v", err)
	}
}

// A hung server takes no connections away from the others.
func TestAHungServerLeavesTheOthersAlone(t *testing.T) {
	dsn, _, proxies := start(t, 3)
	store := open(t, dsn+"?max_conns=2")
	proxies[0].HalfOpen()
	var wg sync.WaitGroup
	var answered, failed atomic.Int64
	for i := range 60 {
		wg.Go(func() {
			if _, err := store.Get(context.Background(), fmt.Sprint("s:", i)); errors.Is(err, core.ErrNotFound) {
				answered.Add(1)
			} else if err != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if answered.Load() < 30 || failed.Load() < 10 {
		t.Errorf("%d answered, %d failed; want two thirds and one third", answered.Load(), failed.Load())
	}
}

// After a restart every idle connection is dead. Open notices before it
// writes, so that not even the first log-in fails.
func TestRestartBreaksNoCall(t *testing.T) {
	server := testserver.StartMemcached(t)
	store := open(t, "memcached://"+server.Addr+"?timeout=10s")
	ctx := t.Context()
	calls := []func(key string) error{
		func(key string) error { return store.Swap(ctx, key, nil, []byte("v"), time.Hour) },
		func(key string) error { return store.Delete(ctx, key) },
		func(key string) error {
			if _, err := store.Get(ctx, key); !errors.Is(err, core.ErrNotFound) {
				return fmt.Errorf("got %v, want ErrNotFound", err)
			}
			return nil
		},
		func(key string) error {
			if err := store.Swap(ctx, key, []byte("v"), []byte("w"), time.Hour); !errors.Is(err, core.ErrConflict) {
				return fmt.Errorf("got %v, want ErrConflict", err)
			}
			return nil
		},
	}
	for i, call := range calls {
		inParallel(8, func(n int) { _, _ = store.Get(ctx, "s:warm") })
		server.Restart()
		inParallel(8, func(n int) {
			if err := call(fmt.Sprintf("s:%d-%d", i, n)); err != nil {
				t.Errorf("call %d after a restart: %v", i, err)
			}
		})
	}
}
