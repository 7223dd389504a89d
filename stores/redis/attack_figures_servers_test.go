package redis_test

import (
	"fmt"
	"testing"

	"github.com/wxsession/wxsession/internal/testserver"
)

// TestWhatTheServerTracks shows what the documentation gives as the bound.
func TestWhatTheServerTracks(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=64&timeout=5s")
	const sessions = 2000
	for i := range sessions {
		create(t, store, fmt.Sprint("s:", i), "v")
	}
	warm(t, store, "s:0")
	for i := range sessions {
		for range 3 {
			use(t, store, fmt.Sprint("s:", i))
		}
	}
	t.Logf("cache=64, %d entries, and the server tracks %d keys", store.Stats().Entries, info(t, server.Addr, "stats", "tracking_total_keys"))
}

// TestWhatReconnectionsLeave in the server's table.
func TestWhatReconnectionsLeave(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr+"?cache=10000&timeout=5s")
	const sessions, rounds = 1000, 30
	for i := range sessions {
		create(t, store, fmt.Sprint("s:", i), "v")
	}
	for round := range rounds {
		warm(t, store, "s:0")
		for range 2 {
			for i := range sessions {
				use(t, store, fmt.Sprint("s:", i))
			}
		}
		if round == 0 || round == rounds-1 {
			t.Logf("round %d: %d keys, %d items, %d bytes used", round, info(t, server.Addr, "stats", "tracking_total_keys"),
				info(t, server.Addr, "stats", "tracking_total_items"), info(t, server.Addr, "memory", "used_memory"))
		}
		testserver.Redis(t, server.Addr, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		waitFor(t, "answer", func() bool {
			_, err := store.Get(t.Context(), "s:0")
			return err == nil
		})
	}
}
