package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"time"
)

type options struct {
	sessions  int
	instances int
	replicas  int
	workers   int
	writers   int
	sweep     int
	duration  time.Duration
	weight    float64
	store     url.Values // options of the DSN
}

const (
	maxSessions = 50_000_000
	maxDuration = 24 * time.Hour
)

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	var store string
	f := flag.NewFlagSet("endure", flag.ContinueOnError)
	f.SetOutput(usage)
	f.IntVar(&o.sessions, "sessions", 100_000, "sessions before the traffic, each of a user of its own")
	f.IntVar(&o.instances, "instances", 2, "stores and managers, each with a near cache of its own")
	f.IntVar(&o.replicas, "replicas", 1, "of each master, 1 or 0; without any, no master is killed")
	f.IntVar(&o.workers, "workers", 128, "readers, and those who fill")
	f.IntVar(&o.writers, "writers", 8, "who log in, log out and update beside them")
	f.IntVar(&o.sweep, "sweep", 1_000_000, "sessions that have ended, and as many that live, to look at afterwards")
	f.DurationVar(&o.duration, "duration", time.Minute, "of the traffic; longer where the faults take longer")
	f.Float64Var(&o.weight, "weight", 1, "slots that the added master gets, in proportion to the others'; a short run may want 0.1")
	f.StringVar(&store, "options", "wait_replicas=1&cache=100000", "of the stores' DSN")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: all options begin with a dash", f.Arg(0))
	}
	var err error
	if o.store, err = url.ParseQuery(store); err != nil {
		return o, errors.New("-options must look like wait_replicas=1&cache=100000")
	}
	return o, o.check()
}

func (o *options) check() error {
	switch {
	case o.sessions < 100 || o.sessions > maxSessions:
		return fmt.Errorf("-sessions must be 100 to %d", maxSessions)
	case o.instances < 1 || o.instances > 64:
		return errors.New("-instances must be 1 to 64")
	case o.replicas < 0 || o.replicas > 1:
		return errors.New("-replicas must be 0 or 1: with more, an acknowledgement of one promises less")
	case o.workers < 1 || o.workers > 10_000:
		return errors.New("-workers must be 1 to 10000")
	case o.writers < 1 || o.writers > 1000:
		return errors.New("-writers must be 1 to 1000")
	case o.sweep < 0:
		return errors.New("-sweep must not be negative")
	case o.duration < time.Second || o.duration > maxDuration:
		return fmt.Errorf("-duration must be 1s to %v", maxDuration)
	case !(o.weight >= 0.05 && o.weight <= 10):
		return errors.New("-weight must be 0.05 to 10")
	case o.replicas == 0 && o.waits():
		return errors.New("-options has wait_replicas, and without replicas no log-out would be acknowledged: leave it out")
	}
	return nil
}

// waits reports whether log-outs wait for replicas, so that a fail-over must not
// undo them.
func (o *options) waits() bool {
	n := o.store.Get("wait_replicas")
	return n != "" && n != "0"
}

// storeWithoutCache are the options of a store that always asks the server.
func (o *options) storeWithoutCache() url.Values {
	plain := url.Values{}
	for name, values := range o.store {
		if name != "cache" {
			plain[name] = values
		}
	}
	return plain
}
