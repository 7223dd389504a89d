package faults_test

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// lively renews a session every two seconds, so that renewals meet the faults.
var lively = core.Config{IdleTimeout: 40 * time.Second, MaxSessions: 3}

// outages are what happens to one server and the network before it.
var outages = []struct {
	name         string
	strike, heal func(*testserver.Process, *testserver.Proxy)
	restarts     bool
}{
	{"refused",
		func(_ *testserver.Process, p *testserver.Proxy) { p.Refuse() },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }, false},
	{"reset mid-reply",
		func(_ *testserver.Process, p *testserver.Proxy) { p.ResetMidReply() },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }, false},
	{"half-open",
		func(_ *testserver.Process, p *testserver.Proxy) { p.HalfOpen() },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }, false},
	{"slow",
		func(_ *testserver.Process, p *testserver.Proxy) { p.Slow(time.Second) },
		func(_ *testserver.Process, p *testserver.Proxy) { p.Pass() }, false},
	{"stopped and continued",
		func(s *testserver.Process, _ *testserver.Proxy) { s.Pause() },
		func(s *testserver.Process, _ *testserver.Proxy) { s.Resume() }, false},
	{"killed and restarted",
		func(s *testserver.Process, _ *testserver.Proxy) { s.Kill() },
		func(s *testserver.Process, _ *testserver.Proxy) { s.Restart() }, true},
}

func TestOutagesOfOneServerLogNobodyOut(t *testing.T) {
	for _, kind := range []struct {
		name, scheme, options string
		start                 func(testing.TB, ...string) *testserver.Process
		volatile              bool
	}{
		{"redis", "redis://", "", testserver.StartRedis, false},
		{"redis with a near cache", "redis://", "?cache=1000", testserver.StartRedis, false},
		{"memcached", "memcached://", "", testserver.StartMemcached, true},
	} {
		t.Run(kind.name, func(t *testing.T) {
			server := kind.start(t)
			proxy := testserver.NewProxy(t, server.Addr)
			dsn := kind.scheme + proxy.Addr + kind.options
			m := newManager(t, openStore(t, dsn), lively)
			login(t, m, "opener")
			calm := measure()
			c := gather(t, newSite(m))
			for _, o := range outages {
				t.Run(o.name, func(t *testing.T) {
					c.t = t
					c.waitServed()
					o.strike(server, proxy)
					c.waitRefused()
					calm.wantBounded(t)
					forgets, before := kind.volatile && o.restarts, c.lost()
					c.mayForget(forgets)
					o.heal(server, proxy)
					took := c.waitServed()
					if lost := c.lost() - before; forgets && lost != clients {
						t.Errorf("%d clients had to log in anew; want all %d, as the server came back empty", lost, clients)
					}
					c.mayForget(false)
					t.Logf("slowest answer %v, all are served again after %v", c.verdict(t), took.Round(time.Millisecond))
				})
			}
			c.stop()
			calm.wantBack(t)
		})
	}
}
