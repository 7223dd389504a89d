package redis_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

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
	for i := range 50 { // of these, the key is known, and the value is not
		key := fmt.Sprint("s:once-", i)
		create(t, store, key, "v")
		use(t, store, key)
		if err := store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			_, _ = store.AppendGet(t.Context(), nil, key)
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
