package memcached

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	gomemcache "github.com/bradfitz/gomemcache/memcache"

	"github.com/wxsession/wxsession/core"
)

// maxValue leaves 1 KiB of a server's 1 MiB (unless its -I says otherwise) to
// the key and the server's own fields.
const maxValue = 1<<20 - 1<<10

// Store keeps sessions in Memcached servers. It is safe for concurrent use.
type Store struct {
	options Options
	backend backend
	closed  atomic.Bool
}

var (
	_ core.Store     = (*Store)(nil)
	_ core.Pinger    = (*Store)(nil)
	_ core.Prefixer  = (*Store)(nil)
	_ core.Timeouter = (*Store)(nil)
	_ io.Closer      = (*Store)(nil)
)

// backend lets an operation talk to the server that holds key.
type backend interface {
	// run returns when op has, or when its time is up; op may be running still
	// then. once says that op sends a command that must not be sent twice.
	run(ctx context.Context, key string, once bool, op operation) error
	ping(ctx context.Context) error
	close()
}

// operation returns nil, core.ErrNotFound, core.ErrConflict or a failure to
// talk to the server.
type operation func(c *gomemcache.Client, key string) error

// Get implements core.Store. It sends one get.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := s.do(ctx, key, false, func(c *gomemcache.Client, key string) error {
		item, err := fetch(c, key)
		if err == gomemcache.ErrCacheMiss {
			return core.ErrNotFound
		}
		if err == nil {
			value = item.Value
		}
		return err
	})
	if err != nil {
		return nil, err // value may still be written to
	}
	return value, nil
}

// Swap implements core.Store: add, or gets and cas. A value of more than
// 1 MiB - 1 KiB is an error. Where a server that does not evict (-M) has no
// memory left, the error is core.ErrFull.
func (s *Store) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	expires, err := expiration(time.Now(), ttl)
	if err != nil {
		return err
	}
	if len(new) > maxValue {
		return outcome(ctx, "", errTooLarge)
	}
	// The operation may outlive this call, the caller's slices must not.
	item := &gomemcache.Item{Value: bytes.Clone(new), Expiration: expires}
	if old == nil {
		return s.do(ctx, key, true, create(item))
	}
	return s.do(ctx, key, false, replace(bytes.Clone(old), item))
}

func create(item *gomemcache.Item) operation {
	return func(c *gomemcache.Client, key string) error {
		item.Key = key
		return conflictOf(c.Add(item))
	}
}

func replace(old []byte, item *gomemcache.Item) operation {
	return func(c *gomemcache.Client, key string) error {
		found, err := fetch(c, key)
		switch {
		case err != nil:
			return conflictOf(err)
		case !bytes.Equal(found.Value, old):
			return core.ErrConflict
		case found.CasID == 0:
			return errNoCAS
		}
		item.Key, item.CasID = key, found.CasID
		return conflictOf(c.CompareAndSwap(item))
	}
}

// Delete implements core.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.do(ctx, key, true, func(c *gomemcache.Client, key string) error {
		if err := c.Delete(key); err != gomemcache.ErrCacheMiss {
			return err
		}
		return nil
	})
}

// Ping asks every server whether it is there, and returns an error if any is
// not: that server's share of the users gets errors. It is meant for alarms;
// a load balancer that takes instances out of service by it would turn the
// loss of one server of three into the loss of all.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	return s.backend.ping(ctx)
}

// Prefix implements core.Prefixer.
func (s *Store) Prefix() string { return s.options.Prefix }

// Timeout implements core.Timeouter.
func (s *Store) Timeout() time.Duration { return s.options.Timeout }

// Close ends the store; later calls return an error. Connections in use are
// closed when their call ends. The client of New stays as it is: it belongs to
// the application. Closing twice is fine.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.backend.close()
	}
	return nil
}

func (s *Store) do(ctx context.Context, key string, once bool, op operation) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	return s.backend.run(ctx, s.options.Prefix+key, once, op)
}

func (s *Store) usable(ctx context.Context) error {
	err := ctx.Err()
	if s.closed.Load() {
		err = errClosed
	}
	return outcome(ctx, "", err)
}

// fetch sends get, once more where the connection was dead.
func fetch(c *gomemcache.Client, key string) (*gomemcache.Item, error) {
	item, err := c.Get(key)
	if connectionDied(err) {
		_ = c.Close() // other idle connections have died with it
		item, err = c.Get(key)
	}
	if err == nil && item.Key != key {
		// A connection whose answers are out of step would hand out the sessions
		// of others.
		_ = c.Close()
		return nil, errOutOfStep
	}
	return item, err
}

func conflictOf(err error) error {
	switch {
	case errors.Is(err, gomemcache.ErrCacheMiss),
		errors.Is(err, gomemcache.ErrNotStored),
		errors.Is(err, gomemcache.ErrCASConflict):
		return core.ErrConflict
	default:
		return err
	}
}
