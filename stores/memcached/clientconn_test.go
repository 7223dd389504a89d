package memcached_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestCancellationEndsACallUnderWay(t *testing.T) {
	for _, backend := range []string{"Open", "New"} {
		t.Run(backend, func(t *testing.T) {
			_, _, proxies := start(t, 1)
			store := openAs(t, backend, proxies[0].Addr, 10*time.Second)
			proxies[0].HalfOpen()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(30*time.Millisecond, cancel)
			begin := time.Now()
			_, err := store.Get(ctx, "s:k")
			if took := time.Since(begin); !errors.Is(err, context.Canceled) || took > 5*time.Second {
				t.Errorf("after %v: %v, want context.Canceled at once", took, err)
			}
		})
	}
}

// A cancellation that comes when its call has ended already must not hit the
// next call on that connection.
func TestCancellationHitsNoOtherCall(t *testing.T) {
	server := testserver.StartMemcached(t)
	store := open(t, "memcached://"+server.Addr+"?max_conns=2&timeout=10s")
	inParallel(8, func(int) {
		for i := range 400 {
			ctx, cancel := context.WithCancel(context.Background())
			if i%2 == 0 {
				time.AfterFunc(rand.N(200*time.Microsecond), cancel)
			}
			if _, err := store.Get(ctx, "s:k"); !errors.Is(err, core.ErrNotFound) && (i%2 != 0 || !errors.Is(err, context.Canceled)) {
				t.Errorf("call %d: %v", i, err)
			}
			cancel()
		}
	})
}
