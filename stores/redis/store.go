package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

// MaxValue is the greatest number of bytes that a Store takes as a value.
const MaxValue = 1 << 20

// Options adjusts a Store. The zero value of each field means its default.
type Options struct {
	// Prefix stands before every key; "wx:" by default. At most 64 printable ASCII
	// characters, no spaces, and no braces: they would send all keys to one slot
	// of a cluster.
	Prefix string

	// Timeout bounds every call, also where the context has a later deadline or
	// none; 500 ms by default. A call may give up 1/16 of it early, because calls
	// that start together share a timer.
	Timeout time.Duration

	// WaitReplicas is the number of replicas that must have acknowledged a
	// revocation (core.IsRevocation) before its Swap or Delete returns nil; none
	// by default. See "Durable revocations" in the package's documentation.
	WaitReplicas int

	// WaitTimeout is what a revocation may take beyond Timeout to hear of the
	// replicas; 200 ms by default.
	WaitTimeout time.Duration
}

// Store keeps sessions in Redis or Valkey. It is safe for concurrent use.
type Store struct {
	prefix    string
	link      *link
	guard     *guard
	deadlines *deadlines
	replicas  replicas
	near      *nearCache // nil when off
	stop      func()     // ends the near cache's heartbeat
}

var (
	_ core.Store        = (*Store)(nil)
	_ core.AppendGetter = (*Store)(nil)
	_ core.Pinger       = (*Store)(nil)
	_ io.Closer         = (*Store)(nil)
)

// New returns a Store over a client that the application has already, whatever
// it is connected to. Close leaves the client open. The near cache needs a
// connection of its own: it comes with [Open] only.
func New(client rueidis.Client, o Options) (*Store, error) {
	if client == nil {
		return nil, errors.New("redis: no client")
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return newStore(borrowed(client), o), nil
}

func newStore(l *link, o Options) *Store {
	return &Store{
		prefix:    o.prefix(),
		link:      l,
		guard:     newGuard(),
		deadlines: &deadlines{timeout: o.timeout()},
		replicas:  newReplicas(o),
		stop:      func() {},
	}
}

// Get implements core.Store: one command, one round trip, or none where the
// near cache knows the answer. The value belongs to the caller.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := s.near.get(ctx, key)
	if err != nil {
		return nil, err
	}
	if v != nil {
		return append([]byte{}, v...), nil
	}
	return s.read(ctx, key)
}

// AppendGet implements core.AppendGetter.
func (s *Store) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	v, err := s.near.get(ctx, key)
	if v == nil && err == nil {
		v, err = s.read(ctx, key)
	}
	if err != nil {
		return nil, err
	}
	return append(dst, v...), nil
}

// maxReads is how often a read is sent, where the connection turns out to be
// broken: after a server's restart each of the connections is.
const maxReads = 3

// read asks the server. Reading twice does no harm.
func (s *Store) read(ctx context.Context, key string) ([]byte, error) {
	c, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	v, err := s.fetch(c, key)
	for n := 1; n < maxReads && isBroken(err) && c.ctx.Err() == nil; n++ {
		v, err = s.fetch(c, key)
	}
	return v, s.end(ctx, c, err)
}

func (s *Store) fetch(c call, key string) ([]byte, error) {
	if s.near.covers(key) {
		return s.near.fill(c, s.prefix, key)
	}
	return value(c.client.Do(c.ctx, c.client.B().Get().Key(s.prefix+key).Build()))
}

// value takes the reply to a GET. Its bytes are nobody else's.
func value(reply rueidis.RedisResult) ([]byte, error) {
	v, err := reply.AsBytes()
	if rueidis.IsRedisNil(err) {
		return nil, core.ErrNotFound
	}
	if v == nil && err == nil {
		v = []byte{} // nil would read as "none" in a Swap
	}
	return v, err
}

// Swap implements core.Store.
func (s *Store) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("redis: the ttl must be positive, not %v", ttl)
	}
	if len(new) > MaxValue {
		return fmt.Errorf("redis: the value has %d bytes; at most %d are stored", len(new), MaxValue)
	}
	return s.write(ctx, key, func(ctx context.Context, client rueidis.CommandClient) error {
		if old == nil {
			return create(ctx, client, s.prefix+key, new, ttl)
		}
		return replace(ctx, client, s.prefix+key, old, new, ttl)
	})
}

// Delete implements core.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.write(ctx, key, func(ctx context.Context, client rueidis.CommandClient) error {
		return remove(ctx, client, s.prefix+key)
	})
}

// write never repeats do: a write that got no answer may have taken place.
// Whatever came of it, the near cache forgets the key before the caller learns.
func (s *Store) write(ctx context.Context, key string, do writer) error {
	defer s.near.forget(key)
	if s.replicas.wanted(ctx) {
		return s.writeReplicated(ctx, do)
	}
	c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	return s.end(ctx, c, do(c.ctx, c.client))
}

// writer is one write, over a shared or a dedicated connection.
type writer func(context.Context, rueidis.CommandClient) error

// Ping implements core.Pinger. On a cluster it asks one node, whichever.
func (s *Store) Ping(ctx context.Context) error {
	c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	return s.end(ctx, c, c.client.Do(c.ctx, c.client.B().Ping().Build()).Error())
}

// Close ends the connections that Open made; a client that was passed to New
// stays open. Calls after Close fail. Close may be called again.
func (s *Store) Close() error {
	s.stop()
	s.link.close()
	return nil
}
