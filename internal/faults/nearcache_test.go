package faults_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// The session stays in the other instance's memory until the server announces
// its end: nothing renews it meanwhile.
func TestNearCacheElsewhereHearsOfALogout(t *testing.T) {
	eachRedis(t, elsewhereHearsOfALogout)
}

func elsewhereHearsOfALogout(t *testing.T, dsn string, servers []string) {
	dsn += "?cache=1000"
	a, b := newManager(t, openStore(t, dsn), core.Config{}), newManager(t, openStore(t, dsn), core.Config{})
	var lags []time.Duration
	for i := range 50 {
		token, _ := login(t, a, fmt.Sprint("cached-", i))
		remember(t, servers, b, token)
		wantLogout(t, a, token)
		ended := time.Now()
		eventually(t, "the other instance refuses", nearLag, func() bool { return isDead(t, b, token) })
		lags = append(lags, time.Since(ended))
	}
	mid, longest := median(lags)
	t.Logf("the other instance refuses %v after the log-out (median), at the latest after %v", mid, longest)
}

// A value that is set back to what this instance remembers is written: an
// update decides by what the server has.
func TestUpdatesAreNotDecidedByTheNearCache(t *testing.T) {
	eachRedis(t, updatesAreNotDecidedByTheNearCache)
}

func updatesAreNotDecidedByTheNearCache(t *testing.T, plain string, _ []string) {
	dsn := plain + "?timeout=5s&cache=1000"
	a, b := newManager(t, openStore(t, dsn), core.Config{}), newManager(t, openStore(t, dsn), core.Config{})
	token, s := login(t, a, "alice")
	set := func(m *core.Manager, value string) {
		t.Helper()
		if err := m.Update(t.Context(), s, func(d *core.Draft) error { d.SetAttr("mode", value); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	look := newManager(t, openStore(t, plain), core.Config{}) // without a cache
	for i := range 300 {
		set(a, "x")
		for range 3 {
			if _, err := a.Check(t.Context(), token); err != nil { // remembers x
				t.Fatal(err)
			}
		}
		set(b, "y")
		set(a, "x")
		if s, err := look.Check(t.Context(), token); err != nil || s.Attr("mode") != "x" {
			t.Fatalf("round %d: the acknowledged update is lost: %q, %v", i, s.Attr("mode"), err)
		}
	}
	wantLogout(t, b, token)
	if err := a.Update(t.Context(), s, func(*core.Draft) error { return nil }); core.CodeOf(err) != core.CodeInvalidSession {
		t.Errorf("an update of a session that another instance has ended: %v", err)
	}
}

// The announcement does not come: the network swallows it.
func TestNearCacheThatHearsNothingStopsServing(t *testing.T) {
	t.Run("one server", func(t *testing.T) {
		server := testserver.StartRedis(t)
		proxy := testserver.NewProxy(t, server.Addr)
		hearsNothing(t, "redis://"+proxy.Addr, []string{server.Addr}, proxy)
	})
	t.Run("cluster", func(t *testing.T) {
		cluster := testserver.StartRedisCluster(t)
		proxies := cluster.BehindProxies(t)
		hearsNothing(t, "redis+cluster://"+proxies[0].Addr, addrs(cluster.Masters), proxies...)
	})
}

func hearsNothing(t *testing.T, dsn string, servers []string, proxies ...*testserver.Proxy) {
	m := newManager(t, openStore(t, dsn+"?cache=1000"), core.Config{})
	token, _ := login(t, m, "alice")
	remember(t, servers, m, token)
	for _, p := range proxies {
		p.HalfOpen()
	}
	endSessions(t, servers)
	ended, served := time.Now(), time.Duration(0)
	for time.Since(ended) < nearLag+500*time.Millisecond {
		began := time.Now()
		if _, err := m.Check(t.Context(), token); err == nil {
			served = began.Sub(ended)
		}
	}
	if served > nearLag {
		t.Errorf("served from memory %v after the session's end; want at most %v", served, nearLag)
	}
	for _, p := range proxies {
		p.Pass()
	}
	eventually(t, "the session is known to have ended", recovery, func() bool { return isDead(t, m, token) })
	t.Logf("served from memory for %v after the session's end", served)
}

// endSessions removes all sessions' records, as somebody who reaches the servers
// another way.
func endSessions(t *testing.T, servers []string) {
	t.Helper()
	for _, addr := range servers {
		for key := range strings.FieldsSeq(testserver.Redis(t, addr, "KEYS", "wx:s:*")) {
			testserver.Redis(t, addr, "DEL", key)
		}
	}
}

// remember checks the token until m no longer asks the servers.
func remember(t *testing.T, servers []string, m *core.Manager, token string) {
	t.Helper()
	eventually(t, "a hit in the near cache", recovery, func() bool {
		before := redisCalls(t, servers...)["get"]
		if _, err := m.Check(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		return redisCalls(t, servers...)["get"] == before
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
