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
//
// # What the backends have in common
//
// Each exports its Store, Options, Open and New, and nothing that those do not
// need. There are no exported defaults: a field of Options that is zero means
// its default, which its comment names, and which a later version may change
// without breaking a program that repeats it. There are no exported errors
// either: what a program decides by is core.ErrNotFound, core.ErrConflict and
// core.ErrFull; all other errors are for those who read the log, and say what to do.
package stores

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memcached"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/stores/redis"
)

// Store is what Open returns: a store that can be asked whether it would answer,
// and must be closed when it is no longer needed.
type Store interface {
	core.Store
	core.Pinger
	io.Closer
}

// errScheme does not quote the scheme: the front of a malformed DSN may be a
// password.
var errScheme = errors.New("stores: the DSN must begin with memory://, redis://, rediss://, redis+unix://, " +
	"redis+cluster://, redis+sentinel:// or memcached://")

// Open returns the store that dsn describes; an empty dsn is memory://. It does
// not connect: the server may be down when the process starts, and the store
// recovers by itself. An error means that the DSN is wrong, and never quotes
// it.
func Open(ctx context.Context, dsn string) (Store, error) {
	if dsn == "" {
		dsn = "memory://"
	}
	store, err := open(ctx, dsn)
	if err != nil { // the backends do not know where the DSN stands, which is here mostly
		return nil, fmt.Errorf("cannot open the store (WX_STORE) of this configuration: %w", err)
	}
	return store, nil
}

func open(ctx context.Context, dsn string) (Store, error) {
	scheme, _, _ := strings.Cut(dsn, "://")
	switch scheme {
	case "memory":
		return opened(memory.Open(ctx, dsn))
	case "redis", "rediss", "redis+unix", "redis+cluster", "redis+sentinel":
		return opened(redis.Open(ctx, dsn))
	case "memcached":
		return opened(memcached.Open(ctx, dsn))
	default:
		return nil, errScheme
	}
}

// opened keeps a nil pointer from becoming a Store that is not nil.
func opened[S Store](s S, err error) (Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
