package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

// maxWaiting bounds the connections that wait for replicas: each is busy while
// it waits.
const maxWaiting = 16

var errReplicas = errors.New("the write took place, but not enough replicas have acknowledged it in time")

// replicas is the durability that revocations get.
type replicas struct {
	number  int
	timeout time.Duration // for WAIT, beyond the store's own timeout
	total   time.Duration
	waiting chan struct{}
}

func newReplicas(o Options) replicas {
	return replicas{
		number:  o.WaitReplicas,
		timeout: o.waitTimeout(),
		total:   o.timeout() + o.waitTimeout(),
		waiting: make(chan struct{}, maxWaiting),
	}
}

func (r *replicas) wanted(ctx context.Context) bool { return r.number > 0 && core.IsRevocation(ctx) }

func (s *Store) writeReplicated(ctx context.Context, do writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, s.replicas.total)
	defer cancel()
	c, err := s.enter(ctx, call{ctx: bounded, began: time.Now()})
	if err != nil {
		return err
	}
	return s.end(ctx, c, s.replicas.write(c, do))
}

// write runs do and WAIT on one connection, as WAIT answers for the writes of
// its own connection. It also waits after a Delete that found nothing: the
// Delete that removed the key may not have reached the replicas yet, and its
// caller was told so.
func (r *replicas) write(c call, do writer) error {
	select {
	case r.waiting <- struct{}{}:
		defer func() { <-r.waiting }()
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	return c.client.Dedicated(func(client rueidis.DedicatedClient) error {
		if err := do(c.ctx, client); err != nil {
			return err
		}
		wait := client.B().Wait().Numreplicas(int64(r.number)).Timeout(milliseconds(r.timeout)).Build()
		n, err := client.Do(c.ctx, wait).AsInt64()
		if err == nil && n < int64(r.number) {
			return errReplicas
		}
		return err
	})
}
