package doctor

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// findNodes connects to the servers that take writes, and reports whether there
// is any.
func (v *redisVisit) findNodes(ctx context.Context, up []string) bool {
	switch {
	case v.target.Master != "":
		v.askSentinels(ctx, up)
	case v.target.Cluster:
		v.askCluster(ctx, up)
	default:
		v.enter(ctx, up[0])
	}
	return len(v.nodes) > 0
}

// enter reports whether the server at addr lets us in.
func (v *redisVisit) enter(ctx context.Context, addr string) bool {
	err := v.addNode(ctx, addr)
	if err != nil {
		p := storeProblem(err, "see the server's log")
		v.f.fail("store.login", p.what, p.do)
		return false
	}
	v.f.ok("store.login", "%s lets the DSN's user in", addr)
	return true
}

func (v *redisVisit) askCluster(ctx context.Context, up []string) {
	if !v.enter(ctx, up[0]) {
		return
	}
	seed := v.nodes[0]
	v.nodes = nil
	defer seed.client.Close()
	info, err := seed.do(ctx, "CLUSTER", "INFO")
	if err != nil {
		v.clusterRefused(err, seed)
		return
	}
	text, _ := info.ToString()
	v.judgeCluster(colonLines(text))
	slots, err := seed.do(ctx, "CLUSTER", "SLOTS")
	if err != nil {
		v.clusterRefused(err, seed)
		return
	}
	host, _, _ := net.SplitHostPort(seed.addr)
	var bare []string
	for _, m := range clusterMasters(slots, host) {
		if err := v.addNode(ctx, m.addr); err != nil {
			p := storeProblem(err, "")
			v.f.fail("redis.cluster", fmt.Sprintf("the cluster announces a master at %s, which cannot be used: %s", m.addr, p.what),
				"let the nodes announce addresses that services can reach (cluster-announce-ip, cluster-announce-hostname), and let firewalls pass them")
		} else {
			v.nodes[len(v.nodes)-1].announced = m.replicas
		}
		if m.replicas == 0 {
			bare = append(bare, m.addr)
		}
	}
	switch len(bare) {
	case 0:
	case 1:
		v.f.warn("redis.cluster", "the master "+bare[0]+" has no replica: its share of the sessions is lost with it", "give it one")
	default:
		v.f.warn("redis.cluster", "the masters "+strings.Join(bare, ", ")+" have no replica: the share of the sessions that one of them has is lost with it", "give each of them one")
	}
}

func (v *redisVisit) clusterRefused(err error, seed *node) {
	switch {
	case replyCode(err) == "NOPERM":
		v.f.fail("redis.rights", "this user may not run CLUSTER, so that no client finds the nodes", "grant it +cluster")
	case seed.hello["mode"] == "standalone", strings.Contains(err.Error(), "cluster support disabled"):
		v.f.fail("redis.cluster", seed.addr+" is no node of a cluster", "use redis:// in place of redis+cluster://")
	default:
		v.f.fail("redis.cluster", "the node "+seed.addr+" does not tell of its cluster", "see its log")
	}
}

const allSlots = "16384"

func (v *redisVisit) judgeCluster(info map[string]string) {
	const do = "see CLUSTER NODES: start the nodes that are down, or give their slots to others (redis-cli --cluster fix)"
	switch {
	case info["cluster_slots_assigned"] != allSlots:
		v.f.fail("redis.cluster", "only "+info["cluster_slots_assigned"]+" of the "+allSlots+" slots belong to a node", do)
	case info["cluster_state"] != "ok" && info["cluster_slots_fail"] == "0":
		v.f.fail("redis.cluster", "the node that was asked does not serve: it does not see most of the masters", "see whether the nodes reach each other, also on their second port (10000 above)")
	case info["cluster_state"] != "ok":
		v.f.fail("redis.cluster", "the cluster does not serve: "+info["cluster_slots_fail"]+" slots have lost their node", do)
	case info["cluster_slots_pfail"] != "0", info["cluster_slots_fail"] != "0":
		v.f.warn("redis.cluster", "some nodes do not answer the others", do)
	default:
		v.f.ok("redis.cluster", "all slots are served by %s masters, of %s nodes", info["cluster_size"], info["cluster_known_nodes"])
	}
}

// clusterMaster is a master as the cluster announces it to clients.
type clusterMaster struct {
	addr     string
	replicas int
}

// clusterMasters reads CLUSTER SLOTS. A node that does not know its own host has
// that of the one that was asked.
func clusterMasters(slots rueidis.RedisMessage, host string) (masters []clusterMaster) {
	ranges, _ := slots.ToArray()
	for _, r := range ranges {
		fields, err := r.ToArray()
		if err != nil || len(fields) < 3 {
			continue
		}
		addr := announced(fields[2], host)
		known := slices.ContainsFunc(masters, func(m clusterMaster) bool { return m.addr == addr })
		if addr != "" && !known {
			masters = append(masters, clusterMaster{addr, len(fields) - 3})
		}
	}
	return masters
}

func announced(m rueidis.RedisMessage, host string) string {
	fields, err := m.ToArray()
	if err != nil || len(fields) < 2 {
		return ""
	}
	if name, err := fields[0].ToString(); err == nil && name != "" && name != "?" {
		host = name
	}
	port, err := fields[1].AsInt64()
	if err != nil {
		return ""
	}
	return net.JoinHostPort(host, strconv.FormatInt(port, 10))
}
