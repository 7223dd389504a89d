package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/wxsession/wxsession/core"
)

// broken is the reference with some verbs replaced.
type broken struct {
	*reference
	get   func(r *reference, ctx context.Context, key string) ([]byte, error)
	swap  func(r *reference, ctx context.Context, key string, old, new []byte, ttl time.Duration) error
	del   func(r *reference, ctx context.Context, key string) error
	close func(r *reference) error
}

func (b *broken) Get(ctx context.Context, key string) ([]byte, error) {
	if b.get == nil {
		return b.reference.Get(ctx, key)
	}
	return b.get(b.reference, ctx, key)
}

func (b *broken) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if b.swap == nil {
		return b.reference.Swap(ctx, key, old, new, ttl)
	}
	return b.swap(b.reference, ctx, key, old, new, ttl)
}

func (b *broken) Delete(ctx context.Context, key string) error {
	if b.del == nil {
		return b.reference.Delete(ctx, key)
	}
	return b.del(b.reference, ctx, key)
}

func (b *broken) Close() error {
	if b.close == nil {
		return b.reference.Close()
	}
	return b.close(b.reference)
}

type brokenStore struct {
	name     string
	caughtBy []string
	wrap     func(*reference) core.Store
}

func (b brokenStore) harness() Harness { return harness(b.wrap) }

func brokenStores() []brokenStore {
	return slices.Concat(brokenValues(), brokenSwaps(), brokenTTLs(), brokenManners(), brokenNear(), brokenOptional())
}

type (
	getFunc  = func(*reference, context.Context, string) ([]byte, error)
	swapFunc = func(*reference, context.Context, string, []byte, []byte, time.Duration) error
)

func withGet(f getFunc) func(*reference) core.Store {
	return func(r *reference) core.Store { return &broken{reference: r, get: f} }
}

func withSwap(f swapFunc) func(*reference) core.Store {
	return func(r *reference) core.Store { return &broken{reference: r, swap: f} }
}

func failing(err error) swapFunc {
	return func(*reference, context.Context, string, []byte, []byte, time.Duration) error { return err }
}

// put stores without any question.
func (r *reference) put(key string, value []byte, ttl time.Duration) {
	r.set(func() { r.entries[r.prefix+key] = entry{value, r.time().Add(ttl)} })
}
