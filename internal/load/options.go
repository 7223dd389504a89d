package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

type options struct {
	urls      []string
	codes     string // "": each server's own
	roam      bool
	rate      float64 // authenticated requests per second
	loginRate float64
	junkRate  float64
	junkFrom  string
	junkLines int
	users     int
	workers   int
	duration  time.Duration
	svg       string
	simulator string
	sink      string
	remote    bool
}

const maxDuration = time.Hour

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	var urls string
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&urls, "url", "http://localhost:8080", "servers, separated by commas")
	f.StringVar(&o.codes, "codes", "", "server that gives login codes (default: each server's own simulator)")
	f.BoolVar(&o.roam, "roam", false, "send a user's requests to all servers in turn, not to one; they need a common store")
	f.Float64Var(&o.rate, "rate", 1000, "authenticated requests per second")
	f.Float64Var(&o.loginRate, "login-rate", 10, "logins per second, beside them")
	f.Float64Var(&o.junkRate, "junk-rate", 0, "logins per second with codes that are none, all of one address")
	f.StringVar(&o.junkFrom, "junk-from", "127.0.0.66", "that address, one of this machine")
	f.IntVar(&o.junkLines, "junk-connections", 32, "connections for them, each with one request at a time")
	f.IntVar(&o.users, "users", 100, "users, all logged in before")
	f.IntVar(&o.workers, "workers", 256, "requests under way at most")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "how long, 1h at most")
	f.StringVar(&o.svg, "svg", "", "file for the histogram as SVG")
	f.StringVar(&o.simulator, "simulator", "", "be a simulated WeChat on this address, and nothing else")
	f.StringVar(&o.sink, "sink", "", "be a server on this address that answers all junk at once, and nothing else")
	f.BoolVar(&o.remote, "allow-remote", false, "allow servers on other machines; ask those who run them first")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: all options begin with a dash", f.Arg(0))
	}
	for u := range strings.SplitSeq(urls, ",") {
		o.urls = append(o.urls, strings.TrimRight(strings.TrimSpace(u), "/"))
	}
	o.codes = strings.TrimRight(o.codes, "/")
	return o, o.check()
}

func (o *options) check() error {
	switch {
	case min(o.rate, o.loginRate, o.junkRate) < 0 || o.rate+o.loginRate+o.junkRate == 0:
		return errors.New("-rate, -login-rate and -junk-rate must not be negative, nor all zero")
	case max(o.rate, o.loginRate, o.junkRate) > 1e6:
		return errors.New("-rate, -login-rate and -junk-rate must be a million at most")
	case net.ParseIP(o.junkFrom) == nil:
		return errors.New("-junk-from must be an address")
	case o.junkLines < 1 || o.junkLines > 10_000:
		return errors.New("-junk-connections must be 1 to 10000")
	case o.users < 1 || o.users > 10_000_000:
		return errors.New("-users must be 1 to 10000000")
	case o.workers < 1 || o.workers > 10_000:
		return errors.New("-workers must be 1 to 10000")
	case o.duration <= 0 || o.duration > maxDuration:
		return fmt.Errorf("-duration must be positive, and %v at most", maxDuration)
	}
	servers := o.urls
	if o.codes != "" {
		servers = append(servers, o.codes)
	}
	for _, s := range servers {
		if err := o.checkServer(s); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) checkServer(server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("server %q must look like http://localhost:8080", server)
	}
	if !o.remote && !loopback(u.Hostname()) {
		return fmt.Errorf("server %q is not on this machine: -allow-remote would let it pass", server)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
