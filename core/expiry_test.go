package core

import (
	"testing"
	"time"
)

// skewed is a manager on the same store whose clock is ahead of clock by skew.
func skewed(t *testing.T, clock *testClock, store Store, skew time.Duration) *Manager {
	t.Helper()
	other := new(testClock)
	other.ms.Store(clock.ms.Load() + skew.Milliseconds())
	return newTestManager(t, other, store, Config{})
}

// The store forgets nothing before its record ends, by whichever clock it was
// written last.
func TestAClockThatIsAheadShortensNoSession(t *testing.T) {
	clock := newTestClock()
	store := newMapStore(clock)
	m := newTestManager(t, clock, store, Config{})
	ahead := skewed(t, clock, store, 2*time.Second)
	token, s := mustLogin(t, m, "alice")
	if err := ahead.Update(t.Context(), s, func(d *Draft) error { d.SetAttr("a", "b"); return nil }); err != nil {
		t.Fatal(err)
	}
	clock.advance(m.cfg.IdleTimeout - time.Second)
	if _, err := m.Check(t.Context(), token); err != nil {
		t.Errorf("a second before its end by the record: %v", err)
	}
	clock.advance(time.Second)
	if _, err := m.Check(t.Context(), token); CodeOf(err) != InvalidSession {
		t.Errorf("at its end, while the store still has it: %v", err)
	}
	clock.advance(ttlMargin)
	if _, err := store.Get(t.Context(), recordKey(token)); err != ErrNotFound {
		t.Errorf("the store keeps it: %v", err)
	}
}

// Nor does the store forget a rotated record before its grace period ends.
func TestAClockThatIsAheadShortensNoGracePeriod(t *testing.T) {
	clock := newTestClock()
	store := newMapStore(clock)
	m := newTestManager(t, clock, store, Config{})
	old, _ := mustLogin(t, m, "alice")
	fresh, _ := mustRotate(t, m, old)
	ahead := skewed(t, clock, store, 2*time.Second)
	mustCheck(t, ahead, fresh)
	clock.advance(defaultRotateGrace + time.Second) // it ends two seconds later, by that clock
	if _, err := m.Check(t.Context(), old); err != nil {
		t.Errorf("a second before its end by the record: %v", err)
	}
}
