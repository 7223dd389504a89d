package testserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// SentinelMaster is the name under which the sentinels watch the master.
const SentinelMaster = "wxmaster"

// Sentinels is a master with one replica, and three sentinels that agree on it.
type Sentinels struct {
	Master, Replica *Process // as they were started
	Sentinels       []*Process
}

// StartSentinel returns when the sentinels know each other and the replica. A
// master that is gone is replaced after two seconds or so.
func StartSentinel(t testing.TB) *Sentinels {
	t.Helper()
	s := &Sentinels{Master: StartRedis(t)}
	s.Replica = StartRedis(t, "--replicaof", "127.0.0.1", strconv.Itoa(s.Master.Port))
	waitFor(t, "the replica's link to the master", func() bool {
		info, err := redisCommand(s.Replica.Addr, "INFO", "replication")
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
	for range 3 {
		s.Sentinels = append(s.Sentinels, startOneSentinel(t, s.Master.Port))
	}
	waitFor(t, "the sentinels' acquaintance", s.acquainted)
	return s
}

func startOneSentinel(t testing.TB, masterPort int) *Process {
	t.Helper()
	return Start(t, "redis-server", func(port int, dir string) []string {
		conf := filepath.Join(dir, "sentinel.conf")
		text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %q\n", port, dir) +
			fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2\n", SentinelMaster, masterPort) +
			fmt.Sprintf("sentinel down-after-milliseconds %s 1000\n", SentinelMaster) +
			fmt.Sprintf("sentinel failover-timeout %s 3000\n", SentinelMaster)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{conf, "--sentinel"}
	})
}

func (s *Sentinels) acquainted() bool {
	for _, n := range s.Sentinels {
		info, err := redisCommand(n.Addr, "INFO", "sentinel")
		if err != nil || !strings.Contains(info, "status=ok") || !strings.Contains(info, "slaves=1,sentinels=3") {
			return false
		}
	}
	return true
}

// Addrs lists the sentinels.
func (s *Sentinels) Addrs() []string {
	var addrs []string
	for _, n := range s.Sentinels {
		addrs = append(addrs, n.Addr)
	}
	return addrs
}
