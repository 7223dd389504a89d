package testserver

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy passes TCP connections on to a server, until told to misbehave. A
// switch takes effect with the next chunk of bytes or the next connection, on
// connections that exist already too. Methods may be called from any
// goroutine.
type Proxy struct {
	Addr string // 127.0.0.1:port, the same for the proxy's whole life

	t      testing.TB
	target string
	wg     sync.WaitGroup
	own    atomic.Int64 // goroutines in wg

	mu       sync.Mutex
	mode     mode
	delay    time.Duration
	listener net.Listener // nil while connections are refused
	links    map[*link]struct{}
}

type mode int

const (
	pass mode = iota
	refuse
	resetMidReply
	halfOpen
	slow
)

// NewProxy returns a proxy to target that passes everything. When target does
// not accept, the client's connection is reset. The proxy ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{t: t, target: target, links: map[*link]struct{}{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve(listenAnywhere(t))
	p.Addr = p.listener.Addr().String()
	t.Cleanup(func() {
		p.Refuse()
		p.wg.Wait()
	})
	return p
}

// Pass ends every misbehaviour. Connections that have swallowed bytes stay
// mute, as they would in life, until either side closes them.
func (p *Proxy) Pass() { p.t.Helper(); p.set(pass, 0) }

// Refuse closes the port and resets all connections.
func (p *Proxy) Refuse() { p.t.Helper(); p.set(refuse, 0) }

// ResetMidReply lets requests through and resets the connection after the
// first bytes of the reply: the server has done what the client cannot know.
func (p *Proxy) ResetMidReply() { p.t.Helper(); p.set(resetMidReply, 0) }

// HalfOpen accepts connections and bytes, and neither passes nor answers any.
func (p *Proxy) HalfOpen() { p.t.Helper(); p.set(halfOpen, 0) }

// Slow delays every chunk of bytes, each way.
func (p *Proxy) Slow(delay time.Duration) { p.t.Helper(); p.set(slow, delay) }

// Goroutines returns how many goroutines the proxy uses at this moment, for
// tests that count those of a store.
func (p *Proxy) Goroutines() int { return int(p.own.Load()) }

func (p *Proxy) start(f func()) {
	p.own.Add(1)
	p.wg.Go(func() {
		defer p.own.Add(-1)
		f()
	})
}

// Drop closes the connections that exist now, once.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.close()
	}
}

func (p *Proxy) set(m mode, delay time.Duration) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.delay = m, delay
	switch {
	case m == refuse:
		p.shut()
	case p.listener == nil:
		p.reopen()
	}
}

// shut closes the port and resets all connections; p.mu is held.
func (p *Proxy) shut() {
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for l := range p.links {
		l.reset()
	}
}

// reopen opens the port again; p.mu is held. Another test may be trying the
// port, for a moment.
func (p *Proxy) reopen() {
	p.t.Helper()
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		var ln net.Listener
		if ln, err = net.Listen("tcp", p.Addr); err == nil {
			p.serve(ln)
			return
		}
	}
	p.t.Errorf("reopen the proxy's port: %v", err)
}

// serve has the proxy accept from ln; p.mu is held.
func (p *Proxy) serve(ln net.Listener) {
	p.listener = ln
	p.start(func() { p.accept(ln) })
}

func (p *Proxy) accept(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		l := &link{proxy: p, client: conn.(*net.TCPConn), done: make(chan struct{})}
		if !p.add(l) {
			l.reset()
			return
		}
		p.start(l.run)
	}
}

// add reports whether the link may live: one that was accepted while the port
// closed must not.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == refuse {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

func (p *Proxy) state() (mode, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode, p.delay
}
