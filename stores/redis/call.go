package redis

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// call is one call under way: it holds a place in the guard.
type call struct {
	ctx    context.Context // has a deadline
	client rueidis.Client
	began  time.Time
}

// begin lets a call start, or says why not. Whatever begin has let through
// must come to end.
func (s *Store) begin(ctx context.Context) (call, error) {
	if err := ctx.Err(); err != nil {
		return call{}, err
	}
	now := time.Now()
	return s.enter(ctx, call{ctx: s.deadlines.bound(ctx, now), began: now})
}

func (s *Store) enter(ctx context.Context, c call) (call, error) {
	err := s.guard.enter(c.ctx, c.began)
	if err != nil {
		return c, describe(ctx, err)
	}
	if c.client, err = s.link.client(c.ctx); err != nil {
		return c, s.end(ctx, c, err)
	}
	return c, nil
}

// end gives the call's place back and makes its error fit for a log line.
func (s *Store) end(ctx context.Context, c call, err error) error {
	s.guard.leave(c.began, err)
	return describe(ctx, err)
}
