package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerbench:", err)
		os.Exit(1)
	}
}

// childVariable names the experiment that this process is to run for another
// process of the command.
const childVariable = "PEERBENCH_EXPERIMENT"

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("peerbench", flag.ContinueOnError)
	flags.SetOutput(progress)
	only := flags.String("only", "", "numbers of the targets to measure, separated by commas")
	var s scale
	s.define(flags)
	markdown := flags.Bool("markdown", false, "print the table only, without the machine and the versions")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if name := os.Getenv(childVariable); name != "" {
		return runChild(ctx, name, s, out)
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	var rows []Row
	for _, e := range chosen {
		fmt.Fprintf(progress, "measuring target %s: %s\n", e.target, e.name)
		rows = append(rows, e.start(ctx, s, progress)...)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if s.quick {
		fmt.Fprintln(out, "A smoke run: that something came out is all that these figures mean.")
	}
	printTable(out, rows)
	if !*markdown {
		printMachine(out)
	}
	return nil
}

// runChild prints the rows of one experiment as JSON.
func runChild(ctx context.Context, name string, s scale, out io.Writer) error {
	e, err := find(name)
	if err != nil {
		return err
	}
	b := newBench(ctx, s)
	defer b.close()
	rows, err := e.run(b)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(rows)
}
