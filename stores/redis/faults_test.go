package redis_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

const (
	clients  = 64
	slowest  = 1500 * time.Millisecond // what a call may take under any fault
	recovery = 10 * time.Second
)

// faults is what happens to one server and the network before it.
var faults = []struct {
	name       string
	begin, end func(*testserver.Process, *testserver.Proxy)
}{
	{"refused",
		func(_ *testserver.Process, p *testserver.Proxy) { p.Refuse() },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }},
	{"reset mid-reply",
		func(_ *testserver.Process, p *testserver.Proxy) { p.ResetMidReply() },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }},
	{"half-open",
		func(_ *testserver.Process, p *testserver.Proxy) { p.HalfOpen() },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }},
	{"slow",
		func(_ *testserver.Process, p *testserver.Proxy) { p.Slow(2 * time.Second) },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }},
	{"stopped and continued",
		func(s *testserver.Process, _ *testserver.Proxy) { s.Pause() },
		func(s *testserver.Process, _ *testserver.Proxy) { s.Resume() }},
	{"killed and restarted",
		func(s *testserver.Process, _ *testserver.Proxy) { s.Kill() },
		func(s *testserver.Process, _ *testserver.Proxy) { s.Restart() }},
}

func TestFaultsAreErrorsInTimeAndPass(t *testing.T) {
	for _, dsn := range []string{"redis://%s", "redis://%s?cache=1000"} {
		t.Run(dsn, func(t *testing.T) { // not in parallel: it counts goroutines
			server := testserver.StartRedis(t)
			proxy := testserver.NewProxy(t, server.Addr)
			store := open(t, fmt.Sprintf(dsn, proxy.Addr))
			for _, f := range faults {
				t.Run(f.name, func(t *testing.T) {
					l := startLoad(t, store, proxy)
					l.waitAnswers(t, 100)
					f.begin(server, proxy)
					l.waitErrors(t, clients)
					time.Sleep(time.Second) // long enough for connections to be given up
					f.end(server, proxy)
					l.waitAnswers(t, 1000)
					l.stop(t)
					l.noGrowth(t)
				})
			}
		})
	}
}

// load is clients that read records that exist, and write others, all the time.
type load struct {
	store   *redis.Store
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	proxies []*testserver.Proxy
	before  int // goroutines

	answers, errors, goroutines, longest atomic.Int64
	missing                              atomic.Pointer[error]
}

const records = 8

// startLoad counts the goroutines of the process, less those of the proxies.
func startLoad(t *testing.T, store *redis.Store, proxies ...*testserver.Proxy) *load {
	t.Helper()
	for i := range records {
		if err := store.Swap(t.Context(), record(i), nil, []byte("alive"), time.Hour); err != nil && !errors.Is(err, core.ErrConflict) {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{store: store, cancel: cancel, proxies: proxies}
	l.before = l.running()
	for i := range clients {
		l.wg.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				l.one(n)
			}
		})
	}
	t.Cleanup(func() { cancel(); l.wg.Wait() })
	return l
}

func record(i int) string { return fmt.Sprint("s:alive-", i%records) }

// one call. A record that exists must never read as missing.
func (l *load) one(n int) {
	ctx, start, own := context.Background(), time.Now(), fmt.Sprint("s:own-", n%1000)
	var err error
	switch n % 10 {
	case 0:
		err = l.store.Swap(ctx, own, nil, []byte("x"), time.Minute)
	case 1:
		err = l.store.Delete(ctx, own)
	default:
		read := l.store.Get
		if n%2 == 0 {
			read = func(ctx context.Context, key string) ([]byte, error) { return l.store.AppendGet(ctx, nil, key) }
		}
		if _, err = read(ctx, record(n)); errors.Is(err, core.ErrNotFound) {
			l.missing.Store(&err)
		}
	}
	atMost(&l.longest, int64(time.Since(start)))
	if err == nil || errors.Is(err, core.ErrConflict) {
		l.answers.Add(1)
		return
	}
	l.errors.Add(1)
	atMost(&l.goroutines, int64(l.running()))
	time.Sleep(5 * time.Millisecond) // as a client would, before it tries again
}

func (l *load) running() int {
	n := runtime.NumGoroutine()
	for _, p := range l.proxies {
		n -= p.Goroutines()
	}
	return n
}

func atMost(max *atomic.Int64, v int64) {
	for old := max.Load(); v > old && !max.CompareAndSwap(old, v); old = max.Load() {
	}
}

func (l *load) waitAnswers(t *testing.T, n int64) { t.Helper(); waitMore(t, "answers", &l.answers, n) }

func (l *load) waitErrors(t *testing.T, n int64) { t.Helper(); waitMore(t, "errors", &l.errors, n) }

func waitMore(t *testing.T, what string, count *atomic.Int64, n int64) {
	t.Helper()
	from := count.Load()
	waitFor(t, fmt.Sprint(n, " more ", what), func() bool { return count.Load() >= from+n })
}

func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(recovery); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("no %s within %v", what, recovery)
}

// stop ends the load and judges it.
func (l *load) stop(t *testing.T) {
	t.Helper()
	l.cancel()
	l.wg.Wait()
	if err := l.missing.Load(); err != nil {
		t.Errorf("a record that exists read as missing: %v", *err)
	}
	if took := time.Duration(l.longest.Load()); took > slowest {
		t.Errorf("the longest call took %v; want at most %v", took, slowest)
	}
	t.Logf("%d answers, %d errors, longest %v", l.answers.Load(), l.errors.Load(), time.Duration(l.longest.Load()).Round(time.Millisecond))
}

// noGrowth is for tests that have the process to themselves.
func (l *load) noGrowth(t *testing.T) {
	t.Helper()
	if peak := l.goroutines.Load(); peak > int64(l.before+4*clients) {
		t.Errorf("%d goroutines at the peak, %d before; want at most %d more", peak, l.before, 4*clients)
	}
	waitFor(t, "return to the former number of goroutines", func() bool { return l.running() <= l.before+clients/2 })
}

func TestStartsWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	server := testserver.StartRedis(t)
	server.Kill()
	for _, dsn := range []string{
		"redis://" + server.Addr, "redis://" + server.Addr + "?cache=10", "redis+unix://" + testserver.RedisSocket(server),
		"redis+cluster://" + server.Addr, "redis+sentinel://" + server.Addr + "/m",
	} {
		start := time.Now()
		_, err := open(t, dsn).Get(t.Context(), "s:k")
		if err == nil || errors.Is(err, core.ErrNotFound) || time.Since(start) > slowest {
			t.Errorf("%s: Get of a server that is down: %v after %v; want another error, soon", dsn, err, time.Since(start))
		}
	}
	store := open(t, "redis://"+server.Addr)
	if err := store.Swap(t.Context(), "s:k", nil, []byte("v"), time.Hour); err == nil {
		t.Error("Swap on a server that is down succeeded")
	}
	server.Restart()
	waitFor(t, "answer after the server's start", func() bool {
		_, err := store.Get(t.Context(), "s:k")
		return errors.Is(err, core.ErrNotFound)
	})
}
