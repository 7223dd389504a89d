package memcached_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/linear"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		timeout string
		storm   func(*testserver.Process, *testserver.Proxy) // takes a few tenths of a second
	}{
		{"calm", "10s", nil},
		{"connections dropped", "1s", func(_ *testserver.Process, p *testserver.Proxy) { p.Drop(); time.Sleep(50 * time.Millisecond) }},
		{"reset mid-reply", "1s", func(_ *testserver.Process, p *testserver.Proxy) { p.ResetMidReply(); time.Sleep(50 * time.Millisecond) }},
		{"half-open", "100ms", func(_ *testserver.Process, p *testserver.Proxy) { p.HalfOpen(); time.Sleep(200 * time.Millisecond) }},
		{"slow", "100ms", func(_ *testserver.Process, p *testserver.Proxy) {
			p.Slow(60 * time.Millisecond)
			time.Sleep(300 * time.Millisecond)
		}},
		{"stopped", "100ms", func(s *testserver.Process, _ *testserver.Proxy) {
			s.Pause()
			time.Sleep(200 * time.Millisecond)
			s.Resume()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dsn, servers, proxies := start(t, 1)
			a, b := open(t, dsn+"?timeout="+tt.timeout), open(t, dsn+"?timeout="+tt.timeout)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			var weather sync.WaitGroup
			weather.Go(func() {
				for tt.storm != nil && ctx.Err() == nil {
					tt.storm(servers[0], proxies[0])
					proxies[0].Pass()
					time.Sleep(100 * time.Millisecond)
				}
			})
			var history linear.History
			history.Load(ctx, "s:", a, b)
			weather.Wait()
			linear.Check(t, &history)
			all, unknown := history.Len()
			t.Logf("%d operations, %d of unknown outcome", all, unknown)
			if all < 200 || (unknown == 0) != (tt.storm == nil) {
				t.Errorf("%d operations, %d of unknown outcome: this proves nothing", all, unknown)
			}
		})
	}
}
