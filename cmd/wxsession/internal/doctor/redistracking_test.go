package doctor_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestTrackingTable(t *testing.T) {
	t.Parallel()
	server := startGood(t)
	env := healthy(t, environment{"WX_STORE": "redis://" + server.Addr + "?cache=100"})
	visit(t, env).want(t, "redis.cache", doctor.OK, "processes × cache must stay below 1000000 per master")
	for limit, s := range map[string]doctor.Status{"99": doctor.Warn, "100": doctor.OK} {
		testserver.Redis(t, server.Addr, "CONFIG", "SET", "tracking-table-max-keys", limit)
		visit(t, env).want(t, "redis.cache", s, "tracking-table-max-keys", "processes × cache must stay below "+limit+" per master")
	}
	testserver.Redis(t, server.Addr, "CONFIG", "SET", "tracking-table-max-keys", "0")
	visit(t, env).want(t, "redis.cache", doctor.OK, "any number of keys")
	dsn := addUser(t, server.Addr, "least", "~wx:*", "")
	visit(t, healthy(t, environment{"WX_STORE": dsn + "?cache=100"})).want(t, "redis.cache", doctor.Skip, "does not tell", "CONFIG GET tracking-table-max-keys")
	visit(t, healthy(t, environment{"WX_STORE": dsn})).lacks(t, "redis.cache")
}

// fakeMasters are a cluster of three without a replica that tell neither their
// time nor more than what is given here.
func fakeMasters(t *testing.T, info, limit string) (addrs []string) {
	t.Helper()
	answer := func(c testserver.FakeCommand) string {
		switch {
		case c.Args[0] == "CONFIG" && strings.EqualFold(c.Args[2], "tracking-table-max-keys"):
			return "%1\r\n" + bulk(c.Args[2]) + bulk(limit)
		case c.Args[0] != "CLUSTER":
			return ""
		case c.Args[1] == "INFO":
			return bulk("cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_size:3\r\ncluster_known_nodes:3")
		}
		slots := "*3\r\n"
		for i, addr := range addrs {
			host, port, _ := net.SplitHostPort(addr)
			slots += fmt.Sprintf("*3\r\n:%d\r\n:%d\r\n*2\r\n%s:%s\r\n", 16384*i/3, 16384*(i+1)/3-1, bulk(host), port)
		}
		return slots
	}
	for range 3 {
		addrs = append(addrs, fakeRedis(t, answer, "HELLO", helloReply("redis", "7.0.15", "master"), "INFO", bulk(info)))
	}
	return addrs
}

// TestWhatIsSaidOfSeveralMasters: once where it is the same of all, with their
// names where it is not.
func TestWhatIsSaidOfSeveralMasters(t *testing.T) {
	t.Parallel()
	addrs := fakeMasters(t, "role:master\r\nconnected_slaves:0\r\n", "34")
	look := func(cache string) found {
		return visit(t, healthy(t, environment{"WX_STORE": "redis+cluster://" + addrs[0] + "?cache=" + cache}))
	}
	all := look("102")
	all.want(t, "redis.cluster", doctor.Warn, "the masters "+strings.Join(addrs, ", ")+" have no replica", "give each of them one")
	if n := strings.Count(all.String(), "no replica"); n != 1 {
		t.Errorf("it is said %d times that there is no replica:\n%s", n, all)
	}
	all.lacks(t, "redis.replicas")
	for _, addr := range addrs {
		all.want(t, "store.clock", doctor.Skip, addr+" does not tell its time (TIME)")
	}
	all.want(t, "redis.cache", doctor.OK, "on all 3 servers", "processes × cache, shared by the 3 masters, must stay below 34 per master")
	look("103").want(t, "redis.cache", doctor.Warn, "35 keys of a master", "tracks 34")
}
