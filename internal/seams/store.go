package seams

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// Store keeps values in a map. The zero Store is empty.
type Store struct {
	mu    sync.Mutex
	items map[string]item
}

type item struct {
	value string
	ends  time.Time
}

func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, found := s.items[key]
	if ctx.Err() == nil && (!found || !time.Now().Before(it.ends)) {
		return nil, core.ErrNotFound
	}
	return []byte(it.value), ctx.Err()
}

func (s *Store) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	it, found := s.items[key]
	found = found && time.Now().Before(it.ends)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case ttl <= 0:
		return errors.New("the ttl must be positive")
	case found != (old != nil) || found && it.value != string(old):
		return core.ErrConflict
	case s.items == nil:
		s.items = map[string]item{}
	}
	s.items[key] = item{string(new), time.Now().Add(ttl)}
	return nil
}

func (s *Store) Delete(ctx context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() == nil {
		delete(s.items, key)
	}
	return ctx.Err()
}
