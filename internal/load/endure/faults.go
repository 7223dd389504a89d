package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// step is something that happens to the cluster when that share of the run is
// over, and not before the step above it is done.
type step struct {
	name  string
	after float64
	do    func(context.Context) error
	// failsOver: a replica takes over.
	failsOver bool
}

// event is a step that was taken.
type event struct {
	name        string
	begun, done time.Time
}

func (r *rig) timetable() []step {
	add := step{name: "a master is added, and slots move to it", after: 0.55, do: r.cluster.grow}
	if r.replicas == 0 {
		return []step{add}
	}
	return []step{
		{name: "a master is killed, and its replica takes over", after: 0.15, do: r.killMaster, failsOver: true},
		{name: "it comes back empty, as a replica", after: 0.35, do: r.cluster.revive},
		add,
	}
}

// noLossUntil keeps what was there before the traffic out of what a fail-over may
// lose: in a short run nothing would be promised otherwise.
const noLossUntil = (lossBefore + 500) * time.Millisecond

// faults returns when all steps are done, or one has failed.
func (r *rig) faults(ctx context.Context, start time.Time) error {
	for _, s := range r.timetable() {
		due := max(time.Duration(s.after*float64(r.duration)), noLossUntil)
		if !pause(ctx, time.Until(start.Add(due))) {
			return ctx.Err()
		}
		fmt.Fprintf(r.progress, "%s …\n", s.name)
		e := event{name: s.name, begun: time.Now()}
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		e.done = time.Now()
		r.events = append(r.events, e)
		fmt.Fprintf(r.progress, "%s: done after %v\n", s.name, e.done.Sub(e.begun).Round(moment))
	}
	return nil
}

// killMaster tells the ledger first: what is acknowledged from now on may come
// from the one that dies.
func (r *rig) killMaster(ctx context.Context) error {
	r.ledger.killed.Store(r.ledger.now())
	return r.cluster.killMaster(ctx)
}

// victim is the master that dies.
func (c *cluster) victim() *node { return c.nodes[0] }

// witness is a node that stays.
func (c *cluster) witness() *node { return c.nodes[1] }

// killMaster returns when another node serves the slots.
func (c *cluster) killMaster(ctx context.Context) error {
	v := c.victim()
	if !v.isMaster(ctx) {
		return errors.New("the first node is no master any more: something else has made a replica of it")
	}
	v.past = v.usage(ctx)
	v.kill()
	return poll(ctx, "a fail-over", func() bool {
		list, err := c.witness().ask(ctx, "CLUSTER", "NODES")
		return err == nil && servedWithout(list, v.addr()) == allSlots
	})
}

// revive starts the victim again, with nothing in its memory.
func (c *cluster) revive(ctx context.Context) error {
	v := c.victim()
	if err := v.start(ctx); err != nil {
		return err
	}
	err := poll(ctx, "the return of the master as a replica", func() bool {
		return !v.isMaster(ctx) && v.inStep(ctx)
	})
	if err != nil {
		return err
	}
	return c.ready(ctx)
}

// grow adds a master, with a replica where the others have one, then moves slots.
func (c *cluster) grow(ctx context.Context) error {
	master, err := c.join(ctx)
	if err != nil {
		return err
	}
	id, err := master.ask(ctx, "CLUSTER", "MYID")
	if err != nil {
		return err
	}
	id = strings.TrimSpace(id)
	if c.replicas > 0 {
		if _, err := c.join(ctx, "--cluster-slave", "--cluster-master-id", id); err != nil {
			return err
		}
	}
	_, err = redisCLI(ctx, "--cluster", "rebalance", c.witness().addr(), "--cluster-use-empty-masters",
		"--cluster-pipeline", "100", "--cluster-weight", fmt.Sprintf("%s=%g", id, c.weight))
	if err != nil {
		return err
	}
	list, err := c.witness().ask(ctx, "CLUSTER", "NODES")
	share := allSlots * c.weight / (masters + c.weight)
	if moved := allSlots - servedWithout(list, master.addr()); err == nil && float64(moved) < 0.9*share {
		return fmt.Errorf("only %d slots have moved", moved)
	}
	return err
}

// join starts a node and has the others meet it.
func (c *cluster) join(ctx context.Context, role ...string) (*node, error) {
	n, err := c.add(ctx)
	if err != nil {
		return nil, err
	}
	args := append([]string{"--cluster", "add-node", n.addr(), c.witness().addr()}, role...)
	if _, err := redisCLI(ctx, args...); err != nil {
		return nil, err
	}
	return n, c.ready(ctx)
}
