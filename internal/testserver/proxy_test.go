package testserver_test

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
)

// echo answers every chunk with itself and counts what arrives.
type echo struct {
	addr     string
	received atomic.Int64
}

func startEcho(t *testing.T) *echo {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	e := &echo{addr: ln.Addr().String()}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go e.serve(conn)
		}
	}()
	return e
}

func (e *echo) serve(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 1024)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		e.received.Add(int64(n))
		_, _ = conn.Write(buf[:n])
	}
}

func dial(t *testing.T, p *testserver.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// say sends ten bytes and returns what comes back of them.
func say(conn net.Conn, patience time.Duration) (string, error) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte("0123456789")); err != nil {
		return "", err
	}
	buf := make([]byte, 10)
	n, err := io.ReadFull(conn, buf)
	return string(buf[:n]), err
}

func wantEcho(t *testing.T, conn net.Conn) {
	t.Helper()
	if got, err := say(conn, 5*time.Second); got != "0123456789" || err != nil {
		t.Fatalf("got %q, %v, want the echo", got, err)
	}
}

// broken reports whether err is that of a connection closed by the peer; a
// reset may be seen as one or as an end.
func broken(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func TestProxyPasses(t *testing.T) {
	p := testserver.NewProxy(t, startEcho(t).addr)
	conn := dial(t, p)
	wantEcho(t, conn)
	wantEcho(t, conn)
}

func TestProxyRefuses(t *testing.T) {
	p := testserver.NewProxy(t, startEcho(t).addr)
	conn := dial(t, p)
	wantEcho(t, conn)
	p.Refuse()
	p.Refuse() // a second time is fine
	if _, err := say(conn, time.Second); !broken(err) {
		t.Errorf("existing connection: %v, want it reset", err)
	}
	if _, err := net.Dial("tcp", p.Addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("new connection: %v, want it refused", err)
	}
	p.Pass()
	wantEcho(t, dial(t, p))
}

func TestProxyResetsMidReply(t *testing.T) {
	e := startEcho(t)
	p := testserver.NewProxy(t, e.addr)
	conn := dial(t, p)
	wantEcho(t, conn)
	p.ResetMidReply()
	for _, conn := range []net.Conn{conn, dial(t, p)} {
		before := e.received.Load()
		if got, err := say(conn, time.Second); !broken(err) || len(got) > 3 {
			t.Errorf("got %q, %v, want at most three bytes and a reset", got, err)
		}
		if e.received.Load() == before {
			t.Error("the request has not reached the server")
		}
	}
	p.Pass()
	wantEcho(t, dial(t, p))
}

func TestProxyHalfOpen(t *testing.T) {
	e := startEcho(t)
	p := testserver.NewProxy(t, e.addr)
	old := dial(t, p)
	wantEcho(t, old)
	p.HalfOpen()
	before := e.received.Load()
	young := dial(t, p)
	for _, conn := range []net.Conn{old, young} {
		if got, err := say(conn, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %q, %v, want silence", got, err)
		}
	}
	if got := e.received.Load(); got != before {
		t.Errorf("the server has received %d bytes", got-before)
	}
	p.Pass()
	if got, err := say(young, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a connection that has lost bytes: got %q, %v, want silence for ever", got, err)
	}
	wantEcho(t, dial(t, p))
}

func TestProxySlow(t *testing.T) {
	p := testserver.NewProxy(t, startEcho(t).addr)
	p.Slow(30 * time.Millisecond)
	conn := dial(t, p)
	start := time.Now()
	wantEcho(t, conn)
	if took := time.Since(start); took < 60*time.Millisecond {
		t.Errorf("an echo took %v, want 30 ms each way", took)
	}
}

func TestProxyDrops(t *testing.T) {
	p := testserver.NewProxy(t, startEcho(t).addr)
	conn := dial(t, p)
	wantEcho(t, conn)
	p.Drop()
	if _, err := say(conn, time.Second); !broken(err) {
		t.Errorf("existing connection: %v, want it closed", err)
	}
	wantEcho(t, dial(t, p))
}

func TestProxyResetsWhenTheTargetIsDown(t *testing.T) {
	p := testserver.NewProxy(t, startEcho(t).addr)
	down := testserver.NewProxy(t, p.Addr)
	p.Refuse()
	conn, err := net.Dial("tcp", down.Addr)
	if err == nil { // the reset may come that early
		defer conn.Close()
		_, err = say(conn, time.Second)
	}
	if !broken(err) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestProxyLeavesNoGoroutines(t *testing.T) {
	e := startEcho(t)
	t.Run("traffic in every mode", func(t *testing.T) {
		p := testserver.NewProxy(t, e.addr)
		for _, mode := range []func(){
			p.Pass, p.HalfOpen, p.ResetMidReply, p.Refuse, p.Pass, p.Drop, func() { p.Slow(time.Hour) },
		} {
			mode()
			for range 4 {
				if conn, err := net.Dial("tcp", p.Addr); err == nil {
					t.Cleanup(func() { conn.Close() })
					_, _ = say(conn, 10*time.Millisecond)
				}
			}
		}
	})
	eventually(t, "no goroutine of a proxy is left", func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return !strings.Contains(string(stacks), "testserver.(*Proxy)") &&
			!strings.Contains(string(stacks), "testserver.(*link)")
	})
}
