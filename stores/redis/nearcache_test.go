package redis_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

// calls is how often a server has executed a command, such as get or
// client|caching.
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

// info is a number among a server's statistics.
func info(t testing.TB, addr, section, name string) int {
	t.Helper()
	_, rest, _ := strings.Cut(testserver.Redis(t, addr, "INFO", section), "\n"+name+":")
	text, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("INFO %s says of %s: %q", section, name, text)
	}
	return n
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

// use reads as a request does.
func use(t testing.TB, s *redis.Store, key string) string {
	t.Helper()
	v, err := s.AppendGet(t.Context(), nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// warm uses key until that causes no command.
func warm(t testing.TB, s *redis.Store, key string) {
	t.Helper()
	waitFor(t, "hit in the near cache", func() bool {
		before := s.Stats().NearHits
		use(t, s, key)
		return s.Stats().NearHits > before
	})
}

// TestGetAsksTheServer also for what the near cache knows: whoever decides by a
// value, as an update does, must not decide by an old one.
func TestGetAsksTheServer(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000")
	create(t, store, "s:k", "v")
	warm(t, store, "s:k")
	const n = 100
	before := calls(t, server.Addr, "get")
	for range n {
		get(t, store, "s:k")
	}
	if got := calls(t, server.Addr, "get") - before; got != n {
		t.Errorf("%d Gets made %d GET commands; want one each", n, got)
	}
}

// TestUpdatesDecideByTheServersValue sets a value back to what the other
// instance's near cache may still show.
func TestUpdatesDecideByTheServersValue(t *testing.T) {
	server := testserver.StartRedis(t)
	dsn := "redis://" + server.Addr + "?cache=1000"
	a, b := open(t, dsn), open(t, dsn)
	create(t, a, "s:k", "on")
	warm(t, b, "s:k")
	for i := range 200 {
		s, want := []*redis.Store{a, b}[i%2], []string{"off", "on"}[i%2]
		old, err := s.Get(t.Context(), "s:k")
		if err != nil || string(old) == want {
			t.Fatalf("update %d: Get = %q, %v; want the other value", i, old, err)
		}
		if err := s.Swap(t.Context(), "s:k", old, []byte(want), time.Hour); err != nil {
			t.Fatal(err)
		}
		use(t, b, "s:k")
	}
}

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

// TestRandomTokensLeaveNothing on the server, and push out nothing here.
func TestRandomTokensLeaveNothing(t *testing.T) {
	const honest, junk = 50, 10_000
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=200&timeout=5s")
	for i := range honest {
		create(t, store, fmt.Sprint("s:honest-", i), "v")
	}
	warmAll := func() {
		for i := range honest {
			use(t, store, fmt.Sprint("s:honest-", i))
		}
	}
	waitFor(t, "hits for all", func() bool {
		before := store.Stats()
		warmAll()
		return store.Stats().NearHits == before.NearHits+honest
	})
	tracked := info(t, server.Addr, "stats", "tracking_total_keys")
	for range 2 { // also when they come again
		for i := range junk {
			if _, err := store.AppendGet(t.Context(), nil, fmt.Sprint("s:junk-", i)); !errors.Is(err, core.ErrNotFound) {
				t.Fatal(err)
			}
		}
	}
	if now := info(t, server.Addr, "stats", "tracking_total_keys"); now != tracked || tracked != honest {
		t.Errorf("the server tracks %d keys, and tracked %d before the junk; want %d", now, tracked, honest)
	}
	before := calls(t, server.Addr, "get")
	waitFor(t, "heartbeat", func() bool { use(t, store, "s:honest-0"); return calls(t, server.Addr, "get") == before })
	warmAll()
	if got := calls(t, server.Addr, "get") - before; got > 2 {
		t.Errorf("after the junk %d of %d honest sessions had to be read again; want none", got, honest)
	}
}

// TestEndedSessionsLeaveNothing: their tokens may be sent for ever.
func TestEndedSessionsLeaveNothing(t *testing.T) {
	server := testserver.StartRedis(t)
	store, other := open(t, "redis://"+server.Addr+"?cache=1000"), open(t, "redis://"+server.Addr)
	for i := range 50 {
		key := fmt.Sprint("s:", i)
		create(t, store, key, "v")
		warm(t, store, key)
		deleter := core.Store(store)
		if i%2 == 1 {
			deleter = other
		}
		if err := deleter.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 50 {
		waitGone(t, store, fmt.Sprint("s:", i))
		for range 5 {
			_, _ = store.AppendGet(t.Context(), nil, fmt.Sprint("s:", i))
		}
	}
	if n := info(t, server.Addr, "stats", "tracking_total_keys"); n != 0 {
		t.Errorf("the server tracks %d keys that are gone; want none", n)
	}
}

// TestCommandsPerRequest counts all that the server executes, with a hundred
// requests to each session.
func TestCommandsPerRequest(t *testing.T) {
	const sessions, each = 100, 100
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=1000")
	for i := range sessions {
		create(t, store, fmt.Sprint("s:", i), "v")
	}
	create(t, store, "s:other", "v")
	warm(t, store, "s:other")
	before := processed(t, server.Addr)
	for range each {
		for i := range sessions {
			use(t, store, fmt.Sprint("s:", i))
		}
	}
	per := float64(processed(t, server.Addr)-before) / (sessions * each)
	t.Logf("%.4f commands per request", per)
	if per > 0.05 {
		t.Errorf("%.4f commands per request; want 0.05 at most", per)
	}
}

func TestOneCommandPerGet(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr)
	create(t, store, "s:k", "v")
	const n = 100
	for what, read := range map[string]func(testing.TB, *redis.Store){
		"Get":       func(t testing.TB, s *redis.Store) { get(t, s, "s:k") },
		"AppendGet": func(t testing.TB, s *redis.Store) { use(t, s, "s:k") },
	} {
		gets, all := calls(t, server.Addr, "get"), processed(t, server.Addr)
		for range n {
			read(t, store)
		}
		if got := calls(t, server.Addr, "get") - gets; got != n {
			t.Errorf("%d times %s made %d GET commands", n, what, got)
		}
		if got := processed(t, server.Addr) - all; got > n+10 { // the test's own, and a PING
			t.Errorf("%d times %s made %d commands in all", n, what, got)
		}
	}
}

func processed(t testing.TB, addr string) int {
	t.Helper()
	return info(t, addr, "stats", "total_commands_processed")
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

func TestNearCacheLearnsOfRevocationsElsewhere(t *testing.T) {
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

// waitGone allows for errors on the way, not for another value.
func waitGone(t testing.TB, s *redis.Store, key string) {
	t.Helper()
	waitFor(t, "ErrNotFound", func() bool {
		_, err := s.AppendGet(t.Context(), nil, key)
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
