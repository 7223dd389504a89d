package doctor_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("%s has not come about", what)
}

func startReplica(t *testing.T, master *testserver.Process) *testserver.Process {
	t.Helper()
	r := startGood(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(master.Port))
	waitFor(t, "the replica's link", func() bool {
		return strings.Contains(testserver.Redis(t, r.Addr, "INFO", "replication"), "master_link_status:up")
	})
	return r
}

func TestWaitReplicas(t *testing.T) {
	t.Parallel()
	master := startGood(t)
	env := func(options string) environment {
		return healthy(t, environment{"WX_STORE": "redis://" + master.Addr + options})
	}
	visit(t, env("?wait_replicas=1&wait_timeout=100ms")).want(t, "redis.replicas", doctor.Fail, "0 of the 1 replicas", "503", "wait_replicas")
	visit(t, env("")).want(t, "redis.replicas", doctor.OK, "there is none")
	replica := startReplica(t, master)
	waitFor(t, "the master's word of it", func() bool {
		return strings.Contains(testserver.Redis(t, master.Addr, "INFO", "replication"), "state=online")
	})
	visit(t, env("?wait_replicas=1&wait_timeout=5s")).want(t, "redis.replicas", doctor.OK, "1 replica acknowledged a test write")
	all := visit(t, env("?wait_replicas=2&wait_timeout=100ms"))
	all.want(t, "redis.replicas", doctor.Fail, "1 of the 2 replicas", "within 100ms")
	visit(t, env("")).want(t, "redis.replicas", doctor.OK, "1 replica is in step", "wait_replicas=1")
	replica.Pause() // connected, and silent
	visit(t, env("?wait_replicas=1&wait_timeout=100ms")).want(t, "redis.replicas", doctor.Fail, "0 of the 1 replicas")
	if n := testserver.Redis(t, master.Addr, "DBSIZE"); n != "0" {
		t.Errorf("the doctor has left %s keys", n)
	}
}

// TestAnAcknowledgedWriteThatIsLost: the replicas' word is not taken for the value.
func TestAnAcknowledgedWriteThatIsLost(t *testing.T) {
	t.Parallel()
	addr := fakeRedis(t, nil, "SET", "+OK\r\n", "WAIT", ":1\r\n", "GET", "$-1\r\n", "UNLINK", ":0\r\n")
	visit(t, healthy(t, environment{"WX_STORE": "redis://" + addr + "?wait_replicas=1"})).want(t, "redis.replicas", doctor.Fail, "did not come back", "is gone")
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	s := testserver.StartSentinel(t)
	addrs := s.Addrs()
	dsn := "redis+sentinel://" + strings.Join(addrs, ",") + "/"
	good := healthy(t, environment{"WX_STORE": dsn + testserver.SentinelMaster + "?cache=10&wait_replicas=1&wait_timeout=5s"})
	all := visit(t, good)
	all.none(t, doctor.Fail)
	all.want(t, "store.connect", doctor.OK, "3 of the 3")
	all.want(t, "redis.sentinels", doctor.OK, "3 sentinels", "1 replica")
	all.want(t, "store.login", doctor.OK, s.Master.Addr)
	all.want(t, "redis.cache", doctor.OK)
	all.want(t, "redis.replicas", doctor.OK, "acknowledged")
	visit(t, healthy(t, environment{"WX_STORE": dsn + "nobody"})).want(t, "redis.sentinels", doctor.Fail, "watches no master", "SENTINEL MASTERS")

	testserver.Redis(t, addrs[0], "ACL", "SETUSER", "default", "resetpass", ">"+secretPassword)
	all = visit(t, good)
	all.want(t, "redis.sentinels", doctor.Fail, addrs[0], "NOAUTH", "sentinel_password")
	all.want(t, "store.write", doctor.OK) // by the others' word
	visit(t, healthy(t, environment{"WX_STORE": good["WX_STORE"] + "&sentinel_password=wrong"})).want(t, "redis.sentinels", doctor.Fail, addrs[0], "sentinel_password")

	s.Sentinels[0].Kill()
	all = visit(t, good)
	all.want(t, "store.connect", doctor.Warn, "nothing listens at "+addrs[0])
	all.want(t, "store.connect", doctor.OK, "2 of the 3")
	s.Sentinels[1].Kill()
	waitFor(t, "word of the lost quorum", func() bool {
		_, err := net.DialTimeout("tcp", addrs[1], time.Second)
		return err != nil && strings.Contains(testserver.Redis(t, addrs[2], "SENTINEL", "SENTINELS", testserver.SentinelMaster), "s_down")
	})
	waitFor(t, "a visit that finds no quorum", func() bool {
		return strings.Contains(visit(t, good).String(), "too few sentinels")
	})
	s.Sentinels[2].Kill()
	visit(t, good).want(t, "store.connect", doctor.Fail, "none of the addresses")
}

