package memcached

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	gomemcache "github.com/bradfitz/gomemcache/memcache"
)

// lane is one connection to a server, and a gomemcache client that has no
// other. That client knows no contexts; as its connection serves one call at a
// time, the lane can hand it the deadline and the end of that call's context.
type lane struct {
	client *gomemcache.Client
	conn   atomic.Pointer[conn] // nil while there is none
	onEnd  func()               // interrupt, made once

	// Of the call that has the lane. The context is kept because gomemcache's
	// functions do not pass one on.
	ctx       context.Context
	deadline  time.Time
	unwatched func() bool // nil for a context that never ends
}

func newLane(a *address) *lane {
	l := &lane{client: gomemcache.NewFromSelector(&Selector{servers: []*address{a}})}
	l.onEnd = l.interrupt
	l.client.DialContext = l.dial
	l.client.MaxIdleConns = 1
	return l
}

func (l *lane) begin(ctx context.Context, deadline time.Time) {
	l.ctx, l.deadline, l.unwatched = ctx, deadline, nil
	if ctx.Done() != nil {
		l.unwatched = context.AfterFunc(ctx, l.onEnd)
	}
}

// end reports whether the lane can serve another call.
func (l *lane) end() bool {
	interrupted := l.unwatched != nil && !l.unwatched()
	l.ctx, l.unwatched = nil, nil
	if interrupted {
		l.close() // interrupt may be running yet, and would hit the next call
	}
	return !interrupted && l.conn.Load() != nil
}

// replaceDead makes the next command dial anew if the idle connection has been
// closed by the server or by something between.
func (l *lane) replaceDead() {
	if c := l.conn.Load(); c != nil && !c.alive() {
		l.close()
	}
}

// close closes the idle connection. The lane stays usable.
func (l *lane) close() { _ = l.client.Close() }

// dial serves gomemcache, whose own context knows only its fixed timeout.
func (l *lane) dial(_ context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Deadline: l.deadline}
	nc, err := dialer.DialContext(l.ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, lane: l}
	l.conn.Store(c)
	return c, nil
}

// interrupt makes the call under way fail.
func (l *lane) interrupt() {
	if c := l.conn.Load(); c != nil {
		_ = c.Conn.SetDeadline(past())
	}
}

// conn has the deadline of the lane's call, whatever gomemcache asks for: that
// would start anew with each line it reads, so that a server that dribbles
// could keep a caller for ever.
type conn struct {
	net.Conn
	lane *lane
	set  time.Time
}

// SetDeadline implements net.Conn. An interrupt that comes while it runs is
// not lost: either its deadline is the last to be set, or the context is seen
// to have ended.
func (c *conn) SetDeadline(time.Time) error {
	if c.set.Equal(c.lane.deadline) {
		return nil
	}
	c.set = c.lane.deadline
	if err := c.Conn.SetDeadline(c.set); err != nil {
		return err
	}
	if c.lane.ctx.Err() != nil {
		return c.Conn.SetDeadline(past())
	}
	return nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.lane.conn.CompareAndSwap(c, nil)
	return c.Conn.Close()
}

func past() time.Time { return time.Unix(1, 0) }
