package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// experiment measures what belongs to one target, or to several that share a
// set-up.
type experiment struct {
	target string // numbers as in the list of targets, separated by commas
	name   string
	needs  string // binaries, separated by blanks
	pinned bool   // to one core, with its servers
	run    func(*bench) ([]Row, error)
}

func experiments() []experiment {
	return []experiment{
		{"1", "gin against gin-jwt", "", false, ginAgainstJWT},
		{"2", "net/http against scs", "", false, nethttpAgainstSCS},
		{"3", "memory store against the floor", "", false, requestsAgainstFloor},
		{"4", "allocations", "", false, allocations},
		{"5", "Redis commands and round trips", "redis-server", false, redisTraffic},
		{"6", "Redis against a bare GET, sequential", "redis-server", true, redisSequential},
		{"6", "Redis against a bare GET, parallel", "redis-server", false, redisParallel},
		{"7", "Redis against gin-contrib/sessions", "redis-server", false, redisAgainstGinContrib},
		{"8", "near cache", "redis-server", false, nearCache},
		{"9", "Memcached against a bare get", "memcached", true, memcachedSequential},
		{"10,11", "many sessions in memory", "", false, millionSessions},
		{"12", "expiry of half of them", "", false, expiry},
		{"13", "login against a bare GET, sequential", "", true, loginSequential},
		{"13,14", "login in parallel", "", false, loginParallel},
		{"15", "lookup among many", "", false, lookupAmongMany},
		{"16", "two cores", "", false, twoCores},
		{"17", "Redis memory", "redis-server", false, redisMemory},
		{"18", "over sockets", "wrk redis-server memcached", true, overSockets},
	}
}

func find(name string) (experiment, error) {
	all := experiments()
	if i := slices.IndexFunc(all, func(e experiment) bool { return e.name == name }); i >= 0 {
		return all[i], nil
	}
	return experiment{}, fmt.Errorf("no experiment is called %q", name)
}

// choose returns the experiments for a list of target numbers; "" chooses all.
func choose(only string) ([]experiment, error) {
	all := experiments()
	if only == "" {
		return all, nil
	}
	var chosen []experiment
	for _, e := range all {
		if slices.ContainsFunc(strings.Split(only, ","), e.measures) {
			chosen = append(chosen, e)
		}
	}
	if chosen == nil {
		return nil, fmt.Errorf("no target has one of the numbers %q: they go from 1 to 18", only)
	}
	return chosen, nil
}

func (e experiment) measures(number string) bool {
	return slices.Contains(strings.Split(e.target, ","), strings.TrimSpace(number))
}

// missing is the first binary that the experiment needs and the machine lacks.
func (e experiment) missing() string {
	for _, binary := range strings.Fields(e.needs) {
		if _, err := exec.LookPath(binary); err != nil {
			return binary
		}
	}
	return ""
}

// start runs the experiment in a process of its own. What goes wrong becomes a
// row, so that the rest of the table does not get lost.
func (e experiment) start(ctx context.Context, s scale, progress io.Writer) []Row {
	if missing := e.missing(); missing != "" {
		return []Row{{Target: e.target, What: e.name, Note: missing + " is not installed"}}
	}
	rows, err := e.output(ctx, s, progress)
	if err != nil {
		fmt.Fprintf(progress, "target %s failed: %v\n", e.target, err)
		return []Row{{Target: e.target, What: e.name, Note: "failed"}}
	}
	return rows
}

func (e experiment) output(ctx context.Context, s scale, progress io.Writer) ([]Row, error) {
	cmd, err := e.command(ctx, s)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, progress
	// An interrupt lets the process end its servers.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	var rows []Row
	err = json.Unmarshal(out.Bytes(), &rows)
	return rows, err
}

func (e experiment) command(ctx context.Context, s scale) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{self}
	env := append(os.Environ(), childVariable+"="+e.name)
	if e.pinned {
		env = append(env, "GOMAXPROCS=1")
		if taskset, err := exec.LookPath("taskset"); err == nil {
			args = []string{taskset, "-c", "0", self}
		}
	}
	args = append(args, s.args()...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = env
	return cmd, nil
}