// TestSentinelsThatSaySomethingElse: what sentinels say of masters in trouble.
func TestSentinelsThatSaySomethingElse(t *testing.T) {
	t.Parallel()
	master, other := startGood(t), startGood(t)
	sentinel := func(addr, flags, replicas, others string, quorum bool) string {
		host, port, _ := net.SplitHostPort(addr)
		return fakeRedis(t, func(c testserver.FakeCommand) string {
			switch {
			case c.Args[0] != "SENTINEL":
				return ""
			case strings.EqualFold(c.Args[1], "MASTER"):
				text := "%5\r\n"
				for _, x := range []string{"ip", host, "port", port, "flags", flags, "num-slaves", replicas, "num-other-sentinels", others} {
					text += bulk(x)
				}
				return text
			case !quorum:
				return "-NOQUORUM 1 usable Sentinels\r\n"
			}
			return "+OK\r\n"
		})
	}
	good := sentinel(master.Addr, "master", "1", "2", true)
	for _, tt := range []struct {
		addrs string
		s     doctor.Status
		want  []string
	}{
		{good, doctor.OK, []string{"3 sentinels watch"}},
		{sentinel(master.Addr, "s_down,master", "1", "2", true), doctor.Fail, []string{"for down"}},
		{sentinel(master.Addr, "master", "1", "2", false), doctor.Fail, []string{"too few sentinels"}},
		{sentinel(master.Addr, "master", "0", "2", true), doctor.Warn, []string{"no replica"}},
		{sentinel(master.Addr, "master", "1", "1", true), doctor.Warn, []string{"there are 2 sentinels", "three"}},
		{good + "," + sentinel(other.Addr, "master", "1", "2", true), doctor.Fail, []string{"different masters", master.Addr, other.Addr}},
		{sentinel("127.0.0.1:1", "master", "1", "2", true), doctor.Fail, []string{"127.0.0.1:1", "cannot be reached from here", "replica-announce-ip"}},
	} {
		visit(t, healthy(t, environment{"WX_STORE": "redis+sentinel://" + tt.addrs + "/m"})).want(t, "redis.sentinels", tt.s, tt.want...)
	}
	forbidden := fakeRedis(t, nil, "SENTINEL", "-NOPERM this user has no permissions\r\n")
	visit(t, healthy(t, environment{"WX_STORE": "redis+sentinel://" + forbidden + "/m"})).want(t, "redis.sentinels", doctor.Fail, "+sentinel")
}

