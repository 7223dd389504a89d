package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

// progressEvery is how often a line says how far the run is.
const progressEvery = 5 * time.Second

// every calls fn at that interval until stop is called.
func every(interval time.Duration, fn func()) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				fn()
			case <-done:
				return
			}
		}
	})
	return func() { close(done); running.Wait() }
}

// inParallel has workers call fn with each number below n, until one fails.
func inParallel(ctx context.Context, workers, n int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := fn(ctx, int(i)); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// fill logs every user in.
func (r *rig) fill(ctx context.Context, out io.Writer) error {
	_, empty, err := r.cluster.memory(ctx)
	if err != nil {
		return err
	}
	var filled atomic.Int64
	began := time.Now()
	rate := func() float64 { return float64(filled.Load()) / time.Since(began).Seconds() }
	stop := every(progressEvery, func() {
		fmt.Fprintf(r.progress, "%s of %s sessions, %s/s\n", thousands(filled.Load()), thousands(r.sessions), thousands(rate()))
	})
	err = inParallel(ctx, r.workers, r.sessions, func(ctx context.Context, i int) error {
		defer filled.Add(1)
		return r.fillOne(ctx, uint32(i))
	})
	stop()
	if err != nil {
		return fmt.Errorf("cannot fill the cluster: %w", err)
	}
	took, perSecond := time.Since(began), rate()
	used, full, err := r.cluster.memory(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "filled %s sessions in %v, %s/s; the masters use %s, %d bytes per login\n\n", thousands(r.sessions),
		took.Round(time.Second), thousands(perSecond), gigabytes(used), (full-empty)/int64(r.sessions))
	return nil
}

// tries is how often a call is repeated that must succeed in the end.
const tries = 20

// insist repeats fn while the store is out of reach.
func insist(ctx context.Context, fn func() error) (err error) {
	for range tries {
		if err = fn(); outcomeOf(err) != outage || !pause(ctx, 250*time.Millisecond) {
			break
		}
	}
	return err
}

// fillOne logs a user in for the first time. A try whose answer was lost leaves
// a session that nobody has the token of.
func (r *rig) fillOne(ctx context.Context, user uint32) error {
	m := r.managers[int(user)%len(r.managers)]
	return insist(ctx, func() error {
		token, _, err := m.Issue(ctx, "", core.Identity{OpenID: openID(user)}, "phone")
		if err == nil {
			r.ledger.enter(user, user, token)
		}
		return err
	})
}
