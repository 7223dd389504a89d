package testserver

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection through a Proxy.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	mute   atomic.Bool // has swallowed bytes: passing later ones would make nonsense

	end  sync.Once
	done chan struct{} // closed with the connections

	mu     sync.Mutex
	server *net.TCPConn // nil until dialled
	ended  bool
}

// run passes bytes both ways until one side ends.
func (l *link) run() {
	defer l.proxy.remove(l)
	defer l.close()
	if m, _ := l.proxy.state(); m == halfOpen {
		l.mute.Store(true)
		l.copy(nil, l.client)
		return
	}
	server, err := net.DialTimeout("tcp", l.proxy.target, 10*time.Second)
	if err != nil || !l.attach(server.(*net.TCPConn)) {
		l.reset()
		return
	}
	l.proxy.start(func() {
		defer l.close()
		l.copy(server.(*net.TCPConn), l.client)
	})
	l.copy(l.client, server.(*net.TCPConn))
}

// attach reports whether the link still lives, and owns server then.
func (l *link) attach(server *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		server.Close()
		return false
	}
	l.server = server
	return true
}

// copy passes chunks on as the proxy's mode at that moment has it; a nil dst
// swallows them.
func (l *link) copy(dst, src *net.TCPConn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if err != nil || !l.forward(dst, buf[:n], dst == l.client) {
			return
		}
	}
}

// forward reports whether the link goes on.
func (l *link) forward(dst *net.TCPConn, chunk []byte, reply bool) bool {
	m, delay := l.proxy.state()
	if m == halfOpen {
		l.mute.Store(true)
	}
	if l.mute.Load() {
		return true
	}
	if m == slow && !l.wait(delay) {
		return false
	}
	if m == resetMidReply && reply {
		_, _ = dst.Write(chunk[:min(len(chunk), 3)])
		l.reset()
		return false
	}
	_, err := dst.Write(chunk)
	return err == nil
}

// wait reports whether the link outlived the delay.
func (l *link) wait(delay time.Duration) bool {
	select {
	case <-time.After(delay):
		return true
	case <-l.done:
		return false
	}
}

func (l *link) close() { l.finish(-1) }

// reset closes the connections so that the peers see a reset, not an end.
func (l *link) reset() { l.finish(0) }

func (l *link) finish(linger int) {
	l.end.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true
		close(l.done)
		for _, conn := range []*net.TCPConn{l.client, l.server} {
			if conn != nil {
				_ = conn.SetLinger(linger)
				conn.Close()
			}
		}
	})
}
