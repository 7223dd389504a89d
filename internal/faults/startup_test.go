package faults_test

import (
	"fmt"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// A second process starts while the store is down: those who are logged in
// come back, nobody restarts anything.
func TestStartedWhileTheStoreIsDown(t *testing.T) {
	redis, memcached := testserver.StartRedis(t), testserver.StartMemcached(t)
	for _, kind := range []struct {
		server *testserver.Process
		dsn    string
	}{
		{redis, "redis://%s"},
		{redis, "redis://%s?cache=100"},
		{memcached, "memcached://%s"},
	} {
		for _, fault := range []struct {
			name string
			do   func(*testserver.Proxy)
		}{
			{"refused", (*testserver.Proxy).Refuse},
			{"half-open", (*testserver.Proxy).HalfOpen},
		} {
			t.Run(fmt.Sprintf(kind.dsn, fault.name), func(t *testing.T) {
				t.Parallel()
				proxy := testserver.NewProxy(t, kind.server.Addr)
				dsn := fmt.Sprintf(kind.dsn, proxy.Addr)
				token, _ := login(t, newManager(t, openStore(t, dsn), core.Config{}), "alice")

				fault.do(proxy)
				second := newSite(newManager(t, openStore(t, dsn), core.Config{}))
				second.wantOutage(t, token)
				proxy.Pass()
				second.wantRecovery(t, token)
			})
		}
	}
}

func (s site) wantOutage(t *testing.T, token string) {
	t.Helper()
	for range 3 {
		if a := s.me(token); !a.isOutage() || a.took > slowest {
			t.Errorf("store down: %d %s after %v; want a 503 in time", a.status, a.body, a.took)
		}
		if _, a := s.login("bob"); !a.isOutage() || a.took > slowest {
			t.Errorf("log-in, store down: %d %s after %v; want a 503 in time", a.status, a.body, a.took)
		}
	}
}

func (s site) wantRecovery(t *testing.T, token string) {
	t.Helper()
	eventually(t, "the session is known again", recovery, func() bool {
		a := s.me(token)
		if a.status != 200 && !a.isOutage() {
			t.Fatalf("store up: %d %s; want 200, or 503 for a while", a.status, a.body)
		}
		return a.status == 200
	})
}

// wantLateStart is the same for servers that stand behind no proxy: they hang.
func wantLateStart(t *testing.T, dsn, token string, servers ...*testserver.Process) {
	t.Helper()
	for _, s := range servers {
		s.Pause()
	}
	second := newSite(newManager(t, openStore(t, dsn), core.Config{}))
	second.wantOutage(t, token)
	for _, s := range servers {
		s.Resume()
	}
	second.wantRecovery(t, token)
}
