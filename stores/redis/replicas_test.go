package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestRevocationsWaitForReplicas(t *testing.T) {
	s := testserver.StartSentinel(t)
	for _, dsn := range []string{
		"redis://" + s.Master.Addr,
		"redis://" + s.Master.Addr + "?cache=100",
		"redis+sentinel://" + strings.Join(s.Addrs(), ",") + "/" + testserver.SentinelMaster,
	} {
		t.Run(dsn, func(t *testing.T) {
			dsn := withOption(withOption(withOption(dsn, "wait_replicas", "1"), "wait_timeout", "100ms"), "prefix", "w"+time.Now().Format("150405.000000")+":")
			store := open(t, dsn)
			create(t, store, "s:1", "v")
			create(t, store, "s:2", "v")
			if err := store.Revoke(t.Context(), "s:1"); err != nil {
				t.Fatalf("with the replica in step: %v", err)
			}
			s.Replica.Pause()
			defer s.Replica.Resume()
			wantUnacknowledged(t, "an update", func() error {
				return store.SwapReplicated(t.Context(), "s:2", []byte("v"), []byte("w"), time.Hour)
			})
			wantUnacknowledged(t, "its repetition", func() error {
				return store.SwapReplicated(t.Context(), "s:2", []byte("w"), []byte("w"), time.Hour)
			})
			wantUnacknowledged(t, "a creation", func() error {
				return store.SwapReplicated(t.Context(), "s:4", nil, []byte("w"), time.Hour)
			})
			wantUnacknowledged(t, "a deletion", func() error { return store.Revoke(t.Context(), "s:2") })
			for range 3 { // nothing is left to delete, but the deletion is still on its way
				wantUnacknowledged(t, "its repetition", func() error { return store.Revoke(t.Context(), "s:2") })
			}
			wantUnacknowledged(t, "a deletion of what never was", func() error { return store.Revoke(t.Context(), "s:never") })
			create(t, store, "s:3", "writes that revoke nothing do not wait")
			if err := store.SwapReplicated(t.Context(), "s:3", []byte("stale"), []byte("w"), time.Hour); !errors.Is(err, core.ErrConflict) {
				t.Errorf("a conflict: %v; want core.ErrConflict at once", err)
			}
			s.Replica.Resume()
			waitFor(t, "acknowledgement", func() bool { return store.Revoke(t.Context(), "s:2") == nil })
		})
	}
}

func wantUnacknowledged(t *testing.T, what string, revoke func() error) {
	t.Helper()
	start := time.Now()
	err := revoke()
	if err == nil || errors.Is(err, core.ErrConflict) || !strings.Contains(err.Error(), "replicas") {
		t.Errorf("%s that no replica has seen: %v; want an error that says so", what, err)
	}
	if took := time.Since(start); took < 90*time.Millisecond || took > time.Second {
		t.Errorf("%s took %v; want the wait_timeout of 100 ms", what, took)
	}
}

// TestEveryRevocationWritesWhatReplicasMustSee: since Redis 7.2, WAIT answers at
// once on a connection that has written nothing, whatever its replicas have seen.
func TestEveryRevocationWritesWhatReplicasMustSee(t *testing.T) {
	s := testserver.StartSentinel(t)
	testserver.Redis(t, s.Master.Addr, "CONFIG", "SET", "repl-ping-replica-period", "3600")
	store := open(t, "redis://"+s.Master.Addr+"?wait_replicas=1")
	create(t, store, "s:k", "v")
	for n := range 4 {
		before := info(t, s.Master.Addr, "replication", "master_repl_offset")
		if err := store.Revoke(t.Context(), "s:k"); err != nil {
			t.Fatalf("revocation %d: %v", n+1, err)
		}
		// The offset also grows by WAIT's own question to the replicas, of 37 bytes.
		if grew := info(t, s.Master.Addr, "replication", "master_repl_offset") - before; grew < 60 {
			t.Errorf("revocation %d put %d bytes into the replicas' stream; want a write", n+1, grew)
		}
		if got := testserver.Redis(t, s.Master.Addr, "EXISTS", "wx:s:k"); got != "0" {
			t.Errorf("revocation %d left the key behind", n+1)
		}
	}
}

