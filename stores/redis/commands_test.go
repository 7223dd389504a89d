package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

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
