package redis_test

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

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
