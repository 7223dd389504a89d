package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has cost so far.
type usage struct {
	cpu  time.Duration
	gets int64 // commands of Redis that read a value; those in scripts too
}

func (u usage) plus(v usage) usage  { return usage{u.cpu + v.cpu, u.gets + v.gets} }
func (u usage) minus(v usage) usage { return usage{u.cpu - v.cpu, u.gets - v.gets} }

// usage includes that of the node's former lives.
func (n *node) usage(ctx context.Context) usage {
	info, _ := n.ask(ctx, "INFO", "commandstats") // 0 for a node that does not answer
	calls, _, _ := strings.Cut(strings.TrimPrefix(field(info, "cmdstat_get"), "calls="), ",")
	gets, _ := strconv.ParseInt(calls, 10, 64)
	return n.past.plus(usage{cpuOf(strconv.Itoa(n.proc.Pid)), gets})
}

// usage is that of all servers.
func (c *cluster) usage(ctx context.Context) (sum usage) {
	for _, n := range c.nodes {
		sum = sum.plus(n.usage(ctx))
	}
	return sum
}

// tick is the unit of /proc on every Linux of today.
const tick = 10 * time.Millisecond

// cpuOf is the time that a process has had, by its id or "self"; 0 where there
// is no /proc.
func cpuOf(process string) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", process))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the program's name
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}
