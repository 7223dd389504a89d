package memcached

import (
	"context"
	"time"
)

// slots bounds the calls in flight.
type slots chan struct{}

// acquire waits for a free slot, until deadline at most.
func (s slots) acquire(ctx context.Context, deadline time.Time) error {
	select {
	case s <- struct{}{}:
		return nil
	default:
		return s.wait(ctx, deadline)
	}
}

func (s slots) wait(ctx context.Context, deadline time.Time) error {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errBusy
	}
}

func (s slots) release() { <-s }

func earlier(ctx context.Context, deadline time.Time) time.Time {
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		return d
	}
	return deadline
}
