package redis_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// wantSaid checks that the calls of a new store fail with an error that says all
// of want, soon, and shows no password. The first call may find no answer only.
func wantSaid(t *testing.T, dsn string, want ...string) {
	t.Helper()
	store := open(t, dsn)
	var err error
	waitFor(t, fmt.Sprintf("error that says %q", want), func() bool {
		start := time.Now()
		if err = store.Ping(t.Context()); err == nil {
			t.Fatalf("%s: Ping succeeded; want an error that says %q", dsn, want)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: a call took %v", dsn, took)
		}
		return containsAll(err.Error(), want)
	})
	_, get := store.Get(t.Context(), "s:k")
	for _, err := range []error{err, get, store.Swap(t.Context(), "s:k", nil, []byte("v"), time.Hour), store.Delete(t.Context(), "s:k")} {
		if err == nil || errors.Is(err, core.ErrNotFound) || !containsAll(err.Error(), want) || strings.Contains(fmt.Sprintf("%v %#v", err, err), "Hunter2") {
			t.Errorf("%s: %v; want an error that says %q, and no password", dsn, err, want)
		}
	}
}

func containsAll(text string, all []string) bool {
	for _, part := range all {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func TestSetupErrorsSayWhatToDo(t *testing.T) {
	plain, secured := testserver.StartRedis(t), testserver.StartRedis(t, "--requirepass", "right")
	secure, _ := startTLS(t)
	testserver.Redis(t, plain.Addr, "ACL", "SETUSER", "untracked", "on", "nopass", "~wx:*", "+@all", "-client|caching")
	testserver.Redis(t, plain.Addr, "ACL", "SETUSER", "noclient", "on", "nopass", "~wx:*", "+@all", "-client")
	testserver.Redis(t, plain.Addr, "ACL", "SETUSER", "nottl", "on", "nopass", "~wx:*", "+@all", "-pttl")
	old := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		if c.Args[0] == "HELLO" || c.Args[0] == "CLIENT" { // Redis 5
			return "-ERR unknown command '" + c.Args[0] + "'\r\n"
		}
		return testserver.FakeHandshake(c)
	})
	resp2 := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string { // a proxy that speaks RESP2 whatever it is asked
		if c.Args[0] == "HELLO" {
			return "*6\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n"
		}
		return testserver.FakeHandshake(c)
	})
	for _, tt := range []struct {
		name, dsn string
		want      []string
	}{
		{"a database too high", "redis://" + plain.Addr + "/99999", []string{"database number", "too high", "lower it", "databases"}},
		{"TLS to a plain server", "rediss://" + plain.Addr, []string{"does not speak TLS", "redis://"}},
		{"plain to a TLS server", "redis://" + secure.Addr, []string{"speaks TLS", "rediss://"}},
		{"a password for a server without one", "redis://:Hunter2@" + plain.Addr, []string{"no password set", "remove the password", "requirepass"}},
		{"a password and the default user for a server without one", "redis://default:Hunter2@" + plain.Addr, []string{"no password set"}},
		{"the same on miniredis", "redis://:Hunter2@" + miniredis.RunT(t).Addr(), []string{"no password set"}},
		{"a wrong password", "redis://:Hunter2@" + secured.Addr, []string{"WRONGPASS", "is wrong"}},
		{"no password", "redis://" + secured.Addr, []string{"NOAUTH", "wants a password"}},
		{"cache, and no tracking", "redis://" + miniredis.RunT(t).Addr() + "?cache=10", []string{"near cache", "RESP3", "leave cache out"}},
		{"cache on Redis 5", "redis://" + old.Addr + "?cache=10", []string{"near cache", "RESP3", "leave cache out"}},
		{"cache through a proxy of RESP2", "redis://" + resp2.Addr + "?cache=10", []string{"near cache", "RESP3", "leave cache out"}},
		{"cache without CLIENT CACHING", "redis://untracked:Hunter2@" + plain.Addr + "?cache=10", []string{"near cache", "CLIENT CACHING"}},
		{"cache without CLIENT", "redis://noclient:Hunter2@" + plain.Addr + "?cache=10", []string{"near cache", "CLIENT TRACKING"}},
		{"cache without PTTL", "redis://nottl:Hunter2@" + plain.Addr + "?cache=10", []string{"near cache", "PTTL"}},
	} {
		t.Run(tt.name, func(t *testing.T) { wantSaid(t, tt.dsn, tt.want...) })
	}
}

// TestWhatIsSetUpRightPasses: the questions that find mistakes find none here.
func TestWhatIsSetUpRightPasses(t *testing.T) {
	plain, secured := testserver.StartRedis(t), testserver.StartRedis(t, "--requirepass", "right")
	secure, cert := startTLS(t)
	testserver.Redis(t, plain.Addr, "ACL", "SETUSER", "wx", "on", ">right", "~wx:*", "+@all")
	old := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		switch c.Args[0] {
		case "HELLO", "CLIENT":
			return "-ERR unknown command '" + c.Args[0] + "'\r\n"
		case "GET":
			return "$-1\r\n"
		}
		return testserver.FakeHandshake(c)
	})
	for _, dsn := range []string{
		"redis://" + plain.Addr + "/15", "redis://:right@" + secured.Addr, "redis://default:right@" + secured.Addr + "?cache=10",
		"redis://wx:right@" + plain.Addr + "?cache=10", "redis://" + old.Addr, withOption("rediss://"+secure.Addr+"?cache=10", "tls_ca", cert),
	} {
		if _, err := open(t, dsn).Get(t.Context(), "s:k"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s: %v; want core.ErrNotFound", dsn, err)
		}
	}
}

// TestMistakesOfTheServerHeal: the store need not be opened anew.
func TestMistakesOfTheServerHeal(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://:right@"+server.Addr)
	if err := store.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "no password set") {
		t.Errorf("Ping: %v", err)
	}
	testserver.Redis(t, server.Addr, "CONFIG", "SET", "requirepass", "right")
	waitFor(t, "recovery", func() bool { return store.Ping(t.Context()) == nil })
}

// TestAServerThatHangsIsNotMistaken for one that does not speak TLS.
func TestAServerThatHangsIsNotMistaken(t *testing.T) {
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	proxy.HalfOpen()
	for _, dsn := range []string{"rediss://" + proxy.Addr, "redis://" + proxy.Addr} {
		store := open(t, dsn)
		for range 3 {
			if err := store.Ping(t.Context()); err == nil || strings.Contains(err.Error(), "TLS") {
				t.Errorf("%s: %v; want that there is no answer", dsn, err)
			}
		}
	}
}

// TestATLSAlertIsUnderstood: some servers and proxies say that they speak TLS,
// where others only hang up.
func TestATLSAlertIsUnderstood(t *testing.T) {
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	wantSaid(t, "redis://"+ln.Addr().String(), "speaks TLS", "rediss://")
}
