package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

// calls is how often a server has executed a command.
func calls(t testing.TB, addr, command string) int {
	t.Helper()
	for _, line := range strings.Split(testserver.Redis(t, addr, "INFO", "commandstats"), "\r\n") {
		var n int
		if _, err := fmt.Sscanf(line, "cmdstat_"+command+":calls=%d,", &n); err == nil {
			return n
		}
	}
	return 0
}

func create(t testing.TB, s core.Store, key, value string) {
	t.Helper()
	if err := s.Swap(t.Context(), key, nil, []byte(value), time.Hour); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, s core.Store, key string) string {
	t.Helper()
	v, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// warm reads key until a read causes no command.
func warm(t testing.TB, addr string, s core.Store, key string) {
	t.Helper()
	waitFor(t, "hit in the near cache", func() bool {
		before := calls(t, addr, "get")
		get(t, s, key)
		return calls(t, addr, "get") == before
	})
}

func TestOneCommandPerGet(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr)
	create(t, store, "s:k", "v")
	const n = 100
	gets, all := calls(t, server.Addr, "get"), processed(t, server.Addr)
	for range n {
		get(t, store, "s:k")
	}
	if got := calls(t, server.Addr, "get") - gets; got != n {
		t.Errorf("%d Gets made %d GET commands", n, got)
	}
	if got := processed(t, server.Addr) - all; got > n+10 { // the test's own, and a PING
		t.Errorf("%d Gets made %d commands in all", n, got)
	}
}

func processed(t testing.TB, addr string) (n int) {
	t.Helper()
	_, stats, _ := strings.Cut(testserver.Redis(t, addr, "INFO", "stats"), "total_commands_processed:")
	if _, err := fmt.Sscan(stats, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEveryKeyHasATTL(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr)
	create(t, store, "s:k", "v")
	create(t, store, "u:k", "v")
	if err := store.Swap(t.Context(), "u:k", []byte("v"), []byte("w"), 1500*time.Microsecond+time.Minute); err != nil {
		t.Fatal(err)
	}
	keys := strings.Split(testserver.Redis(t, server.Addr, "KEYS", "*"), "\n")
	if len(keys) != 2 {
		t.Fatalf("keys %v; want two", keys)
	}
	for _, k := range keys {
		if ttl := testserver.Redis(t, server.Addr, "PTTL", k); strings.HasPrefix(ttl, "-") {
			t.Errorf("%s has the ttl %s", k, ttl)
		}
	}
}

func TestNearCacheHitIsNoCommand(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000").(*redis.Store)
	create(t, store, "s:k", "value")
	warm(t, server.Addr, store, "s:k")
	before, buf := calls(t, server.Addr, "get"), make([]byte, 0, 64)
	allocs := testing.AllocsPerRun(1000, func() {
		v, err := store.AppendGet(t.Context(), buf, "s:k")
		if err != nil || string(v) != "value" {
			t.Fatalf("AppendGet = %q, %v", v, err)
		}
	})
	if got := calls(t, server.Addr, "get") - before; got != 0 {
		t.Errorf("1000 hits made %d GET commands", got)
	}
	if allocs != 0 {
		t.Errorf("a hit takes %v allocations; want none", allocs)
	}
}

func TestNearCacheLearnsOfRevocationsElsewhere(t *testing.T) {
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	reader, other := open(t, "redis://"+proxy.Addr+"?cache=1000"), open(t, "redis://"+server.Addr)

	for i := range 50 {
		key := fmt.Sprint("s:", i)
		create(t, other, key, "v")
		warm(t, server.Addr, reader, key)
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
	warm(t, server.Addr, reader, "s:k")
	proxy.HalfOpen()
	if err := other.Delete(t.Context(), "s:k"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if _, err := reader.Get(t.Context(), "s:k"); err != nil {
			break
		}
	}
	for range 20 {
		if v, err := reader.Get(t.Context(), "s:k"); err == nil {
			t.Fatalf("a second after its deletion elsewhere the key still reads as %q", v)
		}
	}
	proxy.Pass()
	waitGone(t, reader, "s:k")
}

// waitGone allows for errors on the way, not for another value.
func waitGone(t testing.TB, s core.Store, key string) {
	t.Helper()
	waitFor(t, "ErrNotFound", func() bool {
		_, err := s.Get(t.Context(), key)
		return errors.Is(err, core.ErrNotFound)
	})
}

func TestNearCacheIsEmptiedByALostConnection(t *testing.T) {
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	reader, other := open(t, "redis://"+proxy.Addr+"?cache=1000"), open(t, "redis://"+server.Addr)
	for i := range 20 {
		key := fmt.Sprint("s:", i)
		create(t, other, key, "old")
		warm(t, server.Addr, reader, key)
		proxy.Refuse() // whatever changes now is never announced to reader
		if err := other.Swap(t.Context(), key, []byte("old"), []byte("new"), time.Hour); err != nil {
			t.Fatal(err)
		}
		proxy.Pass()
		waitFor(t, "the new value", func() bool {
			v, err := reader.Get(t.Context(), key)
			return err == nil && string(v) == "new"
		})
		for range 100 {
			if v, err := reader.Get(t.Context(), key); err == nil && string(v) != "new" {
				t.Fatalf("the value is %q again", v)
			}
		}
	}
}

func TestNearCacheIsBounded(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=64")
	for i := range 200 {
		create(t, store, fmt.Sprint("s:", i), "v")
	}
	warm(t, server.Addr, store, "s:0")
	for i := range 200 {
		get(t, store, fmt.Sprint("s:", i))
	}
	before := calls(t, server.Addr, "get")
	for i := range 200 {
		get(t, store, fmt.Sprint("s:", i))
	}
	if misses := calls(t, server.Addr, "get") - before; misses < 200-64 || misses == 200 {
		t.Errorf("%d of 200 keys were not in a cache of 64; want 136 to 199", misses)
	}
}

// TestNearCacheEntriesEndWithTheirKeys also where the server does not notice
// that a key has expired, and announces nothing.
func TestNearCacheEntriesEndWithTheirKeys(t *testing.T) {
	server := testserver.StartRedis(t)
	testserver.Redis(t, server.Addr, "DEBUG", "SET-ACTIVE-EXPIRE", "0")
	store := open(t, "redis://"+server.Addr+"?cache=10")
	create(t, store, "s:other", "v")
	warm(t, server.Addr, store, "s:other")
	const ttl = 300 * time.Millisecond
	start := time.Now()
	if err := store.Swap(t.Context(), "s:k", nil, []byte("v"), ttl); err != nil {
		t.Fatal(err)
	}
	warm(t, server.Addr, store, "s:k")
	waitGone(t, store, "s:k")
	if took := time.Since(start); took < ttl {
		t.Errorf("the key was gone after %v; want its ttl of %v", took, ttl)
	}
}
