package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

// maxValue is the greatest number of bytes that a Store takes as a value.
const maxValue = 1 << 20

// Store keeps sessions in Redis or Valkey. It is safe for concurrent use.
type Store struct {
	options   Options
	client    *lazyClient
	breakers  breakers
	deadlines *deadlines
	replicas  *replicas
	near      *nearCache // nil when off
	stop      func()     // ends the near cache's heartbeat
}

var (
	_ core.Store         = (*Store)(nil)
	_ core.AppendGetter  = (*Store)(nil)
	_ core.Pinger        = (*Store)(nil)
	_ core.Prefixer      = (*Store)(nil)
	_ core.Timeouter     = (*Store)(nil)
	_ core.StatsReporter = (*Store)(nil)
	_ io.Closer          = (*Store)(nil)
)

// New returns a Store over a client that the application has already, whatever
// it is connected to. Close leaves the client open. The near cache needs a
// connection of its own: it comes with [Open] only.
func New(client rueidis.Client, o Options) (*Store, error) {
	if client == nil {
		return nil, errors.New("redis: no client")
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	t := single
	if client.Mode() == rueidis.ClientModeCluster {
		t = cluster
	}
	return newStore(borrowed(client), o, newBreakers(t)), nil
}

func newStore(client *lazyClient, o Options, b breakers) *Store {
	return &Store{
		options:   o,
		client:    client,
		breakers:  b,
		deadlines: &deadlines{timeout: o.Timeout},
		replicas:  newReplicas(client, o),
		stop:      func() {},
	}
}

// Get implements core.Store: one command in one round trip, always. The value
// belongs to the caller.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	full := s.options.Prefix + key
	c, err := s.begin(ctx, full)
	if err != nil {
		return nil, err
	}
	v, err := c.get(full, maxReads)
	return v, s.end(c, err)
}

// AppendGet implements core.AppendGetter. Without a near cache it is a Get; with
// one, what the cache knows of a session is no command at all.
func (s *Store) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	if s.near == nil || !strings.HasPrefix(key, cachedKind) {
		v, err := s.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		return append(dst, v...), nil
	}
	if err := ctx.Err(); err != nil {
		return nil, describe(ctx, err)
	}
	v, t := s.near.get(key)
	if v != nil {
		return append(dst, v...), nil
	}
	c, err := s.begin(ctx, s.options.Prefix+key)
	if err != nil {
		return nil, err
	}
	v, err = s.near.fetch(c, t, key)
	if err = s.end(c, err); err != nil {
		return nil, err
	}
	return append(dst, v...), nil
}

// Swap implements core.Store. A value of more than 1 MiB is an error. Where the
// server's memory is full, the error is core.ErrFull; Delete works then as ever.
func (s *Store) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("redis: the ttl must be positive, not %v", ttl)
	}
	if len(new) > maxValue {
		return fmt.Errorf("redis: the value has %d bytes; at most %d are stored", len(new), maxValue)
	}
	full := s.options.Prefix + key
	if old == nil {
		return s.write(ctx, key, create(full, new, ttl))
	}
	return s.write(ctx, key, replace(full, old, new, ttl))
}

// Delete implements core.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.write(ctx, key, remove(s.options.Prefix+key))
}

// write never repeats w: a write that got no answer may have taken place.
// Whatever came of it, the near cache forgets the key before the caller learns.
func (s *Store) write(ctx context.Context, key string, w write) error {
	defer s.near.forget(key)
	if s.replicas.wanted(ctx) {
		return s.writeReplicated(ctx, w)
	}
	c, err := s.begin(ctx, w.key)
	if err != nil {
		return err
	}
	_, err = w.do(c.ctx, c.client)
	return s.end(c, err)
}

// Ping implements core.Pinger. On a cluster it asks one node, whichever.
func (s *Store) Ping(ctx context.Context) error {
	c, err := s.begin(ctx, "")
	if err != nil {
		return err
	}
	return s.end(c, c.client.Do(c.ctx, c.client.B().Ping().Build()).Error())
}

// Prefix implements core.Prefixer.
func (s *Store) Prefix() string { return s.options.Prefix }

// Timeout implements core.Timeouter. Where revocations wait for replicas, that
// is part of it.
func (s *Store) Timeout() time.Duration {
	if s.options.WaitReplicas > 0 {
		return s.options.Timeout + s.options.WaitTimeout
	}
	return s.options.Timeout
}

// Stats implements core.StatsReporter. The counters are those of the near cache,
// and zero without one.
func (s *Store) Stats() core.StoreStats {
	stats := s.near.stats()
	stats.BreakerOpen = s.breakers.open()
	return stats
}

// Close ends the connections that Open made; a client that was passed to New
// stays open. Calls after Close fail. Close may be called again.
func (s *Store) Close() error {
	s.stop()
	s.client.close()
	s.replicas.client.close()
	return nil
}
