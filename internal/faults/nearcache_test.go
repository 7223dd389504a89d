package faults_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// The session stays in the other instance's memory until the server announces
// its end: nothing renews it meanwhile.
func TestNearCacheElsewhereHearsOfALogout(t *testing.T) {
	server := testserver.StartRedis(t)
	dsn := "redis://" + server.Addr + "?cache=1000"
	a, b := newManager(t, openStore(t, dsn), core.Config{}), newManager(t, openStore(t, dsn), core.Config{})
	var lags []time.Duration
	for i := range 50 {
		token, _ := login(t, a, fmt.Sprint("cached-", i))
		remember(t, server, b, token)
		wantLogout(t, a, token)
		ended := time.Now()
		eventually(t, "the other instance refuses", nearLag, func() bool { return isDead(t, b, token) })
		lags = append(lags, time.Since(ended))
	}
	mid, longest := median(lags)
	t.Logf("the other instance refuses %v after the log-out (median), at the latest after %v", mid, longest)
}

// The announcement does not come: the network swallows it.
func TestNearCacheThatHearsNothingStopsServing(t *testing.T) {
	server := testserver.StartRedis(t)
	proxy := testserver.NewProxy(t, server.Addr)
	a := newManager(t, openStore(t, "redis://"+server.Addr), core.Config{})
	b := newManager(t, openStore(t, "redis://"+proxy.Addr+"?cache=1000"), core.Config{})
	token, _ := login(t, a, "alice")
	remember(t, server, b, token)
	proxy.HalfOpen()
	wantLogout(t, a, token)
	ended, served := time.Now(), time.Duration(0)
	for time.Since(ended) < nearLag+500*time.Millisecond {
		began := time.Now()
		if _, err := b.Check(t.Context(), token); err == nil {
			served = began.Sub(ended)
		}
	}
	if served > nearLag {
		t.Errorf("served from memory %v after the log-out; want at most %v", served, nearLag)
	}
	proxy.Pass()
	eventually(t, "the session is known to have ended", recovery, func() bool { return isDead(t, b, token) })
	t.Logf("served from memory for %v after the log-out", served)
}

// remember checks the token until m no longer asks the server.
func remember(t *testing.T, server *testserver.Process, m *core.Manager, token string) {
	t.Helper()
	eventually(t, "a hit in the near cache", recovery, func() bool {
		before := redisCalls(t, server.Addr)["get"]
		if _, err := m.Check(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		return redisCalls(t, server.Addr)["get"] == before
	})
}

// isDead takes an outage for neither life nor death.
func isDead(t *testing.T, m *core.Manager, token string) bool {
	t.Helper()
	_, err := m.Check(t.Context(), token)
	code := core.CodeOf(err)
	if err != nil && code != core.CodeInvalidSession && code != core.CodeSessionRevoked && code != core.CodeStoreUnavailable {
		t.Errorf("Check: %v", err)
	}
	return code == core.CodeInvalidSession || code == core.CodeSessionRevoked
}
