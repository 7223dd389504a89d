package memcached

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
)

const scheme = "memcached://"

// Open returns a Store for a data source name, and implements io.Closer:
//
//	memcached://host[:port][,host[:port]…][?option=value&…]
//
// Ports are 11211 by default, IPv6 addresses stand in brackets, and a server
// that begins with a slash is a Unix socket: memcached:///run/memcached.sock.
// The options:
//
//	prefix     put before every key, to share servers with others; wx: by default
//	timeout    for each call, as Go writes durations; 500ms by default
//	max_conns  connections at most, per server; 64 by default
//	max_idle   connections kept when idle, per server; max_conns by default
//
// An unknown option is an error. So is a name that is not well formed; a server
// that cannot be reached or resolved is none: calls fail while it is away, and
// work as soon as it is there.
func Open(_ context.Context, dsn string) (core.Store, error) {
	c, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	return &Store{prefix: c.Prefix, backend: newPool(c)}, nil
}

type config struct {
	Options
	maxIdle  int
	selector *Selector
}

// parseDSN shows no part of dsn in its errors that could be a password which
// somebody has put there.
func parseDSN(dsn string) (config, error) {
	rest, ok := strings.CutPrefix(dsn, scheme)
	if !ok {
		return config{}, errors.New("memcached: a data source name begins with " + scheme)
	}
	if strings.ContainsAny(rest, "@#") {
		return config{}, errors.New("memcached: a data source name has neither user nor password nor fragment")
	}
	servers, query, _ := strings.Cut(rest, "?")
	if !strings.HasPrefix(servers, "/") {
		servers = strings.TrimSuffix(servers, "/")
	}
	selector, err := NewSelector(strings.Split(servers, ",")...)
	if err != nil {
		return config{}, err
	}
	c, err := parseOptions(query)
	c.selector = selector
	return c, err
}

func parseOptions(query string) (c config, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return c, errors.New("memcached: the options after ? are not well formed")
	}
	for name, value := range values {
		if len(value) > 1 {
			return c, fmt.Errorf("memcached: option %s is given %d times", name, len(value))
		}
		if err := c.setOption(name, value[0]); err != nil {
			return c, err
		}
	}
	c.Options, err = c.withDefaults()
	if c.maxIdle == 0 {
		c.maxIdle = c.MaxConns
	}
	return c, err
}

func (c *config) setOption(name, value string) (err error) {
	switch name {
	case "prefix":
		c.Prefix = value
	case "timeout":
		if c.Timeout, err = time.ParseDuration(value); err != nil || c.Timeout <= 0 {
			return fmt.Errorf("memcached: option timeout must be a positive duration such as 500ms, not %q", value)
		}
	case "max_conns":
		c.MaxConns, err = positive(name, value)
	case "max_idle":
		c.maxIdle, err = positive(name, value)
	default:
		return fmt.Errorf("memcached: unknown option %q; known are max_conns, max_idle, prefix and timeout", name)
	}
	return err
}

func positive(name, value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("memcached: option %s must be a positive number, not %q", name, value)
	}
	return n, nil
}

// parseServer gives every spelling of a server the same name.
func parseServer(server string) (*address, error) {
	if strings.HasPrefix(server, "/") && len(server) > 1 {
		return newAddress("unix", server), nil
	}
	host, port, err := splitHostPort(server)
	if err != nil || !validHost(host) {
		return nil, fmt.Errorf("memcached: server %q must be host, host:port, [IPv6]:port or the path of a socket", server)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("memcached: server %q: the port must be a number between 1 and 65535", server)
	}
	return newAddress("tcp", net.JoinHostPort(strings.ToLower(host), strings.TrimLeft(port, "0"))), nil
}

func splitHostPort(server string) (host, port string, err error) {
	if inner, ok := strings.CutPrefix(server, "["); ok && strings.HasSuffix(inner, "]") {
		return strings.TrimSuffix(inner, "]"), "11211", nil
	}
	if !strings.Contains(server, ":") {
		return server, "11211", nil
	}
	return net.SplitHostPort(server)
}

// validHost keeps out what no host name or IP address (with its zone) has.
func validHost(host string) bool {
	return host != "" && !slices.ContainsFunc([]byte(host), func(c byte) bool {
		return c <= ' ' || c >= 0x7f || strings.IndexByte(`/\?,;"'<>[]{}()|&=+*!$^`+"`", c) >= 0
	})
}
