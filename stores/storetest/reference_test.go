package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// reference is the contract as a map: the suite must pass it, and each broken
// store is this one with a single thing done wrong.
type reference struct {
	*server
	prefix string

	mu     sync.Mutex
	closed bool
}

// server is what the connections share: the data, its clock, and its faults.
type server struct {
	mu      sync.Mutex
	clock   func() time.Time
	ahead   time.Duration
	entries map[string]entry
	down    bool
	stalled bool
}

type entry struct {
	value []byte
	end   time.Time
}

const (
	referenceDeadline = 20 * time.Millisecond
	referenceMaxValue = 100_000
)

var (
	errDown    = errors.New("the server refuses connections")
	errClosed  = errors.New("the store is closed")
	errTooLong = errors.New("the value is too long")
	errTTL     = errors.New("the ttl is not positive")
)

func newServer() *server {
	stopped := time.Unix(1e9, 0)
	return &server{clock: func() time.Time { return stopped }, entries: map[string]entry{}}
}

func (s *server) time() time.Time { return s.clock().Add(s.ahead) }

func (r *reference) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errClosed
	}
	return r.reachable(ctx)
}

func (s *server) reachable(ctx context.Context) error {
	s.mu.Lock()
	down, stalled := s.down, s.stalled
	s.mu.Unlock()
	if stalled {
		ctx, cancel := context.WithTimeout(ctx, referenceDeadline)
		defer cancel()
		<-ctx.Done()
		return fmt.Errorf("no reply: %w", ctx.Err())
	}
	if down {
		return errDown
	}
	return nil
}

func (s *server) live(key string) ([]byte, bool) {
	e, ok := s.entries[key]
	if !ok || !s.time().Before(e.end) {
		return nil, false
	}
	return e.value, true
}

func (r *reference) Get(ctx context.Context, key string) ([]byte, error) {
	return r.AppendGet(ctx, []byte{}, key)
}

func (r *reference) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	v, ok := r.live(r.prefix + key)
	if !ok {
		return nil, fmt.Errorf("reference: %w", core.ErrNotFound)
	}
	return append(dst, v...), nil
}

func (r *reference) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := r.ready(ctx); err != nil {
		return err
	}
	if ttl <= 0 {
		return errTTL
	}
	if len(new) > referenceMaxValue {
		return errTooLong
	}
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	v, ok := r.live(r.prefix + key)
	if ok != (old != nil) || !bytes.Equal(v, old) {
		return fmt.Errorf("reference: %w", core.ErrConflict)
	}
	r.entries[r.prefix+key] = entry{bytes.Clone(new), r.time().Add(ttl)}
	return nil
}

func (r *reference) Delete(ctx context.Context, key string) error {
	if err := r.ready(ctx); err != nil {
		return err
	}
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	delete(r.entries, r.prefix+key)
	return nil
}

func (r *reference) Ping(ctx context.Context) error { return r.ready(ctx) }

func (r *reference) Prefix() string { return r.prefix }

func (r *reference) Timeout() time.Duration { return referenceDeadline }

func (r *reference) InProcess() bool { return true }

func (r *reference) Stats() core.StoreStats {
	var stats core.StoreStats
	r.set(func() {
		for key := range r.entries {
			if strings.HasPrefix(key, r.prefix) {
				stats.Entries++
			}
		}
	})
	return stats
}

func (r *reference) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return nil
}

func (s *server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// harness opens what wrap makes of the reference.
func harness(wrap func(*reference) core.Store) Harness {
	srv := newServer()
	openPrefix := func(_ testing.TB, prefix string) core.Store {
		return wrap(&reference{server: srv, prefix: prefix})
	}
	return Harness{
		Open:       func(t testing.TB) core.Store { return openPrefix(t, uniquePrefix()) },
		OpenPrefix: openPrefix,
		Advance:    func(_ testing.TB, d time.Duration) { srv.set(func() { srv.ahead += d }) },
		Outage: func(testing.TB) func() {
			srv.set(func() { srv.down = true })
			return func() { srv.set(func() { srv.down = false }) }
		},
		Stall: func(testing.TB) func() {
			srv.set(func() { srv.stalled = true })
			return func() { srv.set(func() { srv.stalled = false }) }
		},
		Restart:  func(testing.TB) {},
		Deadline: 20 * referenceDeadline,
		MaxValue: referenceMaxValue,
	}
}

func TestReferencePasses(t *testing.T) {
	Run(t, harness(func(r *reference) core.Store { return r }))
}
