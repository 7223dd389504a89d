package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/core"
)

// call is one call under way: the breaker has let it in.
type call struct {
	caller  context.Context
	ctx     context.Context // the caller's, with the store's deadline
	client  rueidis.Client
	breaker *breaker
	began   time.Time
}

// begin lets a call start, or says why not. What it has let start must come to
// end. The key comes with its prefix, and is "" where there is none.
func (s *Store) begin(ctx context.Context, key string) (call, error) {
	if err := ctx.Err(); err != nil {
		return call{}, describe(ctx, err)
	}
	now := time.Now()
	c := call{caller: ctx, ctx: s.deadlines.bound(ctx, now), breaker: s.breakers.of(key)}
	var err error
	if c.began, err = c.breaker.enter(c.ctx, now); err != nil {
		return c, describe(ctx, err)
	}
	if c.client, err = s.client.get(c.ctx); err != nil {
		return c, s.end(c, err)
	}
	return c, nil
}

// end tells the breaker how the call went, and makes its error fit for a log
// line.
func (s *Store) end(c call, err error) error {
	c.breaker.leave(c.began, err)
	return describe(c.caller, err)
}

// maxReads is how often a read is sent, where the connection turns out to be
// broken: after a server's restart each of the connections is. Reading twice
// does no harm.
const maxReads = 3

func (c call) get(key string, most int) (v []byte, err error) {
	for range most {
		v, err = value(c.client.Do(c.ctx, c.client.B().Get().Key(key).Build()))
		if !isBroken(err) || c.ctx.Err() != nil {
			break
		}
	}
	return v, err
}

// getTracked makes a node announce the next change of the key (CLIENT TRACKING,
// opted in to by CLIENT CACHING for the one command that follows, which is get).
// It asks for the ttl first: a tracked read of a key that has gone meanwhile,
// unannounced, would stay in the server's table for good. And the server would
// announce the key's end, but only when it notices, which may be late for keys that
// nobody asks for. A value that takes the key's place between the two may end sooner
// than the ttl says; a session says so itself. A ttl of zero means that there will be
// no announcement, or no end.
func (c call) getTracked(o *owner, get rueidis.Completed, key string) (v []byte, ttl time.Duration, err error) {
	const missing = -2
	b := c.client.B()
	ms, err := o.client.Do(c.ctx, b.Pttl().Key(key).Build()).AsInt64()
	switch {
	case err != nil:
		return nil, 0, err
	case ms == missing:
		return nil, 0, core.ErrNotFound
	}
	r := o.client.DoMulti(c.ctx, b.ClientCaching().Yes().Build(), get)
	if ms > 0 && r[0].Error() == nil {
		ttl = time.Duration(ms) * time.Millisecond
	}
	v, err = value(r[1])
	return v, ttl, err
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
