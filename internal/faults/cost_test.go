package faults_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestOneCommandPerRequestOnRedis(t *testing.T) {
	t.Parallel()
	const requests = 500
	server := testserver.StartRedis(t)
	use := useOf(t, newManager(t, openStore(t, "redis://"+server.Addr), core.Config{}))
	before := redisCalls(t, server.Addr)
	use(requests)
	cost := spent(before, redisCalls(t, server.Addr))
	if cost["get"] != requests {
		t.Errorf("%d requests made %d GETs", requests, cost["get"])
	}
	if n := total(cost); n != requests {
		t.Errorf("%d requests made %d commands: %v", requests, n, cost)
	}
}

func TestHardlyACommandPerRequestWithTheNearCache(t *testing.T) {
	eachRedis(t, hardlyACommandPerRequest)
}

func hardlyACommandPerRequest(t *testing.T, dsn string, servers []string) {
	const requests = 5000
	m := newManager(t, openStore(t, dsn+"?cache=1000"), core.Config{})
	token, _ := login(t, m, "opener")
	remember(t, servers, m, token) // the heartbeat has begun
	use := useOf(t, m)
	before := redisCalls(t, servers...)
	use(requests)
	cost := spent(before, redisCalls(t, servers...))
	perRequest := float64(total(cost)+cost["ping"]) / requests
	if perRequest > 0.05 {
		t.Errorf("%.3f commands per request; want 0.05 at most: %v", perRequest, cost)
	}
	t.Logf("%.4f commands per request, the heartbeat included", perRequest)
}

func TestOneGetPerRequestOnMemcached(t *testing.T) {
	t.Parallel()
	const requests = 500
	server := testserver.StartMemcached(t)
	use := useOf(t, newManager(t, openStore(t, "memcached://"+server.Addr), core.Config{}))
	before := memcachedCalls(t, server.Addr)
	use(requests)
	cost := spent(before, memcachedCalls(t, server.Addr))
	if cost["cmd_get"] != requests || cost["get_hits"] != requests {
		t.Errorf("%d requests made %d gets, %d of them hits", requests, cost["cmd_get"], cost["get_hits"])
	}
	for _, other := range []string{"cmd_set", "cmd_touch", "delete_hits", "delete_misses", "cas_hits", "cas_badval", "cas_misses", "get_misses"} {
		if cost[other] != 0 {
			t.Errorf("%d requests made %s rise by %d", requests, other, cost[other])
		}
	}
}

// useOf logs a few users in, and returns what makes authenticated requests of
// theirs. No renewal falls due in the time of a test.
func useOf(t *testing.T, m *core.Manager) func(requests int) {
	t.Helper()
	var tokens []string
	for i := range 16 {
		token, _ := login(t, m, fmt.Sprint("user-", i))
		tokens = append(tokens, token)
	}
	s := newSite(m)
	return func(requests int) {
		t.Helper()
		for i := range requests {
			if a := s.me(tokens[i%len(tokens)]); a.status != 200 {
				t.Fatalf("request: %d %s", a.status, a.body)
			}
		}
	}
}

// redisCalls counts what servers have executed, by command.
func redisCalls(t testing.TB, servers ...string) map[string]int {
	t.Helper()
	calls := map[string]int{}
	for _, addr := range servers {
		for line := range strings.SplitSeq(testserver.Redis(t, addr, "INFO", "commandstats"), "\r\n") {
			name, rest, found := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
			text, _, _ := strings.Cut(rest, ",")
			if n, err := strconv.Atoi(text); found && err == nil {
				calls[name] += n
			}
		}
	}
	return calls
}

// memcachedCalls counts what a server has executed, by its own names.
func memcachedCalls(t testing.TB, addr string) map[string]int {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("stats\r\n")); err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != "END"; {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 {
			calls[fields[1]], _ = strconv.Atoi(fields[2]) // those that are no numbers are of no interest
		}
	}
	return calls
}

func spent(before, after map[string]int) map[string]int {
	cost := map[string]int{}
	for name, n := range after {
		if n != before[name] {
			cost[name] = n - before[name]
		}
	}
	return cost
}

// total leaves out what asked for the statistics, and the proofs of life.
func total(cost map[string]int) (n int) {
	for name, calls := range cost {
		if name != "info" && name != "ping" {
			n += calls
		}
	}
	return n
}
