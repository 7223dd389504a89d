package memory_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores/memory"
)

func TestClockThatGoesBack(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Now: c.Now})
	c.Advance(-time.Hour)
	if err := s.Swap(t.Context(), "k", nil, []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "k"); err != nil {
		t.Errorf("Get: %v; want the value", err)
	}
	c.Advance(time.Minute)
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get a minute later: %v; want core.ErrNotFound", err)
	}
}

// TestWhatHasExpiredStaysExpired: a Get that says missing is followed by Swaps
// that expect nothing there, even if the clock is set back in between.
func TestWhatHasExpiredStaysExpired(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Now: c.Now})
	ctx := t.Context()
	if err := s.Swap(ctx, "k", nil, []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Minute)
	if _, err := s.Get(ctx, "k"); !errors.Is(err, core.ErrNotFound) {
		t.Fatalf("Get at the end: %v; want core.ErrNotFound", err)
	}
	c.Advance(-time.Hour)
	if v, err := s.AppendGet(ctx, nil, "k"); err != nil || string(v) != "v" {
		t.Errorf("AppendGet = %q, %v; want what has not been freed", v, err)
	}
	if err := s.Swap(ctx, "k", []byte("v"), []byte("renewed"), time.Minute); !errors.Is(err, core.ErrConflict) {
		t.Errorf("Swap of what Get calls missing: %v; want core.ErrConflict", err)
	}
	if v, err := s.Get(ctx, "k"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get after the conflict = %q, %v; want core.ErrNotFound", v, err)
	}
	if err := s.Swap(ctx, "k", nil, []byte("new"), time.Minute); err != nil {
		t.Errorf("Swap that expects nothing: %v; want success", err)
	}
}

// TestGetAndSwapAgree on what is there, while the clock is set back and forth
// between any two calls.
func TestGetAndSwapAgree(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Now: c.Now})
	ctx, rng := t.Context(), rand.New(rand.NewPCG(1, 9))
	jump := func() { c.Advance(-time.Duration(rng.Int64N(int64(2 * time.Minute)))) }
	missing := 0
	for range 5000 {
		c.Advance(time.Duration(rng.Int64N(int64(2 * time.Minute))))
		v, err := s.Get(ctx, "k")
		if errors.Is(err, core.ErrNotFound) {
			missing++
		} else if err != nil {
			t.Fatal(err)
		}
		jump()
		if err := s.Swap(ctx, "k", v, []byte(time.Now().String()), time.Minute); err != nil {
			t.Fatalf("Get = %q, then Swap: %v; want that they agree", v, err)
		}
		jump()
	}
	if missing < 100 || missing > 4900 {
		t.Errorf("%d of 5000 values had expired; want some of each", missing)
	}
}

// TestTimePassesAfterAStepBack: a clock that was set far ahead by mistake must
// not stop the expiry until it gets there again.
func TestTimePassesAfterAStepBack(t *testing.T) {
	var c clock
	s := open(t, memory.Options{Now: c.Now})
	c.Advance(1000 * time.Hour)
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, core.ErrNotFound) {
		t.Fatal(err)
	}
	c.Advance(-1000 * time.Hour)
	if err := s.Swap(t.Context(), "k", nil, []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Minute)
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get a minute later: %v; want core.ErrNotFound", err)
	}
}
