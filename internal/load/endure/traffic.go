package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

const (
	// respite is how long a client waits after an error that tells it to come back.
	respite = 20 * time.Millisecond

	// deadTraffic is the share of the requests with the token of a session that has
	// ended which is sent all the same: somebody has to look whether it has.
	deadTraffic = 0.1

	// aftermath is how long the traffic goes on after the last fault.
	aftermath = 3 * time.Second
)

// traffic goes on until the time is over and all faults have been gone through.
func (r *rig) traffic(ctx context.Context) error {
	r.began = time.Now()
	r.timeline = newTimeline(r.began, r.duration+3*patience)
	servers, self := r.cluster.usage(ctx), cpuOf("self")
	clients, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	for range r.workers {
		wg.Go(func() { r.read(clients) })
	}
	for range r.writers {
		w := &writer{rig: r}
		wg.Go(func() { w.write(clients) })
	}
	endProgress := every(progressEvery, r.progressLine())
	err := r.faults(ctx, r.began)
	if err == nil && !pause(ctx, max(aftermath, time.Until(r.began.Add(r.duration)))) {
		err = ctx.Err()
	}
	stop()
	wg.Wait()
	endProgress()
	r.ended, r.failovers = time.Now(), r.cluster.failovers()
	r.servers, r.self = r.cluster.usage(ctx).minus(servers), usage{cpu: cpuOf("self") - self}
	return err
}

func (r *rig) progressLine() func() {
	before, requests := time.Now(), int64(0)
	return func() {
		now, n := time.Now(), r.requests.latency.N()
		fmt.Fprintf(r.progress, "%3.0f s: %s requests/s, %s failed so far; %s logins, %s log-outs", now.Sub(r.began).Seconds(),
			thousands(float64(n-requests)/now.Sub(before).Seconds()), thousands(r.requests.failed.Load()),
			thousands(r.logins.latency.N()), thousands(r.logouts.latency.N()+r.everywhere.latency.N()))
		if err := r.ledger.verdict(); err != nil {
			fmt.Fprintf(r.progress, "; %v", err)
		}
		fmt.Fprintln(r.progress)
		before, requests = now, n
	}
}

// manager is that of any instance.
func (r *rig) manager() *core.Manager { return r.managers[rand.IntN(len(r.managers))] }

// read sends requests. Clients whose user has logged out send few.
func (r *rig) read(ctx context.Context) {
	for ctx.Err() == nil {
		i, _, ok := r.ledger.pick()
		if !ok || r.ledger.logins[i].ended.Load() != 0 && rand.Float64() > deadTraffic {
			continue
		}
		if r.request(ctx, r.manager(), i) == outage {
			pause(ctx, respite)
		}
	}
}

// request is what a client's request does first. It ends by its answer, not with
// the run: what was cut off would say nothing.
func (r *rig) request(ctx context.Context, m *core.Manager, i uint32) outcome {
	l, began := &r.ledger.logins[i], time.Now()
	before := l.before(r.ledger.at(began))
	s, err := m.Authenticate(context.WithoutCancel(ctx), l.text())
	now := time.Now()
	o := r.ledger.judge(i, before, s, err)
	r.requests.done(now.Sub(began), o)
	if t := r.timeline.at(now); o == outage {
		t.failed.Add(1)
	} else {
		t.answered.Add(1)
	}
	return o
}
