package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
)

func TestNearCacheLearnsOfRevocationsElsewhere(t *testing.T) {
	t.Parallel()
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	reader, other := open(t, "redis://"+proxy.Addr+"?cache=1000"), open(t, "redis://"+server.Addr)

	for i := range 50 {
		key := fmt.Sprint("s:", i)
		create(t, other, key, "v")
		warm(t, reader, key)
		start := time.Now()
		if err := other.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		waitGone(t, reader, key)
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("the deletion took %v to arrive; want milliseconds", took)
		}
	}

	// The connection dies without a word: nothing arrives any more.
	create(t, other, "s:k", "v")
	warm(t, reader, "s:k")
	proxy.HalfOpen()
	if err := other.Delete(t.Context(), "s:k"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if _, err := reader.AppendGet(t.Context(), nil, "s:k"); err != nil {
			break
		}
	}
	for range 20 {
		if v, err := reader.AppendGet(t.Context(), nil, "s:k"); err == nil {
			t.Fatalf("a second after its deletion elsewhere the key still reads as %q", v)
		}
	}
	proxy.Pass()
	waitGone(t, reader, "s:k")
}

func TestNearCacheIsEmptiedByALostConnection(t *testing.T) {
	t.Parallel()
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	reader, other := open(t, "redis://"+proxy.Addr+"?cache=1000"), open(t, "redis://"+server.Addr)
	for i := range 20 {
		key := fmt.Sprint("s:", i)
		create(t, other, key, "old")
		warm(t, reader, key)
		proxy.Refuse() // whatever changes now is never announced to reader
		if err := other.Swap(t.Context(), key, []byte("old"), []byte("new"), time.Hour); err != nil {
			t.Fatal(err)
		}
		proxy.Pass()
		waitFor(t, "the new value", func() bool {
			v, err := reader.AppendGet(t.Context(), nil, key)
			return err == nil && string(v) == "new"
		})
		for range 100 {
			if v, err := reader.AppendGet(t.Context(), nil, key); err == nil && string(v) != "new" {
				t.Fatalf("the value is %q again", v)
			}
		}
	}
}

// TestWaitingForReplicasLeavesTheNearCacheAlone: the connections that wait come
// and go, and announce nothing.
func TestWaitingForReplicasLeavesTheNearCacheAlone(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=100&wait_replicas=1&wait_timeout=1ms")
	create(t, store, "s:k", "v")
	warm(t, store, "s:k")
	for i := range 5 {
		if err := store.Revoke(t.Context(), fmt.Sprint("s:", i)); err == nil {
			t.Fatal("Revoke without a replica succeeded")
		}
	}
	if n := store.Stats().Entries; n != 1 {
		t.Errorf("%d entries after revocations of others; want 1", n)
	}
}