// TestRevocationsWithoutReplicasStopNobodyElse: log-outs with random tokens,
// which anybody can send, wait in vain; requests go on.
func TestRevocationsWithoutReplicasStopNobodyElse(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?wait_replicas=1&timeout=300ms")
	create(t, store, "s:k", "v")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var refused, slow atomic.Int64
	for i := range 200 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				start := time.Now()
				if err := store.Revoke(context.Background(), fmt.Sprint("s:random-", i, "-", n)); err == nil {
					t.Error("a revocation without replicas succeeded")
				}
				refused.Add(1)
				atMost(&slow, int64(time.Since(start)))
			}
		})
	}
	reads := 0
	for tick := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; reads++ {
		<-tick.C // a busier server would be taken for silent less often
		if _, err := store.Get(context.Background(), "s:k"); err != nil {
			t.Fatalf("a request meanwhile: %v", err)
		}
	}
	wg.Wait()
	t.Logf("%d revocations refused, the slowest after %v; %d reads", refused.Load(), time.Duration(slow.Load()), reads)
	if store.Stats().BreakerOpen {
		t.Error("the breaker is open; the server has answered all the time")
	}
	if longest := time.Duration(slow.Load()); longest > store.Timeout()+300*time.Millisecond {
		t.Errorf("the slowest revocation took %v; want %v, and little more", longest, store.Timeout())
	}
}

// TestImpatientRevocationsStopNobodyElse: the caller's time is up before the
// replicas', which the server has no part in.
func TestImpatientRevocationsStopNobodyElse(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?wait_replicas=1&wait_timeout=10s")
	create(t, store, "s:k", "v")
	var wg sync.WaitGroup
	for i := range maxWaiting {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if err := store.Revoke(ctx, fmt.Sprint("s:", i)); err == nil {
				t.Error("a revocation without replicas succeeded")
			}
		})
	}
	wg.Wait()
	if _, err := store.Get(t.Context(), "s:k"); err != nil || store.Stats().BreakerOpen {
		t.Errorf("Get afterwards: %v; breaker open: %v", err, store.Stats().BreakerOpen)
	}
}

// maxWaiting is how many revocations wait at a time; see the documentation.
const maxWaiting = 16

// TestImpatientRevocationsAreKeptByNobody who waits for replicas before them.
func TestImpatientRevocationsAreKeptByNobody(t *testing.T) {
	const patience = 100 * time.Millisecond
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?wait_replicas=1&wait_timeout=2s")
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range maxWaiting {
		wg.Go(func() { _ = store.Revoke(context.Background(), fmt.Sprint("s:", i)) })
	}
	waitFor(t, "turn for all of these", func() bool { return info(t, server.Addr, "clients", "blocked_clients") == maxWaiting })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	start := time.Now()
	if err := store.Revoke(ctx, "s:k"); err == nil {
		t.Error("a revocation without replicas succeeded")
	}
	if took := time.Since(start); took > 5*patience {
		t.Errorf("a caller with a deadline of %v was kept for %v", patience, took)
	}
}

// TestRevocationsOfAHungServerEndInTime, and count as its silence.
func TestRevocationsOfAHungServerEndInTime(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?wait_replicas=1&timeout=200ms&wait_timeout=100ms")
	create(t, store, "s:k", "v")
	server.Pause()
	defer server.Resume()
	var wg sync.WaitGroup
	var slow atomic.Int64
	for range 2 {
		for range 20 {
			wg.Go(func() {
				start := time.Now()
				if err := store.Revoke(context.Background(), "s:k"); err == nil {
					t.Error("a revocation on a server that hangs succeeded")
				}
				atMost(&slow, int64(time.Since(start)))
			})
		}
		wg.Wait()
	}
	if longest := time.Duration(slow.Load()); longest > 800*time.Millisecond {
		t.Errorf("the slowest revocation took %v; want 300 ms", longest)
	}
	waitFor(t, "open breaker", func() bool {
		_ = store.Revoke(context.Background(), "s:k")
		return store.Stats().BreakerOpen
	})
}

func TestManyRevocationsAtOnce(t *testing.T) {
	s := testserver.StartSentinel(t)
	store := open(t, "redis://"+s.Master.Addr+"?wait_replicas=1")
	var wg sync.WaitGroup
	for i := range 100 {
		create(t, store, record(i)+time.Now().String(), "v")
		wg.Go(func() {
			if err := store.Revoke(t.Context(), record(i)); err != nil {
				t.Errorf("Delete: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestTimeoutIncludesTheReplicas(t *testing.T) {
	for dsn, want := range map[string]time.Duration{
		"redis://h": 500 * time.Millisecond, "redis://h?timeout=1s": time.Second,
		"redis://h?wait_replicas=1": 700 * time.Millisecond, "redis://h?wait_replicas=1&wait_timeout=1s&timeout=1s": 2 * time.Second,
	} {
		if got := open(t, dsn).Timeout(); got != want {
			t.Errorf("%s: %v; want %v", dsn, got, want)
		}
	}
}
