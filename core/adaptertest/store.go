package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// store is a map that counts what is asked of it and fails when told to. It
// expires nothing: core decides that.
type store struct {
	mu     sync.Mutex
	values map[string][]byte
	gets   int
	writes int
	err    error                 // of every call
	onGet  func(context.Context) // runs before a Get; may block
}

var errOutage = errors.New("connection refused")

func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	onGet := s.onGet
	s.mu.Unlock()
	if onGet != nil {
		onGet(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	value, found := s.values[key]
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case s.err != nil:
		return nil, s.err
	case !found:
		return nil, core.ErrNotFound
	}
	return value, nil
}

func (s *store) Swap(_ context.Context, key string, old, new []byte, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	value, found := s.values[key]
	switch {
	case s.err != nil:
		return s.err
	case found != (old != nil) || !bytes.Equal(value, old):
		return core.ErrConflict
	}
	s.values[key] = bytes.Clone(new)
	return nil
}

func (s *store) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.err != nil {
		return s.err
	}
	delete(s.values, key)
	return nil
}

// setErr makes every call fail with err; nil heals the store.
func (s *store) setErr(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *store) setOnGet(fn func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onGet = fn
}

// counts returns the number of Gets and of writes so far.
func (s *store) counts() (gets, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets, s.writes
}
