package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

func brokenManners() []brokenStore {
	return []brokenStore{
		{"a missing key cannot be deleted", []string{"DeleteMissingIsNil"},
			func(r *reference) core.Store {
				return &broken{reference: r, del: func(r *reference, ctx context.Context, key string) error {
					if _, err := r.Get(ctx, key); err != nil {
						return err
					}
					return r.Delete(ctx, key)
				}}
			}},
		{"ignores the context", []string{"CancelledContext", "StalledServer", "TimeoutIsKept"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(context.Background(), key)
				if errors.Is(err, context.DeadlineExceeded) {
					time.Sleep(time.Hour)
				}
				return v, err
			})},
		{"hides the context's error", []string{"CancelledContext"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if ctx.Err() != nil {
					err = fmt.Errorf("get: %v", err)
				}
				return v, err
			})},
		{"Ping never answers well", []string{"PingAnswers"}, func(r *reference) core.Store { return &noPing{r} }},
		{"trouble is a miss", []string{"OutageIsAnErrorNotAMiss", "UseAfterClose", "StalledServer"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if err != nil {
					err = core.ErrNotFound
				}
				return v, err
			})},
		{"works after Close", []string{"UseAfterClose"},
			func(r *reference) core.Store {
				return &broken{reference: r, close: func(*reference) error { return nil }}
			}},
		{"Close works once", []string{"CloseTwice"},
			func(r *reference) core.Store {
				return &broken{reference: r, close: func(r *reference) error { return errors.Join(r.ready(context.Background()), r.Close()) }}
			}},
		{"Close needs a used store", []string{"CloseRightAfterNew"},
			func(r *reference) core.Store {
				return &broken{reference: r, close: func(r *reference) error { return errors.New("nothing to close") }}
			}},
		{"names the key", []string{"ErrorsHideKeysAndValues"},
			withGet(func(r *reference, ctx context.Context, key string) ([]byte, error) {
				v, err := r.Get(ctx, key)
				if err != nil {
					err = fmt.Errorf("get %s: %w", key, err)
				}
				return v, err
			})},
		{"names the value", []string{"ErrorsHideKeysAndValues"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if err != nil {
					err = fmt.Errorf("swap to %q: %w", new, err)
				}
				return err
			})},
		{"dead connections are misses", []string{"ServerRestart"}, missesOnceAfterUse},
	}
}

type noPing struct{ *reference }

func (*noPing) Ping(context.Context) error { return errors.New("ping is not supported") }

// missesOnceAfterUse answers the second Get as if its connection had died.
func missesOnceAfterUse(r *reference) core.Store {
	var gets atomic.Int32
	return &broken{reference: r, get: func(r *reference, ctx context.Context, key string) ([]byte, error) {
		if gets.Add(1) == 2 {
			return nil, core.ErrNotFound
		}
		return r.Get(ctx, key)
	}}
}
