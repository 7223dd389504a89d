package core

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// slowStore takes its time for each call, and does not reach some keys.
type slowStore struct {
	Store
	latency time.Duration
	refuses func(key string) bool
	hangs   func(key string) bool // for the time limit of a store
}

func (s *slowStore) call(ctx context.Context, key string) error {
	if s.refuses != nil && s.refuses(key) {
		return errors.New("this shard is down")
	}
	if s.hangs != nil && s.hangs(key) {
		return cmp.Or(pause(ctx, storeTimeout), errors.New("this shard does not answer"))
	}
	if s.latency == 0 {
		return ctx.Err()
	}
	return pause(ctx, s.latency)
}

func (s *slowStore) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.call(ctx, key); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

func (s *slowStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := s.call(ctx, key); err != nil {
		return err
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func (s *slowStore) Delete(ctx context.Context, key string) error {
	if err := s.call(ctx, key); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

func isSession(key string) bool { return strings.HasPrefix(key, record.SessionPrefix) }

// aliceOn returns a manager over a store that can be slow, and the tokens of alice's
// sessions. Each was rotated so many times, and no successor was used.
func aliceOn(t *testing.T, sessions, rotations int) (*testClock, *slowStore, *Manager, []string) {
	t.Helper()
	clock := newTestClock()
	store := &slowStore{Store: newMapStore(clock)}
	cfg := Config{MaxSessions: max(10, sessions)}
	liftLimits(&cfg)
	m := newTestManager(t, clock, store, cfg)
	tokens := make([]string, sessions)
	for i := range tokens {
		tokens[i], _ = mustLogin(t, m, "alice.key")
		clock.advance(time.Second)
		for range rotations {
			mustRotate(t, m, tokens[i])
		}
	}
	return clock, store, m, tokens
}

// listEnds is a crash of LogoutUser, or of Revoke, between its two writes.
func listEnds(t *testing.T, m *Manager, store *slowStore, end func() error) {
	t.Helper()
	store.refuses = isSession
	if err := end(); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	store.refuses = nil
}

// TestALongListOfEndsGetsShorterWithEachTry: whoever has many sessions, or tokens
// that rotations have made, could else never be logged out of a slow store, nor log
// in again.
func TestALongListOfEndsGetsShorterWithEachTry(t *testing.T) {
	for name, c := range map[string]struct {
		sessions, rotations int
		latency             time.Duration
		tries               int
	}{
		"600 sessions":                          {600, 0, 2 * time.Millisecond, 3},
		"100 sessions, slowly":                  {100, 0, 12 * time.Millisecond, 3},
		"ten, each rotated eight times, slowly": {10, 8, 20 * time.Millisecond, 4},
		"ten, almost too slowly":                {10, 0, 450 * time.Millisecond, 11},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, store, m, tokens := aliceOn(t, c.sessions, c.rotations)
				store.latency = c.latency
				for try := 1; ; try++ {
					err := m.LogoutUser(t.Context(), "", "alice")
					if err == nil {
						break
					}
					if CodeOf(err) != CodeStoreUnavailable || try == c.tries {
						t.Fatalf("try %d: %v", try, err)
					}
				}
				for i, token := range tokens {
					// Tombstones are bounded, so of so many some are not told why.
					if _, err := m.Check(t.Context(), token); CodeOf(err) != CodeSessionRevoked && CodeOf(err) != CodeInvalidSession {
						t.Fatalf("session %d: %v", i, err)
					}
				}
				if _, _, err := m.Login(t.Context(), LoginRequest{Code: "alice.key"}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestARenewalThatFinishesTakesNoLongerThanOtherOperations, and the next ones go on
// where it stopped.
func TestARenewalThatFinishesTakesNoLongerThanOtherOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock, store, m, tokens := aliceOn(t, 10, 8)
		listEnds(t, m, store, func() error { return m.LogoutUser(t.Context(), "", "alice") })
		store.latency = 100 * time.Millisecond
		clock.advance(4 * time.Hour)
		left := len(tokens) * 9
		for _, i := range []int{9, 8, 7} { // those that stand last in the list still live
			began := time.Now()
			_, _ = m.Authenticate(t.Context(), tokens[i])
			if took := time.Since(began); took > m.patience+m.lastCall()+store.latency {
				t.Errorf("a request took %v", took)
			}
			u, err := m.readUser(t.Context(), userKey(testAppID, "alice"))
			if err != nil {
				t.Fatal(err)
			}
			if len(u.Pending) >= left {
				t.Fatalf("%d of %d are still to be ended", len(u.Pending), left)
			}
			left = len(u.Pending)
		}
	})
}

// beforeNthSwap lets something happen before a swap of a user's record.
type beforeNthSwap struct {
	Store
	n   int
	run func()
}

func (s *beforeNthSwap) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if strings.HasPrefix(key, record.UserPrefix) {
		if s.n--; s.n == 0 {
			s.run()
		}
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// TestWhatIsDoneIsStruckOffInSpiteOfAConflict: somebody else changes the record
// before the list is cleared.
func TestWhatIsDoneIsStruckOffInSpiteOfAConflict(t *testing.T) {
	for name, c := range map[string]struct {
		swap int // the one that strikes off
		end  func(m *Manager, clock *testClock, token string, s *Session) error
	}{
		"a revocation": {2, func(m *Manager, _ *testClock, _ string, s *Session) error {
			return m.Revoke(context.Background(), "", s.OpenID, s.ID)
		}},
		"a renewal that finishes one": {1, func(m *Manager, clock *testClock, token string, s *Session) error {
			if _, err := m.editUser(context.Background(), s.userKey(), func(u *user) error {
				u.revoke(s.ID, record.ByDevice)
				return nil
			}); err != nil {
				return err
			}
			clock.advance(4 * time.Hour)
			_, err := m.Authenticate(context.Background(), token)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newTestClock()
			store := &beforeNthSwap{Store: newMapStore(clock), n: -1}
			cfg := Config{}
			liftLimits(&cfg)
			m, other := newTestManager(t, clock, store, cfg), newTestManager(t, clock, store.Store, cfg)
			token, s := mustLogin(t, other, "alice.key")
			store.n = c.swap
			if c.swap == 1 {
				store.n++ // the test itself lists the end
			}
			store.run = func() {
				if _, err := other.editUser(t.Context(), s.userKey(), func(u *user) error { u.Epoch++; return nil }); err != nil {
					t.Error(err)
				}
			}
			if err := c.end(m, clock, token, s); err != nil {
				t.Fatal(err)
			}
			u, err := other.readUser(t.Context(), s.userKey())
			if err != nil || store.n > 0 {
				t.Fatal(err, store.n)
			}
			if len(u.Pending) != 0 || !slices.Equal(u.Tombstones, []record.Name{s.name}) {
				t.Errorf("%d are to be ended, %d tombstones", len(u.Pending), len(u.Tombstones))
			}
		})
	}
}

// TestWhoFinishesTheirOwnRevocationHearsOfIt, and leaves nothing behind.
func TestWhoFinishesTheirOwnRevocationHearsOfIt(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 2, 0)
	s := mustCheck(t, m, tokens[0])
	listEnds(t, m, store, func() error { return m.Revoke(t.Context(), "", "alice", s.ID) })
	stored := store.Store.(*mapStore)
	before := maps.Clone(stored.items)
	for name, f := range map[string]func() error{
		"NewTicket": func() error { _, err := m.NewTicket(t.Context(), s); return err },
		"Approve":   func() error { _, err := m.Approve(t.Context(), s); return err },
		"Rotate":    func() error { _, _, err := m.Rotate(t.Context(), tokens[0]); return err },
	} {
		stored.items = maps.Clone(before)
		if err := f(); CodeOf(err) != CodeSessionRevoked {
			t.Errorf("%s: %v", name, err)
		}
		for key := range stored.items {
			if _, ok := before[key]; !ok && !strings.HasPrefix(key, record.MarkPrefix) {
				t.Errorf("%s leaves %s", name, key)
			}
		}
	}
}

// TestATombstoneKeepsItsFirstReason, and is counted once, where a session ends that
// has ended: a cache near by may have shown it.
func TestATombstoneKeepsItsFirstReason(t *testing.T) {
	_, _, m, tokens := aliceOn(t, 2, 0)
	s := mustCheck(t, m, tokens[0])
	if err := m.Revoke(t.Context(), "", "alice", s.ID); err != nil {
		t.Fatal(err)
	}
	if err := m.endStolen(t.Context(), s); CodeOf(err) != CodeSessionRevoked {
		t.Fatal(err)
	}
	u, err := m.readUser(t.Context(), s.userKey())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range u.Tombstones {
		if name == s.name {
			n++
		}
	}
	_, rec, err := m.peek(t.Context(), s.key())
	if err != nil || n != 1 || rec.Why() != record.ByDevice {
		t.Errorf("%v; it is listed %d times, its reason is %v, want %v", err, n, rec.Why(), record.ByDevice)
	}
}
