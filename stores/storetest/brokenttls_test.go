package storetest

import (
	"context"
	"time"

	"github.com/wxsession/wxsession/core"
)

func brokenTTLs() []brokenStore {
	withTTL := func(f func(time.Duration) time.Duration) func(*reference) core.Store {
		return withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
			return r.Swap(ctx, key, old, new, f(ttl))
		})
	}
	const ever = 1e6 * time.Hour
	return []brokenStore{
		{"never expires", []string{"ExpiredIsMissing", "SubSecondTTLExpires", "OverwriteReplacesValueAndTTL", "SwapAfterExpiryConflicts"},
			withTTL(func(time.Duration) time.Duration { return ever })},
		{"whole seconds, rounded down", []string{"ExpiredIsMissing"},
			withTTL(func(d time.Duration) time.Duration { return d.Truncate(time.Second) })},
		{"less than a second is for ever", []string{"SubSecondTTLExpires"},
			withTTL(func(d time.Duration) time.Duration {
				if d < time.Second {
					return ever
				}
				return d
			})},
		{"more than 30 days is a date", []string{"LongTTLSurvives"},
			withTTL(func(d time.Duration) time.Duration {
				if d > 30*24*time.Hour {
					return time.Nanosecond
				}
				return d
			})},
		{"no ttl is for ever", []string{"NonPositiveTTLIsRejected"},
			withTTL(func(d time.Duration) time.Duration {
				if d <= 0 {
					return ever
				}
				return d
			})},
		{"the first ttl counts", []string{"OverwriteReplacesValueAndTTL"}, keepsFirstTTL},
		{"a conflict renews", []string{"ConflictLeavesTheTTL"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if v, getErr := r.Get(ctx, key); getErr == nil {
					r.put(key, v, ttl)
				}
				return err
			})},
	}
}

func keepsFirstTTL(r *reference) core.Store {
	return &broken{reference: r, swap: func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
		if old != nil {
			r.set(func() { ttl = r.entries[r.prefix+key].end.Sub(r.time()) })
		}
		return r.Swap(ctx, key, old, new, ttl)
	}}
}
