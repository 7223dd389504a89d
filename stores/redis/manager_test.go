package redis_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/internal/testserver"
)

// manager is one instance of an application.
func manager(t testing.TB, wx *wxtest.Server, dsn string) *core.Manager {
	t.Helper()
	cfg := core.Config{AppID: wx.AppID, Secret: core.NewSecret(wx.Secret), APIBase: wx.URL, Logger: slog.New(slog.DiscardHandler)}
	m, err := core.New(cfg, open(t, dsn))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func login(t testing.TB, wx *wxtest.Server, m *core.Manager, openID string) string {
	t.Helper()
	token, _, err := m.Login(t.Context(), core.LoginRequest{Code: wx.Code(openID)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestOneCommandPerAuthenticatedRequest(t *testing.T) {
	wx, server := wxtest.NewServer(), testserver.StartRedis(t)
	defer wx.Close()
	m := manager(t, wx, "redis://"+server.Addr)
	token := login(t, wx, m, "alice")
	const n = 100
	gets, all := calls(t, server.Addr, "get"), processed(t, server.Addr)
	for range n {
		if _, err := m.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	gets, all = calls(t, server.Addr, "get")-gets, processed(t, server.Addr)-all
	if gets != n || all > n+10 { // the test's own, and a PING
		t.Errorf("%d requests made %d GET commands and %d in all", n, gets, all)
	}
}

// TestRevokedSessionsAreRefusedElsewhere: two instances with near caches.
func TestRevokedSessionsAreRefusedElsewhere(t *testing.T) {
	wx, server := wxtest.NewServer(), testserver.StartRedis(t)
	defer wx.Close()
	a, b := manager(t, wx, "redis://"+server.Addr+"?cache=1000"), manager(t, wx, "redis://"+server.Addr+"?cache=1000")
	var longest time.Duration
	for i := range 30 {
		user := fmt.Sprint("user-", i)
		token := login(t, wx, a, user)
		for range 5 {
			if _, err := b.Authenticate(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.LogoutUser(t.Context(), wx.AppID, user); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := a.Authenticate(t.Context(), token); err == nil {
			t.Fatal("the instance that has revoked the session still takes it")
		}
		waitFor(t, "refusal by the other instance", func() bool {
			_, err := b.Authenticate(t.Context(), token)
			return err != nil
		})
		longest = max(longest, time.Since(start))
	}
	t.Logf("refused elsewhere after %v at most", longest)
	if longest > time.Second {
		t.Errorf("another instance took a revoked session for %v; want 1 s at most", longest)
	}
}

// TestOnlyRevocationsWaitForReplicas: with the replica stopped, logins and
// requests go on, and a revocation says that it is not safe yet.
func TestOnlyRevocationsWaitForReplicas(t *testing.T) {
	wx, s := wxtest.NewServer(), testserver.StartSentinel(t)
	defer wx.Close()
	m := manager(t, wx, "redis://"+s.Master.Addr+"?wait_replicas=1&wait_timeout=50ms")
	token := login(t, wx, m, "alice")
	s.Replica.Pause()
	defer s.Replica.Resume()
	login(t, wx, m, "bob")
	if _, err := m.Authenticate(t.Context(), token); err != nil {
		t.Errorf("Authenticate: %v", err)
	}
	if err := m.LogoutUser(t.Context(), wx.AppID, "alice"); core.CodeOf(err) != core.CodeStoreUnavailable {
		t.Errorf("LogoutUser: %v; want %s", err, core.CodeStoreUnavailable)
	}
	s.Replica.Resume()
	waitFor(t, "revocation", func() bool { return m.LogoutUser(t.Context(), wx.AppID, "alice") == nil })
	if _, err := m.Authenticate(t.Context(), token); err == nil {
		t.Error("the revoked session still authenticates")
	}
}

// TestOutageIsNo401 walks every fault: a request fails with store_unavailable
// or not at all.
func TestOutageIsNo401(t *testing.T) {
	t.Parallel()
	wx, server := wxtest.NewServer(), testserver.StartRedis(t)
	defer wx.Close()
	proxy := testserver.NewProxy(t, server.Addr)
	m := manager(t, wx, "redis://"+proxy.Addr+"?timeout=200ms")
	token := login(t, wx, m, "alice")
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			f.begin(server, proxy)
			for range 20 {
				if _, err := m.Authenticate(t.Context(), token); core.CodeOf(err) != core.CodeStoreUnavailable || retryAfter(err) <= 0 {
					t.Fatalf("Authenticate: %v; want %s with Retry-After", err, core.CodeStoreUnavailable)
				}
			}
			f.end(server, proxy)
			waitFor(t, "recovery", func() bool {
				_, err := m.Authenticate(t.Context(), token)
				if err != nil && core.CodeOf(err) != core.CodeStoreUnavailable {
					t.Fatalf("Authenticate: %v; want success or %s", err, core.CodeStoreUnavailable)
				}
				return err == nil
			})
		})
	}
}

func retryAfter(err error) time.Duration {
	if e, ok := err.(*core.Error); ok {
		return e.RetryAfter
	}
	return 0
}

// TestNothingReadableInRedis looks for what must not stand in clear.
func TestNothingReadableInRedis(t *testing.T) {
	wx, server := wxtest.NewServer(), testserver.StartRedis(t)
	defer wx.Close()
	token := login(t, wx, manager(t, wx, "redis://"+server.Addr), "alice")
	for _, key := range strings.Split(testserver.Redis(t, server.Addr, "KEYS", "*"), "\n") {
		value := testserver.Redis(t, server.Addr, "GET", key)
		if strings.Contains(key+value, token) || strings.Contains(key, "alice") {
			t.Errorf("the key %q or its value shows the token, or the key the openid", key)
		}
		if ttl := testserver.Redis(t, server.Addr, "PTTL", key); strings.HasPrefix(ttl, "-") {
			t.Errorf("the key %q has no ttl: %s", key, ttl)
		}
	}
}
