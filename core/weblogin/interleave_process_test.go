package weblogin_test

import (
	"context"
	"slices"
	"time"

	"github.com/wxsession/wxsession/core"
)

// taskStore is the store as the process of one task sees it.
type taskStore struct {
	s *scheduler
	t *task
}

func (ts taskStore) Get(ctx context.Context, key string) (value []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = ts.s.call(ts.t, "get", key, func() error {
		var err error
		value, err = ts.s.base.Get(context.Background(), key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

func (ts taskStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	old, new = slices.Clone(old), slices.Clone(new) // a late call outlives the caller's
	return ts.s.call(ts.t, "swap", key, func() error {
		return ts.s.base.Swap(context.Background(), key, old, new, ttl)
	})
}

func (ts taskStore) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ts.s.call(ts.t, "delete", key, func() error { return ts.s.base.Delete(context.Background(), key) })
}

var _ core.Store = taskStore{}
