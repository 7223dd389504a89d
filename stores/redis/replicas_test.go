package redis_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
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
			store := open(t, dsn).(*redis.Store)
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
			wantUnacknowledged(t, "a deletion", func() error { return store.Revoke(t.Context(), "s:2") })
			// Nothing is left to delete, but the deletion is still on its way.
			wantUnacknowledged(t, "its repetition", func() error { return store.Revoke(t.Context(), "s:2") })
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

func TestManyRevocationsAtOnce(t *testing.T) {
	s := testserver.StartSentinel(t)
	store := open(t, "redis://"+s.Master.Addr+"?wait_replicas=1").(*redis.Store)
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
