package redis

import (
	"context"
	"crypto/tls"

	"github.com/redis/rueidis"
)

// Target is what a DSN names, for tools that look at the servers themselves, such
// as wxsession doctor. Applications use [Open].
type Target struct {
	Options

	Network string      // tcp or unix
	Addrs   []string    // as the DSN lists them; with a Master, of the sentinels
	Master  string      // under Sentinel; "" elsewhere
	Cluster bool        // the servers are nodes of a cluster
	TLS     *tls.Config // nil: none
	Cache   int         // entries of the near cache

	// reveal is a function, as it holds the passwords: no way of printing a Target
	// finds them there.
	reveal func() settings
}

// ParseDSN takes a DSN apart, and connects to nothing. Its errors are those of
// Open.
func ParseDSN(dsn string) (*Target, error) {
	set, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	secure, err := set.tlsConfig()
	if err != nil {
		return nil, err
	}
	return &Target{
		Options: set.Options, Network: set.network, Addrs: set.addrs, Master: set.master,
		Cluster: set.topology == cluster, TLS: secure, Cache: set.cache,
		reveal: func() settings { return *set },
	}, nil
}

// Dial connects to the one server at addr, with the DSN's user and password. Each
// step may take t.Timeout, and so may each command, where its context leaves it
// that long. The error is one for a log line. Close the client when it is no
// longer needed.
func (t *Target) Dial(ctx context.Context, addr string) (rueidis.Client, error) {
	return t.dial(ctx, addr, t.reveal())
}

// DialSentinel connects to the sentinel at addr, with the user and password of the
// sentinels.
func (t *Target) DialSentinel(ctx context.Context, addr string) (rueidis.Client, error) {
	set := t.reveal()
	set.user, set.password, set.db = set.sentinelUser, set.sentinelPass, 0
	return t.dial(ctx, addr, set)
}

func (t *Target) dial(ctx context.Context, addr string, set settings) (rueidis.Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, describe(ctx, err)
	}
	set.topology, set.master, set.addrs = single, "", []string{addr}
	set.cache, set.conns, set.Timeout = 0, 0, t.Timeout
	client, err := set.connect(set.clientOption(&dialer{network: set.network, opened: func(string) func() { return func() {} }}, t.TLS))
	return client, describe(ctx, err)
}
