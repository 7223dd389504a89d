package memcached

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	gomemcache "github.com/bradfitz/gomemcache/memcache"
)

// clientConn is one connection to a server, and a gomemcache client that has no
// other. That client knows no contexts; as its connection serves one call at a
// time, the clientConn can hand it the deadline and the end of that call's
// context.
type clientConn struct {
	client *gomemcache.Client
	conn   atomic.Pointer[boundedConn] // nil while there is none
	onEnd  func()                      // interrupt, made once

	// Of the call under way. The context is kept because gomemcache's functions do
	// not pass one on.
	ctx       context.Context
	deadline  time.Time
	unwatched func() bool // nil for a context that never ends
}

func newClientConn(a *address) *clientConn {
	c := &clientConn{client: gomemcache.NewFromSelector(&Selector{servers: []*address{a}})}
	c.onEnd = c.interrupt
	c.client.DialContext = c.dial
	c.client.MaxIdleConns = 1
	return c
}

func (c *clientConn) begin(ctx context.Context, deadline time.Time) {
	c.ctx, c.deadline, c.unwatched = ctx, deadline, nil
	if ctx.Done() != nil {
		c.unwatched = context.AfterFunc(ctx, c.onEnd)
	}
}

// end reports whether the connection can serve another call.
func (c *clientConn) end() bool {
	interrupted := c.unwatched != nil && !c.unwatched()
	c.ctx, c.unwatched = nil, nil
	if interrupted {
		c.close() // interrupt may be running yet, and would hit the next call
	}
	return !interrupted && c.conn.Load() != nil
}

// replaceDead makes the next command dial anew if the idle connection has been
// closed by the server or by something between.
func (c *clientConn) replaceDead() {
	if conn := c.conn.Load(); conn != nil && !conn.alive() {
		c.close()
	}
}

// close closes the idle connection. The next command dials anew.
func (c *clientConn) close() { _ = c.client.Close() }

// dial serves gomemcache, whose own context knows only its fixed timeout.
func (c *clientConn) dial(_ context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Deadline: c.deadline}
	nc, err := dialer.DialContext(c.ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &boundedConn{Conn: nc, owner: c}
	c.conn.Store(conn)
	return conn, nil
}

// interrupt makes the call under way fail.
func (c *clientConn) interrupt() {
	if conn := c.conn.Load(); conn != nil {
		_ = conn.Conn.SetDeadline(past())
	}
}

// boundedConn has the deadline of the call under way, whatever gomemcache asks
// for: that would start anew with each line it reads, so that a server that
// dribbles could keep a caller for ever.
type boundedConn struct {
	net.Conn
	owner *clientConn
	set   time.Time
}

// SetDeadline implements net.Conn. An interrupt that comes while it runs is
// not lost: either its deadline is the last to be set, or the context is seen
// to have ended.
func (c *boundedConn) SetDeadline(time.Time) error {
	if c.set.Equal(c.owner.deadline) {
		return nil
	}
	c.set = c.owner.deadline
	if err := c.Conn.SetDeadline(c.set); err != nil {
		return err
	}
	if c.owner.ctx.Err() != nil {
		return c.Conn.SetDeadline(past())
	}
	return nil
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	c.owner.conn.CompareAndSwap(c, nil)
	return c.Conn.Close()
}

func past() time.Time { return time.Unix(1, 0) }
