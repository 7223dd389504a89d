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
				for range 3 {
					if a := second.me(token); !a.isOutage() || a.took > slowest {
						t.Errorf("store down: %d %s after %v; want a 503 in time", a.status, a.body, a.took)
					}
					if _, a := second.login("bob"); !a.isOutage() || a.took > slowest {
						t.Errorf("log-in, store down: %d %s after %v; want a 503 in time", a.status, a.body, a.took)
					}
				}
				proxy.Pass()
				eventually(t, "the session is known again", recovery, func() bool {
					a := second.me(token)
					if a.status != 200 && !a.isOutage() {
						t.Fatalf("store up: %d %s; want 200, or 503 for a while", a.status, a.body)
					}
					return a.status == 200
				})
			})
		}
	}
}
