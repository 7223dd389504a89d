package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const (
	masters  = 3
	allSlots = 16384
)

// cluster is three masters with their replicas, and what is added to them.
type cluster struct {
	dir      string
	replicas int
	weight   float64 // of the master that is added
	nodes    []*node // the masters first
}

func startCluster(ctx context.Context, o options) (*cluster, error) {
	for _, program := range []string{"redis-server", "redis-cli"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s is not installed (on Debian: apt-get install redis-server redis-tools)", program)
		}
	}
	dir, err := os.MkdirTemp("", "endure-")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, replicas: o.replicas, weight: o.weight}
	if err := c.create(ctx); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// remove ends all servers, and leaves nothing behind.
func (c *cluster) remove() error {
	for _, n := range c.nodes {
		n.kill()
	}
	return os.RemoveAll(c.dir)
}

func (c *cluster) create(ctx context.Context) error {
	args := []string{"--cluster", "create"}
	for range masters * (1 + c.replicas) {
		n, err := c.add(ctx)
		if err != nil {
			return err
		}
		args = append(args, n.addr())
	}
	args = append(args, "--cluster-replicas", strconv.Itoa(c.replicas), "--cluster-yes")
	if _, err := redisCLI(ctx, args...); err != nil {
		return err
	}
	return c.ready(ctx)
}

// add starts a server that knows no other yet.
func (c *cluster) add(ctx context.Context) (*node, error) {
	n, err := newNode(ctx, c.dir)
	if err == nil {
		c.nodes = append(c.nodes, n)
	}
	return n, err
}

// ready returns when all nodes know each other and serve, and every replica is
// in step with its master.
func (c *cluster) ready(ctx context.Context) error {
	for _, n := range c.nodes {
		err := poll(ctx, "a node's readiness", func() bool {
			info, err := n.ask(ctx, "CLUSTER", "INFO")
			return err == nil && field(info, "cluster_state") == "ok" && number(info, "cluster_known_nodes") == int64(len(c.nodes)) && n.inStep(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inStep is true of every master.
func (n *node) inStep(ctx context.Context) bool {
	info, err := n.ask(ctx, "INFO", "replication")
	return err == nil && (field(info, "role") == "master" || field(info, "master_link_status") == "up")
}

func (n *node) isMaster(ctx context.Context) bool {
	info, err := n.ask(ctx, "INFO", "replication")
	return err == nil && field(info, "role") == "master"
}

// memory is what all masters use for what they hold: without the replicas'
// stream, which they keep up to a bound.
func (c *cluster) memory(ctx context.Context) (used []int64, sum int64, err error) {
	for _, n := range c.nodes {
		if !n.isMaster(ctx) {
			continue
		}
		info, err := n.ask(ctx, "INFO", "memory")
		if err != nil {
			return nil, 0, err
		}
		bytes := number(info, "used_memory") - number(info, "mem_total_replication_buffers")
		used, sum = append(used, bytes), sum+bytes
	}
	return used, sum, nil
}

// failovers is how many there have been, as the nodes' logs say.
func (c *cluster) failovers() (n int) {
	for _, node := range c.nodes {
		text, _ := os.ReadFile(node.logPath())
		n += strings.Count(string(text), "Failover election won")
	}
	return n
}

// dsn names all nodes.
func (c *cluster) dsn(options url.Values) string {
	var addrs []string
	for _, n := range c.nodes {
		addrs = append(addrs, n.addr())
	}
	return "redis+cluster://" + strings.Join(addrs, ",") + "?" + options.Encode()
}

// field reads a line of an INFO.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func number(info, name string) int64 {
	n, _ := strconv.ParseInt(field(info, name), 10, 64)
	return n
}

// servedWithout counts the slots whose master is not the one at addr, as a list
// of nodes has it (CLUSTER NODES): one line each, of id, address, flags, master,
// two times, epoch, link, and slots.
func servedWithout(list, addr string) (slots int) {
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		if len(f) < 8 || strings.HasPrefix(f[1], addr+"@") || !strings.Contains(f[2], "master") {
			continue
		}
		for _, text := range f[8:] {
			first, last, isRange := strings.Cut(text, "-")
			from, err := strconv.Atoi(first)
			if err != nil {
				continue // a slot on its way: [93->-…]
			}
			to := from
			if isRange {
				to, _ = strconv.Atoi(last)
			}
			slots += to - from + 1
		}
	}
	return slots
}
