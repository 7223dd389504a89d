package redis_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

// TestNoAcknowledgementNoSuccess on a server that answers WAIT as Redis 7.2
// does, with one replica that is connected and has seen nothing. Each repetition
// comes from another instance, whose connection has written nothing so far.
func TestNoAcknowledgementNoSuccess(t *testing.T) {
	for what, revoke := range map[string]func(*redis.Store) error{
		"Delete": func(s *redis.Store) error { return s.Revoke(t.Context(), "s:k") },
		"Swap": func(s *redis.Store) error {
			return s.SwapReplicated(t.Context(), "s:k", []byte("v"), []byte("v"), time.Hour)
		},
		"Swap of nil": func(s *redis.Store) error { return s.SwapReplicated(t.Context(), "s:k", nil, []byte("v"), time.Hour) },
	} {
		server := unacknowledging(t)
		for n := range 4 {
			store := open(t, "redis://"+server.Addr+"?wait_replicas=1&wait_timeout=10ms")
			for range 3 {
				if err := revoke(store); err == nil || !strings.Contains(err.Error(), "replicas") {
					t.Errorf("%s through instance %d, which no replica has acknowledged: %v; want an error that says so", what, n+1, err)
				}
			}
		}
	}
}

func unacknowledging(t *testing.T) *testserver.FakeRedis {
	var mu sync.Mutex
	deleted, wrote := false, map[int]bool{} // by connection
	return testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		mu.Lock()
		defer mu.Unlock()
		switch c.Args[0] {
		case "SET":
			wrote[c.Conn] = true
			return "+OK\r\n"
		case "EVALSHA":
			wrote[c.Conn] = true
			return ":1\r\n"
		case "UNLINK":
			if deleted {
				return ":0\r\n"
			}
			deleted, wrote[c.Conn] = true, true
			return ":1\r\n"
		case "WAIT":
			if wrote[c.Conn] {
				return ":0\r\n"
			}
			return ":1\r\n"
		default:
			return testserver.FakeHandshake(c)
		}
	})
}
