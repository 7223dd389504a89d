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

// servers are the addresses of one server, or of a cluster's masters.
type servers []string

func (s servers) calls(t testing.TB, command string) (n int) {
	t.Helper()
	for _, addr := range s {
		n += calls(t, addr, command)
	}
	return n
}

// tracked is how many keys the servers have promised to announce changes of.
func (s servers) tracked(t testing.TB) (n int) {
	t.Helper()
	for _, addr := range s {
		n += info(t, addr, "stats", "tracking_total_keys")
	}
	return n
}

// eachTopology runs test over one server and over a cluster.
func eachTopology(t *testing.T, test func(t *testing.T, dsn string, servers servers)) {
	t.Helper()
	t.Run("one server", func(t *testing.T) {
		server := testserver.StartRedis(t)
		test(t, "redis://"+server.Addr, servers{server.Addr})
	})
	t.Run("cluster", func(t *testing.T) {
		var masters servers
		for _, m := range testserver.StartRedisCluster(t).Masters {
			masters = append(masters, m.Addr)
		}
		test(t, "redis+cluster://"+strings.Join(masters, ","), masters)
	})
}

func processed(t testing.TB, addr string) int {
	t.Helper()
	return info(t, addr, "stats", "total_commands_processed")
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

// waitGone allows for errors on the way, not for another value.
func waitGone(t testing.TB, s *redis.Store, key string) {
	t.Helper()
	waitFor(t, "ErrNotFound", func() bool {
		_, err := s.AppendGet(t.Context(), nil, key)
		return errors.Is(err, core.ErrNotFound)
	})
}
