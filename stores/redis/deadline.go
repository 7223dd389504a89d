package redis

import (
	"context"
	"sync/atomic"
	"time"
)

// deadlines gives each call the store's deadline. context.WithTimeout would
// cost every read five allocations and a timer; calls that start within 1/16
// of the timeout share one here.
type deadlines struct {
	timeout time.Duration
	latest  atomic.Pointer[deadline]
}

type deadline struct {
	at   time.Time
	done chan struct{} // closed at that time
}

// bound returns ctx itself where its own deadline comes first.
func (d *deadlines) bound(ctx context.Context, now time.Time) context.Context {
	if at, ok := ctx.Deadline(); ok && at.Sub(now) < d.timeout {
		return ctx
	}
	return &callContext{Context: ctx, end: d.next(now)}
}

func (d *deadlines) next(now time.Time) *deadline {
	if l := d.latest.Load(); l != nil && l.at.Sub(now) > d.timeout-d.timeout/16 {
		return l
	}
	l := &deadline{at: now.Add(d.timeout), done: make(chan struct{})}
	time.AfterFunc(d.timeout, func() { close(l.done) })
	d.latest.Store(l) // of two at once the loser's has served one call: no harm
	return l
}

// callContext is the caller's context with the store's deadline. A call under
// way ends with its reply or at its deadline, not when the caller's context is
// cancelled: watching both would cost more than the half second it can save.
type callContext struct {
	context.Context
	end *deadline
}

func (c *callContext) Deadline() (time.Time, bool) { return c.end.at, true }

func (c *callContext) Done() <-chan struct{} { return c.end.done }

func (c *callContext) Err() error {
	select {
	case <-c.end.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