func TestCluster(t *testing.T) {
	t.Parallel()
	c := testserver.StartRedisCluster(t)
	for _, m := range append(c.Masters, c.Replicas...) {
		testserver.Redis(t, m.Addr, "CONFIG", "SET", "maxmemory", "100mb", "appendonly", "yes")
	}
	env := healthy(t, environment{"WX_STORE": "redis+cluster://" + strings.Join(c.Addrs(), ",") + "?cache=100&wait_replicas=1&wait_timeout=5s"})
	for _, user := range []string{"alice", "bob", "carol", "dave"} {
		logIn(t, env, "o-"+user)
	}
	var all found
	waitFor(t, "a cluster whose nodes see each other", func() bool { // on a busy machine they lose sight of each other now and then
		all = visit(t, env)
		return !strings.Contains(all.String(), "warn ") && !strings.Contains(all.String(), "fail ")
	})
	all.want(t, "store.connect", doctor.OK, "6 of the 6")
	all.want(t, "redis.cluster", doctor.OK, "all slots are served by 3 masters, of 6 nodes")
	all.want(t, "redis.version", doctor.OK, "on all 3 servers")
	all.want(t, "store.write", doctor.OK, "on all 3 servers")
	all.want(t, "store.values", doctor.OK, "8 of 8 sampled values")
	for _, m := range c.Masters {
		all.want(t, "store.latency", doctor.OK, m.Addr)
		all.want(t, "redis.cache", doctor.OK, m.Addr, "a change on the server showed")
		if n := testserver.Redis(t, m.Addr, "INFO", "commandstats"); !strings.Contains(n, "cmdstat_evalsha") {
			t.Errorf("%s saw no test write", m.Addr)
		}
	}

	testserver.Redis(t, c.Masters[1].Addr, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	visit(t, env).want(t, "redis.eviction", doctor.Warn, c.Masters[1].Addr, "allkeys-lru")
	dsn := addClusterUser(t, c)
	visit(t, healthy(t, environment{"WX_STORE": dsn})).want(t, "redis.rights", doctor.Fail, "+cluster")

	c.Replicas[0].Kill()
	c.Masters[0].Kill()
	waitFor(t, "the loss of a third of the slots", func() bool {
		return strings.Contains(testserver.Redis(t, c.Masters[1].Addr, "CLUSTER", "INFO"), "cluster_state:fail")
	})
	all = visit(t, healthy(t, environment{"WX_STORE": "redis+cluster://" + c.Masters[1].Addr + "," + c.Masters[0].Addr}))
	all.want(t, "store.connect", doctor.Warn, c.Masters[0].Addr)
	all.want(t, "redis.cluster", doctor.Fail, "does not serve", "5461 slots")
	all.want(t, "redis.cluster", doctor.Fail, "announces a master at "+c.Masters[0].Addr, "cluster-announce-ip")
}

func addClusterUser(t *testing.T, c *testserver.RedisCluster) (dsn string) {
	t.Helper()
	for _, n := range append(c.Masters, c.Replicas...) {
		addUser(t, n.Addr, "lesser", "~wx:*", "", "+readonly", "+asking")
	}
	return "redis+cluster://lesser:" + secretPassword + "@" + strings.Join(c.Addrs(), ",")
}

// TestClustersThatSaySomethingElse: a master without a replica, nodes that do not
// answer each other, and one that does not know its own host.
func TestClustersThatSaySomethingElse(t *testing.T) {
	t.Parallel()
	cluster := func(info, host string, replicas int) string {
		var port string
		addr := fakeRedis(t, func(c testserver.FakeCommand) string {
			switch {
			case c.Args[0] != "CLUSTER":
				return ""
			case c.Args[1] == "INFO":
				return bulk(strings.ReplaceAll(info, " ", "\r\n"))
			}
			node := "*2\r\n" + bulk(host) + ":" + port + "\r\n"
			return "*1\r\n*" + strconv.Itoa(3+replicas) + "\r\n:0\r\n:16383\r\n" + strings.Repeat(node, 1+replicas)
		}, "HELLO", helloReply("redis", "7.0.15", "master"), "INFO", bulk("connected_slaves:0\r\nmaxmemory:1\r\n"))
		_, port, _ = net.SplitHostPort(addr)
		return "redis+cluster://" + addr
	}
	const ok = "cluster_state:ok cluster_slots_assigned:16384 cluster_slots_pfail:0 cluster_slots_fail:0 cluster_size:1 cluster_known_nodes:2"
	all := visit(t, healthy(t, environment{"WX_STORE": cluster(ok, "127.0.0.1", 1)}))
	all.want(t, "redis.cluster", doctor.OK)
	all.none(t, doctor.Warn, "redis.persistence", "redis.replicas")
	all.want(t, "redis.replicas", doctor.Warn, "knows of 1 replica, and none is connected")
	visit(t, healthy(t, environment{"WX_STORE": cluster(ok, "", 0)})).want(t, "redis.cluster", doctor.Warn, "the master 127.0.0.1:", "has no replica")
	visit(t, healthy(t, environment{"WX_STORE": cluster(ok, "localhost", 0)})).want(t, "redis.cluster", doctor.Warn, "the master localhost:", "has no replica")
	part := strings.Replace(ok, "pfail:0", "pfail:5", 1)
	visit(t, healthy(t, environment{"WX_STORE": cluster(part, "?", 1)})).want(t, "redis.cluster", doctor.Warn, "do not answer the others")
	part = strings.Replace(ok, ":ok", ":fail", 1)
	visit(t, healthy(t, environment{"WX_STORE": cluster(part, "", 1)})).want(t, "redis.cluster", doctor.Fail, "does not see most of the masters")
	part = strings.Replace(ok, "16384", "16000", 1)
	visit(t, healthy(t, environment{"WX_STORE": cluster(part, "127.0.0.1", 1)})).want(t, "redis.cluster", doctor.Fail, "only 16000 of the 16384")
}
