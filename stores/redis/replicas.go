package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

// maxWaiting bounds the connections that wait for replicas: each is busy while
// it waits.
const maxWaiting = 16

var (
	errReplicas    = errors.New("the write took place, but not enough replicas have acknowledged it in time")
	errPanic       = errors.New("the application's client has panicked")
	errManyWaiting = errors.New("too many revocations wait for replicas; no turn in time, nothing was written")
)

// replicas is the durability that revocations get.
type replicas struct {
	client *lazyClient
	number int
	wait   time.Duration // for WAIT, beyond the store's own timeout
	total  time.Duration
	slots  chan struct{}
}

func newReplicas(client *lazyClient, o Options) *replicas {
	return &replicas{
		client: client,
		number: o.WaitReplicas,
		wait:   o.WaitTimeout,
		total:  o.Timeout + o.WaitTimeout,
		slots:  make(chan struct{}, maxWaiting),
	}
}

func (r *replicas) wanted(ctx context.Context) bool { return r.number > 0 && core.IsRevocation(ctx) }

// writeReplicated returns nil only when enough replicas have acknowledged
// everything that the master had executed when w was done: an earlier write of
// the same, which nobody has acknowledged, may have gone over any connection.
func (s *Store) writeReplicated(ctx context.Context, w write) error {
	if err := ctx.Err(); err != nil {
		return describe(ctx, err)
	}
	bounded, cancel := context.WithTimeout(ctx, s.replicas.total)
	defer cancel()
	select {
	case s.replicas.slots <- struct{}{}:
	case <-bounded.Done():
		return describe(ctx, errManyWaiting)
	}
	// From here on it is the server's time.
	breaker := s.breakers.of(w.key)
	began, err := breaker.enter(bounded, time.Now())
	if err != nil {
		<-s.replicas.slots
		return describe(ctx, err)
	}
	return s.end(call{caller: ctx, breaker: breaker, began: began}, s.replicas.write(bounded, w))
}

// write returns when ctx ends, also where it takes longer to make a connection.
// The slot is given back when that has ended, too.
func (r *replicas) write(ctx context.Context, w write) error {
	var executed atomic.Bool
	result := make(chan error, 1)
	go func() {
		defer func() { <-r.slots }()
		result <- r.writeAndWait(ctx, w, &executed)
	}()
	var err error
	select {
	case err = <-result:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if isSilence(err) && executed.Load() {
		return errReplicas // the server has answered; it is the replicas that have not
	}
	return err
}

// writeAndWait runs w and WAIT on one connection: WAIT answers for the last write
// of its own connection, and all that the master has executed before it. A
// connection that has written nothing it answers at once, whatever the replicas
// have seen. So where w found nothing to write, something else is written.
func (r *replicas) writeAndWait(ctx context.Context, w write, executed *atomic.Bool) (err error) {
	defer recoverPanic(&err)
	client, err := r.client.get(ctx)
	if err != nil {
		return err
	}
	return client.Dedicated(func(client rueidis.DedicatedClient) (err error) {
		defer recoverPanic(&err) // here, too: Dedicated gives a connection back only when this returns
		wrote, err := w.do(ctx, client)
		if err == nil && !wrote {
			_, err = run(ctx, client, markScript, markSHA, w.key, nil)
		}
		if err != nil {
			return err
		}
		executed.Store(true)
		wait := client.B().Wait().Numreplicas(int64(r.number)).Timeout(milliseconds(r.wait)).Build()
		n, err := client.Do(ctx, wait).AsInt64()
		if err == nil && n < int64(r.number) {
			return errReplicas
		}
		return err
	})
}

// recoverPanic makes an error of a panic in the application's client, a hook of it,
// say: nobody else can recover it in a goroutine of ours. The panic's value may hold
// anything, and is not shown.
func recoverPanic(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w, with a value of type %T", errPanic, p)
	}
}

// markScript leaves nothing behind but two commands in the replicas' stream. No
// other client can see the key in between.
const markScript = `redis.call('SET',KEYS[1],'','PX',1) return redis.call('UNLINK',KEYS[1])`
