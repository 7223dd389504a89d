package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run prints results to out, and the progress to progress.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	if o.simulator != "" {
		return simulate(ctx, o.simulator, out)
	}
	if o.sink != "" {
		return sink(ctx, o.sink, out)
	}
	g, err := newGenerator(o)
	if err != nil {
		return err
	}
	if err := g.logInAll(ctx, progress); err != nil {
		return err
	}
	g.drive(ctx, progress)
	g.summarize(out)
	if o.svg == "" {
		return nil
	}
	return os.WriteFile(o.svg, chart(g.kinds()), 0o644)
}
