package faults_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/memcached"
)

func TestSentinelFailoverLogsNobodyOut(t *testing.T) {
	s := testserver.StartSentinel(t)
	dsn := "redis+sentinel://" + strings.Join(s.Addrs(), ",") + "/" + testserver.SentinelMaster
	m := newManager(t, openStore(t, dsn), lively)
	login(t, m, "opener")
	calm := measure()
	c := gather(t, newSite(m))
	c.waitServed()
	waitReplicated(t, s.Master, s.Replica)
	s.Master.Kill()
	c.waitRefused()
	calm.wantBounded(t)
	took := c.waitServed()
	if role := testserver.Redis(t, s.Replica.Addr, "ROLE"); !strings.HasPrefix(role, "master") {
		t.Errorf("all clients are served, but the replica's role is %s", role)
	}
	c.stop()
	calm.wantBack(t)
	t.Logf("slowest answer %v, the fail-over took %v", c.verdict(t), took.Round(time.Millisecond))
	wantLateStart(t, dsn, c.members[0].token, append(s.Sentinels, s.Replica)...)
}

func TestDeathOfAClusterMasterLogsNobodyOut(t *testing.T) {
	for _, options := range []string{"", "?cache=1000"} {
		t.Run("redis+cluster://"+options, func(t *testing.T) { deathOfAMasterLogsNobodyOut(t, options) })
	}
}

func deathOfAMasterLogsNobodyOut(t *testing.T, options string) {
	cluster := testserver.StartRedisCluster(t)
	dsn := "redis+cluster://" + strings.Join(cluster.Addrs(), ",") + options
	m := newManager(t, openStore(t, dsn), lively)
	login(t, m, "opener")
	calm := measure()
	c := gather(t, newSite(m))
	c.waitServed()
	waitReplicated(t, cluster.Masters[1], cluster.Replicas[1])
	cluster.Masters[1].Kill()
	c.waitAnyRefused()
	calm.wantBounded(t)
	took := c.waitServed()
	if role := testserver.Redis(t, cluster.Replicas[1].Addr, "ROLE"); !strings.HasPrefix(role, "master") {
		t.Errorf("all clients are served, but the replica's role is %s", role)
	}
	c.stop()
	calm.wantBack(t)
	t.Logf("slowest answer %v, the promotion took %v", c.verdict(t), took.Round(time.Millisecond))
	wantLateStart(t, dsn, c.members[0].token, append(cluster.Replicas, cluster.Masters[0], cluster.Masters[2])...)
}

// waitReplicated waits until a replica has what its master has by now. A master sends
// nothing before the replica's first acknowledgement, which comes up to a second after
// the copy: what dies with it until then is Redis' loss, and not what is tested here.
func waitReplicated(t *testing.T, master, replica *testserver.Process) {
	t.Helper()
	written := replicationOffset(t, master, "master_repl_offset:")
	eventually(t, "the replica has what its master has", recovery, func() bool {
		return replicationOffset(t, replica, "slave_repl_offset:") >= written
	})
}

func replicationOffset(t *testing.T, p *testserver.Process, field string) int {
	t.Helper()
	_, rest, _ := strings.Cut(testserver.Redis(t, p.Addr, "INFO", "replication"), field)
	digits, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.Atoi(strings.TrimSpace(digits))
	if err != nil {
		t.Fatalf("%s of %s: %v", field, p.Addr, err)
	}
	return n
}

// One server of three takes its share of the sessions with it, first for a
// while, then for good.
func TestOneMemcachedOfThreeGone(t *testing.T) {
	var servers []*testserver.Process
	var addrs []string
	for i := range 3 {
		servers = append(servers, testserver.StartMemcached(t))
		addrs = append(addrs, servers[i].Addr)
	}
	proxy := testserver.NewProxy(t, addrs[1])
	addrs[1] = proxy.Addr
	m := newManager(t, openStore(t, "memcached://"+strings.Join(addrs, ",")), lively)
	login(t, m, "opener")
	calm := measure()
	c := gather(t, newSite(m))
	c.waitServed()
	share := c.shareOf(t, proxy.Addr, addrs)
	if share < clients/6 || share > clients/2 {
		t.Errorf("%d of %d sessions are on one server of three", share, clients)
	}

	proxy.Refuse()
	c.waitServedOrRefused()
	calm.wantBounded(t)
	proxy.Pass()
	c.waitServed()
	if lost := c.lost(); lost != 0 {
		t.Errorf("%d clients had to log in anew after an outage without loss", lost)
	}

	servers[1].Kill()
	c.waitServedOrRefused()
	c.mayForget(true)
	servers[1].Restart()
	c.waitServed()
	if lost := c.lost(); lost != share {
		t.Errorf("%d clients had to log in anew; want %d, the share of the server that came back empty", lost, share)
	}
	c.stop()
	calm.wantBack(t)
	t.Logf("slowest answer %v", c.verdict(t))
}

// shareOf counts the members whose session is on the server addr of addrs.
func (c *crowd) shareOf(t *testing.T, addr string, addrs []string) (n int) {
	t.Helper()
	selector, err := memcached.NewSelector(addrs...)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.members {
		digest := sha256.Sum256([]byte(c.members[i].token))
		server, _ := selector.PickServer("wx:s:" + base64.RawURLEncoding.EncodeToString(digest[:16]))
		if c.members[i].away = server.String() == addr; c.members[i].away {
			n++
		}
	}
	return n
}

// waitServedOrRefused waits until those whose session is away are refused, and
// all others are served.
func (c *crowd) waitServedOrRefused() {
	c.t.Helper()
	c.mark()
	eventually(c.t, "those whose session is away are refused, the others served", recovery, func() bool {
		return c.every(func(m member) bool { return m.away && m.refusals >= 3 || !m.away && m.visits >= 3 })
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for who, m := range c.members {
		if m.away && m.visits > 1 { // one may have been under way
			c.t.Errorf("client %d was served %d times by a server that was gone", who, m.visits)
		}
	}
}
