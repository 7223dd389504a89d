package memory_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

func key(i int) string { return fmt.Sprintf("s:%d", i) }

// isFull is how others recognise the error, which they cannot name.
func isFull(err error) bool {
	return errors.Is(err, core.ErrFull)
}

// fill creates keys until the store refuses one, and returns how many it took.
func fill(t *testing.T, s *memory.Store, from int, ttl time.Duration) (created int) {
	t.Helper()
	for {
		err := s.Swap(t.Context(), key(from+created), nil, []byte("v"), ttl)
		if isFull(err) {
			return created
		}
		if err != nil || created > 10_000 {
			t.Fatalf("Swap after %d keys: %v; want that it is full at some time", created, err)
		}
		created++
	}
}

func TestMaxRefusesNewKeysOnly(t *testing.T) {
	s := open(t, memory.Options{Max: 100})
	if n := fill(t, s, 0, time.Hour); n != 100 {
		t.Fatalf("the store took %d keys; want 100", n)
	}
	for i := range 100 {
		if err := s.Swap(t.Context(), key(i), []byte("v"), []byte("a longer value"), time.Hour); err != nil {
			t.Fatalf("Swap of an existing key at the bound: %v; want success", err)
		}
	}
	if err := s.Swap(t.Context(), key(100), []byte("v"), []byte("w"), time.Hour); !errors.Is(err, core.ErrConflict) {
		t.Errorf("Swap of a missing key at the bound: %v; want core.ErrConflict", err)
	}
	for i := range 100 {
		if v, err := s.Get(t.Context(), key(i)); err != nil || string(v) != "a longer value" {
			t.Fatalf("Get(%d) = %q, %v; want what was there before the refusal", i, v, err)
		}
	}
	if err := s.Delete(t.Context(), key(7)); err != nil {
		t.Fatal(err)
	}
	if n := fill(t, s, 1000, time.Hour); n != 1 {
		t.Errorf("after one Delete the store took %d keys; want 1", n)
	}
}

func TestFullIsNoAnswerAboutKeys(t *testing.T) {
	s := open(t, memory.Options{Max: 1})
	fill(t, s, 0, time.Hour)
	err := s.Swap(t.Context(), "new", nil, []byte("v"), time.Hour)
	if !isFull(err) || errors.Is(err, core.ErrNotFound) || errors.Is(err, core.ErrConflict) {
		t.Errorf("Swap at the bound: %v; want core.ErrFull, and nothing of keys", err)
	}
}

func TestMaxReclaimsExpiredEntriesFirst(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Max: 1000, Now: c.Now})
	fill(t, s, 0, time.Minute)
	c.Advance(time.Minute)
	if n := fill(t, s, 1000, time.Hour); n != 1000 {
		t.Errorf("over 1000 expired keys the store took %d; want 1000", n)
	}
}

func TestMaxOverItsOwnExpiredKey(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Max: 1, Now: c.Now})
	for range 3 {
		if err := s.Swap(t.Context(), "k", nil, []byte("v"), time.Minute); err != nil {
			t.Fatalf("Swap over the expired key: %v; want success", err)
		}
		c.Advance(time.Minute)
	}
}

// TestMaxIsExact lets many create at once, twice, with an expiry in between.
func TestMaxIsExact(t *testing.T) {
	const limit, workers, each = 500, 8, 80
	var c clock
	s := open(t, memory.Options{Max: limit, Now: c.Now})
	for round := range 2 {
		var created atomic.Int32
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					k := fmt.Sprintf("%d-%d-%d", round, w, i)
					err := s.Swap(t.Context(), k, nil, []byte("v"), time.Minute)
					if err == nil {
						created.Add(1)
					} else if !isFull(err) {
						t.Errorf("Swap: %v; want success, or that it is full", err)
					}
				}
			})
		}
		wg.Wait()
		if n := created.Load(); n != limit {
			t.Errorf("round %d: %d keys were created; want exactly %d", round, n, limit)
		}
		c.Advance(time.Minute)
	}
}

func TestNegativeMaxIsRejected(t *testing.T) {
	if _, err := memory.New(memory.Options{Max: -1}); err == nil {
		t.Error("New succeeded; want an error")
	}
}
