// Package stores opens a session store by its DSN, so that an application
// chooses the backend in its configuration:
//
//	memory://                              this process only; see stores/memory
//	redis://user:password@host:6379/0      see stores/redis, also for its options
//	rediss://host                          the same over TLS
//	redis+unix:///run/redis.sock
//	redis+cluster://host,host,host
//	redis+sentinel://host,host,host/master
//	memcached://host,host                  see stores/memcached
//
// An application that has a client already uses the constructor in the
// backend's own package.
package stores

import (
	"context"
	"errors"
	"strings"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memcached"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/stores/redis"
)

// errScheme does not quote the scheme: the front of a malformed DSN may be a
// password.
var errScheme = errors.New("stores: the DSN must begin with memory://, redis://, rediss://, redis+unix://, " +
	"redis+cluster://, redis+sentinel:// or memcached://")

// Open returns the store that dsn describes; an empty dsn is memory://. It does
// not connect: the server may be down when the process starts, and the store
// recovers by itself. An error means that the DSN is wrong, and never quotes
// it. Every store is an io.Closer and a core.Pinger.
func Open(ctx context.Context, dsn string) (core.Store, error) {
	if dsn == "" {
		dsn = "memory://"
	}
	scheme, _, ok := strings.Cut(dsn, "://")
	if !ok {
		return nil, errScheme
	}
	switch scheme {
	case "memory":
		return memory.Open(ctx, dsn)
	case "redis", "rediss", "redis+unix", "redis+cluster", "redis+sentinel":
		return redis.Open(ctx, dsn)
	case "memcached":
		return memcached.Open(ctx, dsn)
	default:
		return nil, errScheme
	}
}
