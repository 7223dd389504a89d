package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "endure:", err)
		os.Exit(1)
	}
}

// run prints results to out, and the progress to progress. An error means that
// the run could not be finished, or that a promise was not kept.
func run(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	progress = &oneByOne{w: progress}
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	c, err := startCluster(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.remove()) }()
	r, err := newRig(ctx, o, c, progress)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.fill(ctx, out); err != nil {
		return err
	}
	failed := r.traffic(ctx)
	if failed == nil {
		failed = r.sweep(ctx)
	}
	if ctx.Err() != nil { // an interrupt makes figures that mean nothing
		return ctx.Err()
	}
	r.report(out, failed)
	return errors.Join(failed, r.ledger.verdict())
}

// oneByOne lets several goroutines write lines.
type oneByOne struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *oneByOne) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(b)
}
