package testserver

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// slots is the number of hash slots of a Redis Cluster.
const slots = 16384

// RedisCluster is three masters with one replica each.
type RedisCluster struct {
	Masters  []*Process // as it was started; a fail-over makes a replica one
	Replicas []*Process // Replicas[i] follows Masters[i]
}

// StartRedisCluster returns when all nodes know each other and serve. A master
// that is gone is replaced after two seconds or so.
func StartRedisCluster(t testing.TB) *RedisCluster {
	t.Helper()
	c := &RedisCluster{}
	for range 3 {
		c.Masters = append(c.Masters, startClusterNode(t))
		c.Replicas = append(c.Replicas, startClusterNode(t))
	}
	for i, m := range c.Masters {
		from, to := slots*i/3, slots*(i+1)/3-1
		Redis(t, m.Addr, "CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(from), fmt.Sprint(to))
	}
	for i, n := range c.nodes() {
		Redis(t, n.Addr, "CLUSTER", "SET-CONFIG-EPOCH", fmt.Sprint(i+1))
	}
	c.meet(t)
	for i, r := range c.Replicas {
		id := NodeID(t, c.Masters[i])
		waitFor(t, "the replica's acquaintance with its master", func() bool {
			_, err := redisCommand(r.Addr, "CLUSTER", "REPLICATE", id)
			return err == nil
		})
	}
	c.WaitOK(t)
	return c
}

// startClusterNode looks for two free ports: nodes talk to each other on the one
// that is 10000 above the clients'.
func startClusterNode(t testing.TB) *Process {
	t.Helper()
	for range 20 {
		p := startRedis(t, "--appendonly", "no", "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
			"--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0")
		if answers(p) {
			return p
		}
	}
	t.Fatal("no two ports were free for a node of the cluster")
	return nil
}

// answers waits for the first reply of a Redis server; false means that it has
// ended instead.
func answers(p *Process) bool {
	for end := time.Now().Add(startTimeout); time.Now().Before(end); {
		if _, err := redisCommand(p.Addr, "PING"); err == nil {
			return true
		}
		select {
		case <-p.dead:
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	return false
}

func (c *RedisCluster) nodes() []*Process {
	return append(append([]*Process{}, c.Masters...), c.Replicas...)
}

// Addrs lists all nodes.
func (c *RedisCluster) Addrs() []string {
	var addrs []string
	for _, n := range c.nodes() {
		addrs = append(addrs, n.Addr)
	}
	return addrs
}

func (c *RedisCluster) meet(t testing.TB) {
	t.Helper()
	first := c.Masters[0]
	for _, n := range c.nodes()[1:] {
		Redis(t, n.Addr, "CLUSTER", "MEET", "127.0.0.1", fmt.Sprint(first.Port))
	}
	waitFor(t, "the nodes' acquaintance", func() bool {
		for _, n := range c.nodes() {
			if info, err := redisCommand(n.Addr, "CLUSTER", "INFO"); err != nil || !strings.Contains(info, "cluster_known_nodes:6\r") {
				return false
			}
		}
		return true
	})
}

// WaitOK returns when every node that runs sees all slots served, and every
// replica that runs is in step with its master.
func (c *RedisCluster) WaitOK(t testing.TB) {
	t.Helper()
	waitFor(t, "the cluster's readiness", func() bool {
		for _, n := range c.nodes() {
			info, err := redisCommand(n.Addr, "CLUSTER", "INFO")
			if err != nil || !strings.Contains(info, "cluster_state:ok") {
				return false
			}
		}
		return c.inStep()
	})
}

func (c *RedisCluster) inStep() bool {
	for _, r := range c.Replicas {
		info, err := redisCommand(r.Addr, "INFO", "replication")
		if err != nil || !strings.Contains(info, "role:slave") || !strings.Contains(info, "master_link_status:up") {
			return false
		}
	}
	return true
}

// NodeID is the name that the cluster has for a node.
func NodeID(t testing.TB, p *Process) string {
	t.Helper()
	return Redis(t, p.Addr, "CLUSTER", "MYID")
}

// BehindProxies puts a proxy before each master, and has the masters tell clients
// its port for theirs. Proxies[i] stands before Masters[i].
func (c *RedisCluster) BehindProxies(t testing.TB) []*Proxy {
	t.Helper()
	var proxies []*Proxy
	for _, m := range c.Masters {
		p := NewProxy(t, m.Addr)
		_, port, _ := strings.Cut(p.Addr, ":")
		Redis(t, m.Addr, "CONFIG", "SET", "cluster-announce-port", port)
		proxies = append(proxies, p)
	}
	waitFor(t, "the nodes' knowledge of the proxies", func() bool {
		for _, n := range c.nodes() {
			slots, err := redisCommand(n.Addr, "CLUSTER", "SLOTS")
			for _, p := range proxies {
				_, port, _ := strings.Cut(p.Addr, ":")
				if err != nil || !strings.Contains(slots, port) {
					return false
				}
			}
		}
		return true
	})
	return proxies
}

// AddMaster adds a master, without slots and without a replica.
func (c *RedisCluster) AddMaster(t testing.TB) *Process {
	t.Helper()
	added := startClusterNode(t)
	Redis(t, added.Addr, "CLUSTER", "MEET", "127.0.0.1", fmt.Sprint(c.Masters[0].Port))
	c.Masters = append(c.Masters, added)
	waitFor(t, "the new master's acquaintance with all", func() bool {
		if info, err := redisCommand(added.Addr, "CLUSTER", "INFO"); err != nil || !strings.Contains(info, "cluster_state:ok") {
			return false
		}
		for _, m := range c.Masters {
			for _, other := range c.Masters {
				if nodes, err := redisCommand(m.Addr, "CLUSTER", "NODES"); err != nil || !strings.Contains(nodes, NodeID(t, other)) {
					return false
				}
			}
		}
		return true
	})
	return added
}

// MoveSlot moves a slot, and the keys in it, from the master that has it to
// the next one, step by step as the cluster's administrators do.
func (c *RedisCluster) MoveSlot(t testing.TB, slot string) {
	t.Helper()
	from := c.owner(t, slot)
	c.move(t, slot, c.Masters[from], c.Masters[(from+1)%len(c.Masters)])
}

// MoveSlotTo moves a slot to a master, unless it is there.
func (c *RedisCluster) MoveSlotTo(t testing.TB, slot string, target *Process) {
	t.Helper()
	if source := c.Masters[c.owner(t, slot)]; source != target {
		c.move(t, slot, source, target)
	}
}

func (c *RedisCluster) move(t testing.TB, slot string, source, target *Process) {
	t.Helper()
	Redis(t, target.Addr, "CLUSTER", "SETSLOT", slot, "IMPORTING", NodeID(t, source))
	Redis(t, source.Addr, "CLUSTER", "SETSLOT", slot, "MIGRATING", NodeID(t, target))
	for {
		keys := Redis(t, source.Addr, "CLUSTER", "GETKEYSINSLOT", slot, "100")
		if keys == "" {
			break
		}
		args := []string{"MIGRATE", "127.0.0.1", fmt.Sprint(target.Port), "", "0", "5000", "KEYS"}
		Redis(t, source.Addr, append(args, strings.Split(keys, "\n")...)...)
	}
	id := NodeID(t, target)
	for _, m := range append([]*Process{target, source}, c.Masters...) { // the others would hear of it, some time
		Redis(t, m.Addr, "CLUSTER", "SETSLOT", slot, "NODE", id)
	}
}

// owner finds the master that serves a slot: only it does not redirect.
func (c *RedisCluster) owner(t testing.TB, slot string) int {
	t.Helper()
	for i, m := range c.Masters {
		for _, line := range strings.Split(Redis(t, m.Addr, "CLUSTER", "NODES"), "\n") {
			if strings.Contains(line, "myself") && hasSlot(strings.Fields(line)[8:], slot) {
				return i
			}
		}
	}
	t.Fatalf("no master has slot %s", slot)
	return 0
}

// Owner is the master that serves a key.
func (c *RedisCluster) Owner(t testing.TB, key string) *Process {
	t.Helper()
	return c.Masters[c.owner(t, c.SlotOf(t, key))]
}

// SlotOf is the slot of a key.
func (c *RedisCluster) SlotOf(t testing.TB, key string) string {
	t.Helper()
	return Redis(t, c.Masters[0].Addr, "CLUSTER", "KEYSLOT", key)
}

func hasSlot(ranges []string, slot string) bool {
	n, _ := strconv.Atoi(slot)
	for _, r := range ranges {
		low, high, found := strings.Cut(r, "-")
		if !found {
			high = low
		}
		a, errA := strconv.Atoi(low)
		b, errB := strconv.Atoi(high)
		if errA == nil && errB == nil && a <= n && n <= b {
			return true
		}
	}
	return false
}
