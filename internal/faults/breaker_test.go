package faults_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// breaker lets calls of a store go wrong, from the one with number at.
type breaker struct {
	core.Store
	mode breakage

	mu    sync.Mutex
	at, n int // 0: all calls work
}

// breakage is what becomes of the call, and of those that follow.
type breakage struct {
	name     string
	executed bool // the caller only does not hear of it
	forever  bool // as for a process that is killed
}

var breakages = []breakage{
	{"fails", false, false},
	{"is executed, the answer lost", true, false},
	{"and all others fail", false, true},
	{"is the last", true, true},
}

var errBroken = errors.New("broken on purpose")

func (b *breaker) do(call func() error) error {
	b.mu.Lock()
	b.n++
	hit, later := b.n == b.at, b.at > 0 && b.n > b.at
	b.mu.Unlock()
	if later && b.mode.forever || hit && !b.mode.executed {
		return errBroken
	}
	err := call()
	if hit {
		return errBroken
	}
	return err
}

func (b *breaker) arm(at int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at, b.n = at, 0
}

func (b *breaker) calls() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

func (b *breaker) Get(ctx context.Context, key string) (v []byte, err error) {
	err = b.do(func() error { v, err = b.Store.Get(ctx, key); return err })
	return v, err
}

func (b *breaker) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	return b.do(func() error { return b.Store.Swap(ctx, key, old, new, ttl) })
}

func (b *breaker) Delete(ctx context.Context, key string) error {
	return b.do(func() error { return b.Store.Delete(ctx, key) })
}
