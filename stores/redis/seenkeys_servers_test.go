package redis_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// TestRandomTokensLeaveNothing on the servers, and push out nothing here.
func TestRandomTokensLeaveNothing(t *testing.T) {
	eachTopology(t, randomTokensLeaveNothing)
}

func randomTokensLeaveNothing(t *testing.T, dsn string, servers servers) {
	const honest, junk = 50, 10_000
	store := open(t, dsn+"?cache=200&timeout=5s")
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
	tracked := servers.tracked(t)
	for range 2 { // also when they come again
		for i := range junk {
			if _, err := store.AppendGet(t.Context(), nil, fmt.Sprint("s:junk-", i)); !errors.Is(err, core.ErrNotFound) {
				t.Fatal(err)
			}
		}
	}
	if now := servers.tracked(t); now != tracked || tracked != honest {
		t.Errorf("the server tracks %d keys, and tracked %d before the junk; want %d", now, tracked, honest)
	}
	before := servers.calls(t, "get")
	waitFor(t, "heartbeat", func() bool { use(t, store, "s:honest-0"); return servers.calls(t, "get") == before })
	warmAll()
	if got := servers.calls(t, "get") - before; got > 2 {
		t.Errorf("after the junk %d of %d honest sessions had to be read again; want none", got, honest)
	}
}

// TestEndedSessionsLeaveNothing: their tokens may be sent for ever.
func TestEndedSessionsLeaveNothing(t *testing.T) {
	eachTopology(t, endedSessionsLeaveNothing)
}

func endedSessionsLeaveNothing(t *testing.T, dsn string, servers servers) {
	store, other := open(t, dsn+"?cache=1000"), open(t, dsn)
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
	if n := servers.tracked(t); n != 0 {
		t.Errorf("the server tracks %d keys that are gone; want none", n)
	}
}
