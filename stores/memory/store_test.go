package memory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
	"github.com/wxsession/wxsession/stores/storetest"
)

// clock is set by hand.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(1e9, 0).Add(time.Duration(c.ahead.Load())) }
func (c *clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }

func open(t testing.TB, o memory.Options) *memory.Store {
	t.Helper()
	s, err := memory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	var c clock
	storetest.Run(t, storetest.Harness{
		Open:     func(t testing.TB) core.Store { return open(t, memory.Options{Now: c.Now}) },
		Advance:  func(_ testing.TB, d time.Duration) { c.Advance(d) },
		MaxValue: 1<<20 - 1,
	})
}

func TestStoreInRealTime(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB) core.Store { return open(t, memory.Options{Max: 1000}) },
	})
}

// TestNothingEndsEarly, and nothing more than 40 ms late.
func TestNothingEndsEarly(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Now: c.Now})
	for _, ttl := range []time.Duration{time.Microsecond, time.Millisecond, 20 * time.Millisecond, 72 * time.Hour, 72*time.Hour + 1} {
		key := ttl.String()
		if err := s.Swap(t.Context(), key, nil, []byte("v"), ttl); err != nil {
			t.Fatal(err)
		}
		c.Advance(ttl - time.Microsecond)
		if _, err := s.Get(t.Context(), key); err != nil {
			t.Errorf("Get one microsecond before the end: %v; want the value", err)
		}
		c.Advance(time.Microsecond + 40*time.Millisecond)
		if _, err := s.Get(t.Context(), key); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("Get 40 ms after the end: %v; want core.ErrNotFound", err)
		}
		c.Advance(7 * time.Millisecond)
	}
}

func TestExtremeTTLs(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Now: c.Now})
	c.Advance(50 * 365 * 24 * time.Hour)
	for _, ttl := range []time.Duration{1, 1<<63 - 1} {
		if err := s.Swap(t.Context(), ttl.String(), nil, []byte("v"), ttl); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), ttl.String()); err != nil {
			t.Errorf("Get at the start of a ttl of %v: %v; want the value", ttl, err)
		}
	}
}

func TestKeyTooLong(t *testing.T) {
	s := open(t, memory.Options{})
	fits, tooLong := fmt.Sprintf("%255d", 1), fmt.Sprintf("%256d", 1)
	if err := s.Swap(t.Context(), fits, nil, []byte("v"), time.Hour); err != nil {
		t.Errorf("Swap with a key of 255 bytes: %v; want success", err)
	}
	if v, err := s.Get(t.Context(), fits); err != nil || string(v) != "v" {
		t.Errorf("Get = %q, %v; want the value", v, err)
	}
	if err := s.Swap(t.Context(), tooLong, nil, []byte("v"), time.Hour); err == nil {
		t.Error("Swap with a key of 256 bytes succeeded; want an error")
	}
	if _, err := s.Get(t.Context(), tooLong); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get of that key: %v; want core.ErrNotFound", err)
	}
	if err := s.Delete(t.Context(), tooLong); err != nil {
		t.Errorf("Delete of that key: %v; want success", err)
	}
}

func TestIsInProcess(t *testing.T) {
	var s core.InProcess = open(t, memory.Options{})
	if !s.InProcess() {
		t.Error("InProcess() = false; want true")
	}
}

// TestStatsCountsEntries also those that have expired, until they are freed.
func TestStatsCountsEntries(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Now: c.Now})
	want := func(n int64) {
		t.Helper()
		if got := s.Stats(); got != (core.StoreStats{Entries: n}) {
			t.Errorf("Stats = %+v; want %d entries, and nothing else", got, n)
		}
	}
	want(0)
	for i := range 1000 {
		if err := s.Swap(t.Context(), key(i), nil, []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	want(1000)
	for i := range 400 {
		if err := s.Delete(t.Context(), key(i)); err != nil {
			t.Fatal(err)
		}
	}
	want(600)
	c.Advance(time.Minute)
	want(600)
	if err := s.Swap(t.Context(), key(500), nil, []byte("again"), time.Minute); err != nil {
		t.Fatal(err)
	}
	want(600)
}

// TestHammer grows, shrinks, rewrites and sweeps everything at once for the
// race detector. Values name their keys, so that a mix-up shows too.
func TestHammer(t *testing.T) {
	const workers, each, keys = 8, 4000, 700
	s := open(t, memory.Options{})
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				if err := hammerOnce(t.Context(), s, (i*(w+3)+w)%keys, i); err != nil {
					t.Errorf("worker %d, call %d: %v", w, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func hammerOnce(ctx context.Context, s *memory.Store, n, i int) error {
	key := fmt.Sprintf("s:%d", n)
	old, err := s.Get(ctx, key)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return err
	}
	if err == nil && (len(old) < len(key) || string(old[:len(key)]) != key) {
		return fmt.Errorf("%q stands under %q", old, key)
	}
	if i%9 == 0 {
		return s.Delete(ctx, key)
	}
	ttl := time.Duration(i%5+1) * time.Millisecond
	err = s.Swap(ctx, key, old, append([]byte(key), make([]byte, i*37%9000)...), ttl)
	if errors.Is(err, core.ErrConflict) {
		return nil
	}
	return err
}
