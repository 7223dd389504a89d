package redis

import (
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"sync"
	"time"
)

// redial is how long an address that could not be reached is left alone: rueidis
// dials anew for every call while a server is down.
const redial = 100 * time.Millisecond

// dialer opens the connections of one store.
type dialer struct {
	network string
	busy    func() bool                       // whether several calls are under way; nil: never
	opened  func(addr string) (closed func()) // called before each connection is opened, and what it returns before it is closed

	mu     sync.Mutex
	failed map[string]failure // by address
}

type failure struct {
	err   error
	until time.Time
}

func (d *dialer) dial(ctx context.Context, addr string, nd *net.Dialer, secure *tls.Config) (net.Conn, error) {
	if err := d.failure(addr); err != nil {
		return nil, err
	}
	closed := d.opened(addr)
	conn, err := d.open(ctx, addr, nd, secure)
	d.note(addr, err)
	if err != nil {
		closed()
		return nil, err
	}
	return &watchedConn{Conn: conn, closed: sync.OnceFunc(closed), busy: d.busy}, nil
}

// watchedConn tells of its end before it comes, and gathers what is written.
type watchedConn struct {
	net.Conn
	closed func()
	busy   func() bool
}

// Write lets other goroutines run first, if several calls are under way. rueidis
// writes as soon as it has one command; what others ask for meanwhile goes out
// together after it, rather than by a system call each. A call that is alone
// would pay for that without a gain.
func (c *watchedConn) Write(b []byte) (int, error) {
	if c.busy != nil && c.busy() {
		runtime.Gosched()
	}
	return c.Conn.Write(b)
}

func (c *watchedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

func (d *dialer) open(ctx context.Context, addr string, nd *net.Dialer, secure *tls.Config) (net.Conn, error) {
	if secure == nil {
		return nd.DialContext(ctx, d.network, addr)
	}
	td := tls.Dialer{NetDialer: nd, Config: secure}
	return td.DialContext(ctx, d.network, addr)
}

func (d *dialer) failure(addr string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.failed[addr]; ok && time.Now().Before(f.until) {
		return f.err
	}
	return nil
}

func (d *dialer) note(addr string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		delete(d.failed, addr)
		return
	}
	if d.failed == nil {
		d.failed = map[string]failure{}
	}
	d.failed[addr] = failure{err, time.Now().Add(redial)}
}
