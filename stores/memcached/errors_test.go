package memcached_test

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// Every line comes within gomemcache's time-out, which begins anew with each.
func TestADribblingServerKeepsNobody(t *testing.T) {
	value := "VALUE wx:s:k 0 1 1\r\nv\r\n"
	addr := startFake(t, 90*time.Millisecond, value, value, value, value, value, value, value, value, value)
	store := open(t, "memcached://"+addr+"?timeout=200ms")
	begin := time.Now()
	if _, err := store.Get(t.Context(), "s:k"); err == nil || errors.Is(err, core.ErrNotFound) {
		t.Errorf("got %v, want another error", err)
	}
	if took := time.Since(begin); took > 700*time.Millisecond {
		t.Errorf("it took %v, want 200ms", took)
	}
}

func TestStrangeReplies(t *testing.T) {
	tests := []struct{ name, reply, say string }{
		{"another key's value", "VALUE wx:s:secret 0 6 1\r\nsecret\r\nEND\r\n", "another question"},
		{"a line that quotes", "VALUE wx:s:secret what\r\n", "unexpected reply"},
		{"an error that quotes", "CLIENT_ERROR secret\r\n", "unexpected reply"},
		{"no memory", "SERVER_ERROR out of memory storing object\r\n", "the store is full"},
		{"too large", "SERVER_ERROR object too large for cache\r\n", "too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			store := open(t, "memcached://"+startFake(t, 0, tt.reply))
			_, err := store.Get(t.Context(), "s:k")
			if err == nil || errors.Is(err, core.ErrNotFound) || !strings.Contains(err.Error(), tt.say) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error that says %q and quotes nothing", err, tt.say)
			}
		})
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no Unix sockets here: %v", err)
	}
	fake(t, ln, 0, "VALUE wx:s:k 0 1 1\r\nv\r\nEND\r\n")
	if got, err := open(t, "memcached://"+path).Get(t.Context(), "s:k"); string(got) != "v" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func startFake(t *testing.T, pause time.Duration, pieces ...string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fake(t, ln, pause, pieces...)
	return ln.Addr().String()
}

// fake answers every chunk it receives with reply, chopped into pieces.
func fake(t *testing.T, ln net.Listener, pause time.Duration, pieces ...string) {
	t.Helper()
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go answer(conn, pause, pieces)
		}
	}()
}

func answer(conn net.Conn, pause time.Duration, pieces []string) {
	defer conn.Close()
	for buf := make([]byte, 4096); ; {
		if _, err := conn.Read(buf); err != nil {
			return
		}
		for _, piece := range pieces {
			if _, err := conn.Write([]byte(piece)); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
}
