package weblogin_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// failing is a store that counts its calls, and fails those that a test says.
type failing struct {
	core.Store
	mu     sync.Mutex
	calls  []string                                // verb and key
	before func(verb, key string, n int) error     // instead of the call; n counts from 1
	after  func(verb, key string, err error) error // after it took effect
}

var errDown = errors.New("the store is down")

// fail lets calls fail from now on; nil heals.
func (s *failing) fail(before func(verb, key string, n int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after, s.calls = before, nil, nil
}

// lose lets calls take effect, and then fail.
func (s *failing) lose(after func(verb, key string, err error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = after
}

func (s *failing) down() { s.fail(func(string, string, int) error { return errDown }) }

func (s *failing) call(verb, key string, effect func() error) error {
	s.mu.Lock()
	s.calls = append(s.calls, verb+" "+key)
	before, after, n := s.before, s.after, len(s.calls)
	s.mu.Unlock()
	if before != nil {
		if err := before(verb, key, n); err != nil {
			return err
		}
	}
	err := effect()
	if after != nil {
		err = after(verb, key, err)
	}
	return err
}

func (s *failing) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

func (s *failing) Get(ctx context.Context, key string) (value []byte, err error) {
	err = s.call("get", key, func() (err error) {
		value, err = s.Store.Get(ctx, key)
		return err
	})
	return value, err
}

func (s *failing) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	return s.call("swap", key, func() error { return s.Store.Swap(ctx, key, old, new, ttl) })
}

func (s *failing) Delete(ctx context.Context, key string) error {
	return s.call("delete", key, func() error { return s.Store.Delete(ctx, key) })
}
