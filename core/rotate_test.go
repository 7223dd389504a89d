package core

import (
	"context"
	"testing"
	"time"
)

// crashAfter lets the n-th write from now on be the last call that succeeds, as
// if the process ended after it; its successor sets plan to nil.
func (s *faultyStore) crashAfter(n int) {
	last, gone := s.swaps+n, false
	s.plan = func(int) fault {
		if gone {
			return failsFirst
		}
		gone = s.swaps == last
		return works
	}
}

// rotatedInACrash returns a token whose first use ended in a crash, after the
// index had decided it, and the one before.
func rotatedInACrash(t *testing.T, m *Manager, store *faultyStore) (fresh, old string) {
	t.Helper()
	old, _ = mustLogin(t, m, "alice")
	fresh, _ = mustRotate(t, m, old)
	store.crashAfter(1)
	if _, err := m.Authenticate(t.Context(), fresh); CodeOf(err) != StoreUnavailable {
		t.Fatalf("the crash: %v", err)
	}
	store.plan = nil
	return fresh, old
}

func TestASessionThatDiedInACrashPushesOutNobody(t *testing.T) {
	clock := newTestClock()
	store := &faultyStore{Store: newMapStore(clock)}
	m := newTestManager(t, clock, store, Config{IdleTimeout: 100 * time.Second, MaxSessions: 2})
	living, _ := mustLogin(t, m, "alice")
	clock.advance(time.Second)
	rotatedInACrash(t, m, store)
	for range 3 {
		clock.advance(40 * time.Second)
		if _, err := m.Authenticate(t.Context(), living); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := m.Sessions(t.Context(), testAppID, "alice"); err != nil || len(list) != 1 {
		t.Errorf("%d sessions are listed, %v", len(list), err)
	}
	u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
	if err != nil || len(u.Entries) != 1 || u.unfinished() {
		t.Errorf("the index still has what is dead: %+v, %v", u.Entries, err)
	}
	mustLogin(t, m, "alice")
	mustCheck(t, m, living)
}

// What was updated under the old token after the rotation is there after a first
// use that crashed anywhere, and that was completed long after the grace period.
func TestAFirstUseThatCrashedLosesNoUpdate(t *testing.T) {
	for n := range 6 {
		clock := newTestClock()
		store := &faultyStore{Store: newMapStore(clock)}
		m := newTestManager(t, clock, store, Config{})
		old, _ := mustLogin(t, m, "alice")
		fresh, _ := mustRotate(t, m, old)
		s := mustCheck(t, m, old)
		if err := m.Update(t.Context(), s, func(d *Draft) error { d.SetAttr("a", "b"); return nil }); err != nil {
			t.Fatal(err)
		}
		store.crashAfter(n)
		_, err := m.Authenticate(t.Context(), fresh)
		if n < 5 && CodeOf(err) != StoreUnavailable {
			t.Fatalf("the crash after %d writes: %v", n, err)
		}
		store.plan = nil
		clock.advance(defaultRotateGrace + ttlMargin + time.Second)
		s, err = m.Authenticate(t.Context(), fresh)
		if err != nil {
			t.Errorf("a crash after %d writes: %v", n, err)
		} else if s.Attr("a") != "b" {
			t.Errorf("a crash after %d writes: the update is lost", n)
		}
	}
}

// Whoever rotates on an instance whose clock is behind makes nothing older.
func TestARotationByAClockThatIsBehindShortensNoSession(t *testing.T) {
	clock := newTestClock()
	store := newMapStore(clock)
	m := newTestManager(t, clock, store, Config{})
	behind := skewed(t, clock, store, -2*time.Second)
	old, s := mustLogin(t, m, "alice")
	seen := s.rec.LastSeen()
	wantSeen := func(when, token string) {
		t.Helper()
		_, rec, err := m.peek(t.Context(), recordKey(token))
		if err != nil || rec == nil || rec.LastSeen() < seen {
			t.Errorf("%s: %v; last seen at %d, before at %d", when, err, rec.LastSeen(), seen)
		}
	}
	fresh, _ := mustRotate(t, behind, old)
	wantSeen("the old record, rotated", old)
	wantSeen("the new record", fresh)
	mustCheck(t, behind, fresh)
	wantSeen("the old record, in its grace period", old)
	wantSeen("the new record, in use", fresh)
}

// The store may keep for a while longer what has expired.
func TestWhatExpiredInACrashIsNotRevived(t *testing.T) {
	clock := newTestClock()
	items := newMapStore(clock)
	items.slack = 2 * time.Second
	store := &faultyStore{Store: items}
	m := newTestManager(t, clock, store, Config{IdleTimeout: 100 * time.Second})
	fresh, _ := rotatedInACrash(t, m, store)
	clock.advance(100 * time.Second)
	mustLogin(t, m, "alice") // finishes what the crash left
	for range 2 {
		if s, err := m.Authenticate(t.Context(), fresh); CodeOf(err) != InvalidSession {
			t.Errorf("unused for as long as a session lives, it is alive until %v, %v", s.ExpiresAt(), err)
		}
	}
}

// TestASuccessorThatMadeRoomTakesNothingWithIt: the first of many successors is
// used while the next one takes its place.
func TestASuccessorThatMadeRoomTakesNothingWithIt(t *testing.T) {
	clock := newTestClock()
	store := newMapStore(clock)
	between := &betweenReads{Store: store}
	m, other := newTestManager(t, clock, between, Config{}), newTestManager(t, clock, store, Config{})
	token, _ := mustLogin(t, m, "alice")
	first, _ := mustRotate(t, m, token)
	for range maxSuccessors - 1 {
		mustRotate(t, m, token)
	}
	last := ""
	between.key, between.run = indexKeyOf(testAppID, "alice"), func() { last, _ = mustRotate(t, other, token) }
	if _, err := m.Authenticate(t.Context(), first); CodeOf(err) != InvalidSession {
		t.Errorf("the one that made room: %v", err)
	}
	clock.advance(defaultRotateGrace + time.Second)
	mustCheck(t, m, token)
	mustCheck(t, m, last)
}

// betweenReads lets something happen once, before a key is read.
type betweenReads struct {
	Store
	key string
	run func()
}

func (s *betweenReads) Get(ctx context.Context, key string) ([]byte, error) {
	if run := s.run; run != nil && key == s.key {
		s.run = nil
		run()
	}
	return s.Store.Get(ctx, key)
}

// TestAFirstUseThatAShardHasLostIsMadeUpFor: of two keys, which lie on servers of
// their own, one goes back to what it was.
func TestAFirstUseThatAShardHasLostIsMadeUpFor(t *testing.T) {
	clock := newTestClock()
	store := newMapStore(clock)
	m := newTestManager(t, clock, store, Config{})
	token, _ := mustLogin(t, m, "alice")
	fresh, s := mustRotate(t, m, token)
	before := store.items[recordKey(fresh)]
	mustCheck(t, m, fresh)
	store.items[recordKey(fresh)] = before
	clock.advance(time.Hour)
	if err := edit(t.Context(), m, s, func(e editable) { e.SetAttr("a", "b") }); err != nil {
		t.Errorf("an update: %v", err)
	}
	for range 10 {
		clock.advance(defaultIdleTimeout / 2)
		if _, err := m.Authenticate(t.Context(), fresh); err != nil {
			t.Fatalf("in use all the time: %v", err)
		}
	}
}

// TestRotationsInARowCostTheSameEach: a client that rotates and uses token after
// token, all within a grace period.
func TestRotationsInARowCostTheSameEach(t *testing.T) {
	clock := newTestClock()
	store := &faultyStore{Store: newMapStore(clock)}
	m := newTestManager(t, clock, store, Config{})
	token, s := mustLogin(t, m, "alice")
	tokens := []string{token}
	for n := range 100 {
		before := store.calls()
		token, _ = mustRotate(t, m, token)
		if cost := store.calls() - before; cost > 30+maxRetired {
			t.Fatalf("rotation %d takes %d calls of the store", n, cost)
		}
		mustCheck(t, m, token)
		tokens = append(tokens, token)
		clock.advance(10 * time.Millisecond)
	}
	for i, token := range tokens[len(tokens)-1-maxRetired:] {
		if _, err := m.Check(t.Context(), token); err != nil {
			t.Errorf("one of the last, %d: %v", i, err)
		}
	}
	if len(store.Store.(*mapStore).items) > maxRetired+5 {
		t.Errorf("%d values are left", len(store.Store.(*mapStore).items))
	}
	if err := edit(t.Context(), m, s, func(e editable) { e.SetAttr("a", "b") }); CodeOf(err) != InvalidSession {
		t.Errorf("an update by a token that gave way: %v", err)
	}
	if err := m.Logout(t.Context(), tokens[len(tokens)-maxRetired]); err != nil {
		t.Fatal(err)
	}
	for i, token := range tokens {
		if _, err := m.Check(t.Context(), token); err == nil {
			t.Errorf("token %d outlives the log-out", i)
		}
	}
}
