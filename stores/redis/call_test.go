package redis_test

import (
	"crypto/rand"
	"testing"

	"github.com/wxsession/wxsession/internal/testserver"
)

// TestReadsSurviveBrokenConnections: a server that restarts, or a proxy that
// drops what is idle, costs no read.
func TestReadsSurviveBrokenConnections(t *testing.T) {
	server := testserver.StartRedis(t)
	for _, options := range []string{"?conns=1", "?conns=2", "?cache=10"} {
		store := open(t, "redis://"+server.Addr+options+"&prefix="+rand.Text()+":")
		create(t, store, "u:k", "v")
		for range 50 {
			testserver.Redis(t, server.Addr, "CLIENT", "KILL", "TYPE", "normal")
			if v, err := store.Get(t.Context(), "u:k"); err != nil || string(v) != "v" {
				t.Fatalf("%s: Get over connections that have died: %q, %v", options, v, err)
			}
		}
	}
}
