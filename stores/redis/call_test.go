package redis_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// TestReadsSurviveBrokenConnections: a server that restarts, or a proxy that
// drops what is idle, costs no read.
func TestReadsSurviveBrokenConnections(t *testing.T) {
	server := testserver.StartRedis(t)
	for _, options := range []string{"?conns=1", "?conns=2", "?cache=10"} {
		store := open(t, "redis://"+server.Addr+options+"&prefix="+rand.Text()+":")
		create(t, store, "u:k", "v")
		for range 50 {
			testserver.Redis(t, server.Addr, "CLIENT", "KILL", "TYPE", "normal")
			if v, err := store.Get(t.Context(), "u:k"); err != nil || string(v) != "v" {
				t.Fatalf("%s: Get over connections that have died: %q, %v", options, v, err)
			}
		}
	}
}

// TestRetriesStayWithinTheTimeout: each attempt would have time, all together
// have not.
func TestRetriesStayWithinTheTimeout(t *testing.T) {
	const timeout = 400 * time.Millisecond
	var gets atomic.Int32
	server := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		if c.Args[0] != "GET" {
			return testserver.FakeHandshake(c)
		}
		gets.Add(1)
		time.Sleep(timeout * 5 / 8)
		return testserver.FakeClose
	})
	store := open(t, "redis://"+server.Addr+"?timeout="+timeout.String())
	if err := store.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, read := range map[string]func() error{
		"Get":       func() error { _, err := store.Get(context.Background(), "s:k"); return err },
		"AppendGet": func() error { _, err := store.AppendGet(context.Background(), nil, "s:k"); return err },
	} {
		gets.Store(0)
		start := time.Now()
		if err := read(); err == nil || errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s: %v; want another error", what, err)
		}
		if took := time.Since(start); took > timeout+timeout/2 || gets.Load() < 2 {
			t.Errorf("%s took %v and %d attempts; want %v at most, and that it was tried again", what, took, gets.Load(), timeout)
		}
	}
}
