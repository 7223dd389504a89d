package redis_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// TestNearCacheRemembersAtTheSecondUse: the first use is a plain GET, which the
// server need not keep in mind.
func TestNearCacheRemembersAtTheSecondUse(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000")
	create(t, store, "s:other", "v")
	warm(t, store, "s:other") // the heartbeat has begun
	create(t, store, "s:k", "v")
	tracked := info(t, server.Addr, "stats", "tracking_total_keys")
	for n, want := range []struct{ gets, caching, pttl, tracked int }{
		{1, 0, 0, 0}, {1, 1, 1, 1}, {0, 0, 0, 1}, {0, 0, 0, 1},
	} {
		gets, caching, pttl := calls(t, server.Addr, "get"), calls(t, server.Addr, "client|caching"), calls(t, server.Addr, "pttl")
		if v := use(t, store, "s:k"); v != "v" {
			t.Errorf("use %d: %q", n+1, v)
		}
		gets, caching, pttl = calls(t, server.Addr, "get")-gets, calls(t, server.Addr, "client|caching")-caching, calls(t, server.Addr, "pttl")-pttl
		if now := info(t, server.Addr, "stats", "tracking_total_keys") - tracked; gets != want.gets || caching != want.caching || pttl != want.pttl || now != want.tracked {
			t.Errorf("use %d: %d GET, %d CLIENT CACHING, %d PTTL, %d keys tracked; want %+v", n+1, gets, caching, pttl, now, want)
		}
	}
}

func TestNearCacheHitIsNoCommand(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000")
	create(t, store, "s:k", "value")
	warm(t, store, "s:k")
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

func TestNearCacheIsBounded(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=64")
	for i := range 200 {
		create(t, store, fmt.Sprint("s:", i), "v")
	}
	warm(t, store, "s:0")
	for range 5 {
		for i := range 200 {
			use(t, store, fmt.Sprint("s:", i))
		}
	}
	before := store.Stats()
	for i := range 200 {
		use(t, store, fmt.Sprint("s:", i))
	}
	after := store.Stats()
	if misses := after.NearMisses - before.NearMisses; misses < 200-64 || misses == 200 || after.NearHits-before.NearHits+misses != 200 {
		t.Errorf("%d of 200 keys were not in a cache of 64, %d were; want 136 to 199, and the rest", misses, after.NearHits-before.NearHits)
	}
	if after.Entries > 64 || after.Entries < 32 {
		t.Errorf("%d entries in a cache of 64", after.Entries)
	}
}

// TestNearCacheEntriesEndWithTheirKeys also where the server does not notice
// that a key has expired, and announces nothing.
func TestNearCacheEntriesEndWithTheirKeys(t *testing.T) {
	server := testserver.StartRedis(t)
	testserver.Redis(t, server.Addr, "DEBUG", "SET-ACTIVE-EXPIRE", "0")
	store := open(t, "redis://"+server.Addr+"?cache=10")
	create(t, store, "s:other", "v")
	warm(t, store, "s:other")
	const ttl = 300 * time.Millisecond
	start := time.Now()
	if err := store.Swap(t.Context(), "s:k", nil, []byte("v"), ttl); err != nil {
		t.Fatal(err)
	}
	warm(t, store, "s:k")
	waitGone(t, store, "s:k")
	if took := time.Since(start); took < ttl {
		t.Errorf("the key was gone after %v; want its ttl of %v", took, ttl)
	}
}

// TestNearCacheForgetsWhatIsReadDuringAWrite: whoever has written sees no value of
// before. Nothing is written here, so no announcement comes to the rescue.
func TestNearCacheForgetsWhatIsReadDuringAWrite(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=10")
	create(t, store, "s:k", "v")
	warm(t, store, "s:k")
	err := store.WriteMeanwhile(t.Context(), "s:k", func() {
		warm(t, store, "s:k")
		if !store.Remembers("s:k") {
			t.Error("it was not read during the write")
		}
	})
	if err != nil || store.Remembers("s:k") {
		t.Errorf("%v; the value of during the write is remembered: %v", err, store.Remembers("s:k"))
	}
}

// TestNearCacheDecidesAnewForAKeyThatHasGone: the read that finds out is the last
// one that would have it tracked, and asks for its ttl before.
func TestNearCacheDecidesAnewForAKeyThatHasGone(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000")
	create(t, store, "s:other", "v")
	warm(t, store, "s:other") // the heartbeat has begun
	create(t, store, "s:k", "v")
	use(t, store, "s:k")
	testserver.Redis(t, server.Addr, "DEL", "wx:s:k") // which nobody has asked to hear of
	pttl, caching := calls(t, server.Addr, "pttl"), calls(t, server.Addr, "client|caching")
	for range 5 {
		if _, err := store.AppendGet(t.Context(), nil, "s:k"); !errors.Is(err, core.ErrNotFound) {
			t.Fatal(err)
		}
	}
	pttl, caching = calls(t, server.Addr, "pttl")-pttl, calls(t, server.Addr, "client|caching")-caching
	if pttl != 1 || caching != 0 {
		t.Errorf("5 reads asked for the ttl %d times, want 1, and to track the key %d times, want 0", pttl, caching)
	}
}

// TestNearCacheKeepsSessionsOnly: what else core keeps is read to be changed.
func TestNearCacheKeepsSessionsOnly(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000")
	create(t, store, "u:k", "v")
	for range 10 {
		use(t, store, "u:k")
	}
	if stats := store.Stats(); stats.Entries+int64(stats.NearHits+stats.NearMisses) != 0 || calls(t, server.Addr, "client|caching") > 1 {
		t.Errorf("a user's record went through the near cache: %+v", stats)
	}
}

func TestNearCacheAnswersNothingAfterClose(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=10")
	create(t, store, "s:k", "v")
	warm(t, store, "s:k")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err := store.AppendGet(t.Context(), nil, "s:k"); err == nil || errors.Is(err, core.ErrNotFound) {
		t.Errorf("AppendGet after Close: %q, %v; want another error", v, err)
	}
}

// TestNearCacheKeepsNothingUntracked: whose change nobody will announce.
func TestNearCacheKeepsNothingUntracked(t *testing.T) {
	server := testserver.StartRedis(t)
	testserver.Redis(t, server.Addr, "ACL", "SETUSER", "wx", "on", ">p", "~wx:*", "+@all")
	store := open(t, "redis://wx:p@"+server.Addr+"?cache=100")
	create(t, store, "s:k", "v")
	warm(t, store, "s:k")
	testserver.Redis(t, server.Addr, "ACL", "SETUSER", "wx", "-client|caching")
	create(t, store, "s:other", "v")
	for range 10 {
		if v := use(t, store, "s:other"); v != "v" {
			t.Errorf("AppendGet = %q; want v", v)
		}
	}
	if n := store.Stats().Entries; n != 1 {
		t.Errorf("%d entries; want the one of before", n)
	}
}
