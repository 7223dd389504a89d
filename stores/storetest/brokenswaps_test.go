package storetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

func brokenSwaps() []brokenStore {
	return []brokenStore{
		{"upserts", []string{"SwapNilOnlyCreates", "SwapStaleConflicts", "SwapComparesEveryByte", "SwapAfterDeleteConflicts", "ConflictThenGetIsFresh"},
			withSwap(func(r *reference, _ context.Context, key string, _, new []byte, ttl time.Duration) error {
				r.put(key, new, ttl)
				return nil
			})},
		{"writes, then reports the conflict", []string{"SwapNilOnlyCreates", "SwapStaleConflicts"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				r.put(key, new, ttl)
				return err
			})},
		{"compares lengths", []string{"SwapComparesEveryByte"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				if v, err := r.Get(ctx, key); err == nil && old != nil && len(v) == len(old) {
					old = v
				}
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"recreates what was deleted", []string{"SwapAfterDeleteConflicts", "SwapAfterExpiryConflicts"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				if _, err := r.Get(ctx, key); errors.Is(err, core.ErrNotFound) {
					old = nil
				}
				return r.Swap(ctx, key, old, new, ttl)
			})},
		{"looks, then writes", []string{"ConcurrentSwap", "ConcurrentUpdatesLoseNothing", "DeleteBeatsConcurrentSwaps"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				v, err := r.Get(ctx, key)
				if (err == nil) != (old != nil) || !bytes.Equal(v, old) {
					return core.ErrConflict
				}
				time.Sleep(time.Millisecond)
				r.put(key, bytes.Clone(new), ttl)
				return nil
			})},
		{"conflicts are misses", []string{"SwapNilOnlyCreates", "SwapStaleConflicts"},
			withSwap(func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
				err := r.Swap(ctx, key, old, new, ttl)
				if errors.Is(err, core.ErrConflict) {
					return errors.Join(core.ErrNotFound, err)
				}
				return err
			})},
		{"confuses keys", []string{"ConcurrentUse"}, confusesKeys},
		{"its cache survives deletes", []string{"OwnWritesAreSeen", "ConflictThenGetIsFresh"}, cachesForEver},
	}
}

// confusesKeys keeps the key of the call under way in one place for all callers.
func confusesKeys(r *reference) core.Store {
	var current atomic.Value
	return &broken{reference: r, get: func(r *reference, ctx context.Context, key string) ([]byte, error) {
		current.Store(key)
		time.Sleep(time.Millisecond)
		return r.Get(ctx, current.Load().(string))
	}}
}

// cachesForEver forgets a value only when this connection overwrites it.
func cachesForEver(r *reference) core.Store {
	var cache sync.Map
	return &broken{reference: r,
		get: func(r *reference, ctx context.Context, key string) ([]byte, error) {
			if v, ok := cache.Load(key); ok {
				return v.([]byte), nil
			}
			v, err := r.Get(ctx, key)
			if err == nil {
				cache.Store(key, v)
			}
			return v, err
		},
		swap: func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
			err := r.Swap(ctx, key, old, new, ttl)
			if err == nil {
				cache.Store(key, bytes.Clone(new))
			}
			return err
		}}
}
