package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/linear"
	"github.com/wxsession/wxsession/internal/testserver"
)

// TestHistoriesAreLinearizable: two instances without a near cache, or one
// instance with it; what two instances with near caches see of each other may
// be a second old.
func TestHistoriesAreLinearizable(t *testing.T) {
	for _, instances := range [][]string{{"", ""}, {"?cache=1000"}} {
		t.Run(instances[0], func(t *testing.T) {
			server := testserver.StartRedis(t)
			proxy := testserver.NewProxy(t, server.Addr)
			var history linear.History
			ctx, cancel := context.WithCancel(t.Context())
			disturbed := make(chan struct{})
			go func() {
				defer close(disturbed)
				defer cancel()
				disturb(server, proxy)
			}()
			if len(instances) == 1 {
				history.Load(ctx, "s:", open(t, "redis://"+proxy.Addr+instances[0]))
			} else {
				history.Load(ctx, "s:", open(t, "redis://"+proxy.Addr), open(t, "redis://"+proxy.Addr))
			}
			<-disturbed
			linear.Check(t, &history)
			all, unknown := history.Len()
			t.Logf("%d operations, %d of unknown outcome", all, unknown)
			if all < 1000 || unknown == 0 {
				t.Errorf("%d operations, %d of unknown outcome: the load or the faults did not bite", all, unknown)
			}
		})
	}
}

// disturb lets each fault meet the load, with calm before and after it.
func disturb(server *testserver.Process, proxy *testserver.Proxy) {
	const calm, fault = 150 * time.Millisecond, 50 * time.Millisecond
	for _, f := range faults {
		time.Sleep(calm)
		f.begin(server, proxy)
		time.Sleep(fault)
		f.end(server, proxy)
	}
	time.Sleep(calm)
}
