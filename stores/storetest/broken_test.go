package storetest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestEachCaseCanFail runs the suite against stores that each do one thing
// wrong: every case must catch at least one of them.
func TestEachCaseCanFail(t *testing.T) {
	caught := map[string]bool{}
	for _, b := range brokenStores() {
		for _, name := range b.caughtBy {
			caught[name] = true
			t.Run(b.name+"/"+name, func(t *testing.T) {
				if got := verdict(t, name, b.harness()); got != failed {
					t.Errorf("the case %s; want it to fail", got)
				}
			})
		}
	}
	for _, c := range allCases() {
		if !caught[c.name] {
			t.Errorf("no broken store shows that %s can fail", c.name)
		}
	}
}

// TestMinimalHarness: with Open alone, what needs more is skipped, and all else
// holds in real time. The bubble makes the waiting free.
func TestMinimalHarness(t *testing.T) {
	skips := []string{"OversizedValue", "PrefixesDoNotCollide", "PrefixIsTheHarness", "NamesAreKeys", "OutageIsAnErrorNotAMiss", "StalledServer", "ServerRestart"}
	for _, c := range allCases() {
		t.Run(c.name, func(t *testing.T) {
			want := passed
			if slices.Contains(skips, c.name) {
				want = skipped
			}
			if got := verdict(t, c.name, Harness{Open: openInRealTime}); got != want {
				t.Errorf("the case %s; want that it %s", got, want)
			}
		})
	}
}

func TestRealTimeCasesCanFail(t *testing.T) {
	for _, ttl := range []time.Duration{100 * time.Millisecond, time.Hour} {
		open := func(t testing.TB) core.Store {
			return &broken{reference: openInRealTime(t).(*reference),
				swap: func(r *reference, ctx context.Context, key string, old, new []byte, _ time.Duration) error {
					return r.Swap(ctx, key, old, new, ttl)
				}}
		}
		if got := verdict(t, "ExpiredIsMissing", Harness{Open: open}); got != failed {
			t.Errorf("with each ttl replaced by %v the case %s; want it to fail", ttl, got)
		}
	}
}

func TestVolatileServerRestart(t *testing.T) {
	h := harness(func(r *reference) core.Store { return r })
	h.Volatile = true
	if got := verdict(t, "ServerRestart", h); got != passed {
		t.Errorf("the case %s; want it to pass", got)
	}
	h = harness(func(r *reference) core.Store {
		return &broken{reference: r, swap: failing(fmt.Errorf("connection lost: %w", core.ErrNotFound))}
	})
	if h.Volatile = true; verdict(t, "ServerRestart", h) != failed {
		t.Error("the case passes a store that never recovers")
	}
}

func openInRealTime(testing.TB) core.Store {
	return &reference{server: &server{clock: time.Now, entries: map[string]entry{}}}
}

type outcome string

const (
	passed  outcome = "passes"
	failed  outcome = "fails"
	skipped outcome = "is skipped"
)

// verdict runs one case in a bubble of its own, where sleeping takes no time.
func verdict(t *testing.T, name string, h Harness) outcome {
	t.Helper()
	i := slices.IndexFunc(allCases(), func(c testCase) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("there is no case %q", name)
	}
	var rec recorder
	synctest.Test(t, func(t *testing.T) {
		rec.TB = t
		done := make(chan struct{})
		go func() {
			defer close(done)
			allCases()[i].check(&suite{TB: &rec, h: h})
		}()
		<-done
	})
	return rec.outcome()
}

// recorder is a testing.TB that takes note of failures instead of failing.
type recorder struct {
	testing.TB
	failed, skipped atomic.Bool
}

func (r *recorder) outcome() outcome {
	switch {
	case r.failed.Load():
		return failed
	case r.skipped.Load():
		return skipped
	}
	return passed
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed.Store(true) }
func (r *recorder) Fatalf(string, ...any) { r.failed.Store(true); runtime.Goexit() }
func (r *recorder) Skip(...any)           { r.skipped.Store(true); runtime.Goexit() }
