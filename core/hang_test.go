package core

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// hang makes those of the tokens unreachable, as a shard is that does not answer: each
// look takes the store's time limit.
func hang(t *testing.T, store *slowStore, m *Manager, tokens ...string) {
	t.Helper()
	away := map[string]bool{}
	for _, token := range tokens {
		key := mustCheck(t, m, token).key()
		away[key] = true
	}
	store.hangs = func(key string) bool { return away[key] }
}

// TestRetiringRecordsThatHangHoldUpNoLogout: their sessions' tokens had just been
// rotated as the shard went away.
func TestRetiringRecordsThatHangHoldUpNoLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, store, m, tokens := aliceOn(t, 6, 0)
		var next []string
		for _, token := range tokens[:5] {
			n, _ := mustRotate(t, m, token)
			next = append(next, n)
		}
		hang(t, store, m, tokens[:5]...)
		for _, n := range next {
			if _, err := m.Authenticate(t.Context(), n); CodeOf(err) != CodeStoreUnavailable {
				t.Fatal(err)
			}
		}
		_ = m.Logout(t.Context(), tokens[5])
		if n := countAlive(t, m, tokens[5:]); n != 0 {
			t.Error("the session that has logged out is alive")
		}
	})
}

// TestALogoutWhoseRecordsHangHoldsUpNoOther: what waits for them moves behind the rest.
func TestALogoutWhoseRecordsHangHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, store, m, tokens := aliceOn(t, 3, 0)
		var successors []string
		for range 5 {
			next, _ := mustRotate(t, m, tokens[0])
			successors = append(successors, next)
		}
		away := map[string]bool{}
		for _, next := range successors {
			key := recordKey(next)
			away[key] = true
		}
		store.hangs = func(key string) bool { return away[key] }
		if err := m.Logout(t.Context(), tokens[0]); CodeOf(err) != CodeStoreUnavailable {
			t.Fatal(err)
		}
		for range 3 {
			_ = m.LogoutUser(t.Context(), "", "alice")
		}
		if n := countAlive(t, m, tokens[1:]); n != 0 {
			t.Errorf("after three log-outs everywhere %d others are alive", n)
		}
	})
}

// TestARotationHasTimeLeftWhereOthersHang.
func TestARotationHasTimeLeftWhereOthersHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, store, m, tokens := aliceOn(t, 5, 0)
		hang(t, store, m, tokens[:4]...)
		if err := m.LogoutOthers(t.Context(), mustCheck(t, m, tokens[4])); CodeOf(err) != CodeStoreUnavailable {
			t.Fatal(err)
		}
		if _, _, err := m.Rotate(t.Context(), tokens[4]); err != nil {
			t.Error(err)
		}
	})
}

// TestASessionInUseEndsBeforeOthersThatHang: a renewal finds that its own session was
// to be ended, and one that stands before it takes all the time.
func TestASessionInUseEndsBeforeOthersThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock, store, m, tokens := aliceOn(t, 7, 0)
		next, _ := mustRotate(t, m, tokens[5])
		hang(t, store, m, tokens[:5]...)
		hangs := store.hangs
		store.hangs = nil
		listEnds(t, m, store, func() error { return m.LogoutUser(t.Context(), "", "alice") })
		store.hangs = hangs
		_, _ = m.Authenticate(t.Context(), next) // the first use of a successor
		if _, err := m.Check(t.Context(), next); CodeOf(err) != CodeSessionRevoked {
			t.Errorf("at its first use: %v", err)
		}
		clock.advance(4 * time.Hour)
		_, _ = m.Authenticate(t.Context(), tokens[6])
		if _, err := m.Check(t.Context(), tokens[6]); CodeOf(err) != CodeSessionRevoked {
			t.Errorf("at its renewal: %v", err)
		}
	})
}

// TestALoginThatHasNoTimeToEndASessionEndsNone: else each try would cost the user one.
func TestALoginThatHasNoTimeToEndASessionEndsNone(t *testing.T) {
	for _, latency := range []time.Duration{350, 400, 450, 490} {
		t.Run(strconv.Itoa(int(latency))+"ms", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, store, m, tokens := aliceOn(t, 10, 0)
				store.latency = latency * time.Millisecond
				for range 3 {
					if _, _, err := m.Login(t.Context(), LoginRequest{Code: "alice.key"}); CodeOf(err) != CodeStoreUnavailable {
						t.Fatal(err)
					}
				}
				store.latency = 0
				if n := countAlive(t, m, tokens); n != len(tokens) {
					t.Errorf("%d of %d sessions are alive", n, len(tokens))
				}
			})
		})
	}
}

// TestALoginThatCannotEndWhatGivesWayLeavesItsPlace: the next login ends no other for it.
func TestALoginThatCannotEndWhatGivesWayLeavesItsPlace(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 10, 0)
	away := mustCheck(t, m, tokens[0]).key()
	inner := store.Store
	store.Store = &refusesEnds{inner, away}
	for try := range 2 {
		_, _, err := m.Login(t.Context(), LoginRequest{Code: "alice.key"})
		if want := []Code{CodeStoreUnavailable, ""}[try]; CodeOf(err) != want {
			t.Fatalf("try %d: %v, want %q", try, err, want)
		}
	}
	store.Store = inner
	if n := countAlive(t, m, tokens[1:]); n != 9 {
		t.Errorf("%d of the others are alive, want 9", n)
	}
}

// refusesEnds takes no end of one record.
type refusesEnds struct {
	Store
	key string
}

func (s *refusesEnds) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if key == s.key && IsRevocation(ctx) {
		return errInjected
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// TestALeftoverEndLocksNobodyOut: somebody has ended a session that cannot be reached.
func TestALeftoverEndLocksNobodyOut(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 2, 0)
	s := mustCheck(t, m, tokens[0])
	store.refuses = func(key string) bool { return key == s.key() }
	if err := m.Revoke(t.Context(), "", "alice", s.ID); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	if _, _, err := m.Login(t.Context(), LoginRequest{Code: "alice.key"}); err != nil {
		t.Errorf("a login: %v", err)
	}
	if err := m.Logout(t.Context(), tokens[1]); err == nil || countAlive(t, m, tokens[1:]) != 0 {
		t.Errorf("a log-out of another session: %v, and %d alive", err, countAlive(t, m, tokens[1:]))
	}
}

// TestDeadTokensAreNotInTheLineOfOthers: a crowd with a token that was ended waits
// beside it.
func TestDeadTokensAreNotInTheLineOfOthers(t *testing.T) {
	_, _, m, tokens := aliceOn(t, 2, 0)
	s := mustCheck(t, m, tokens[0])
	if err := m.Revoke(t.Context(), "", "alice", s.ID); err != nil {
		t.Fatal(err)
	}
	if err := m.deadTurns.wait(t.Context(), s.userKey(), false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := m.Logout(ctx, tokens[0]); CodeOf(err) != CodeStoreUnavailable {
		t.Errorf("the log-out of a dead token while another is under way: %v", err)
	}
	if _, _, err := m.Login(t.Context(), LoginRequest{Code: "alice.key"}); err != nil {
		t.Error(err)
	}
	if err := m.LogoutUser(t.Context(), "", "alice"); err != nil {
		t.Error(err)
	}
}

// TestWhoHasReadTheRecordGoesFirst, and who ends something: others would make stale
// what was read.
func TestWhoHasReadTheRecordGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, m, tokens := aliceOn(t, 1, 0)
		key := mustCheck(t, m, tokens[0]).userKey()
		known, err := m.readUser(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.turns.wait(t.Context(), key, false); err != nil {
			t.Fatal(err)
		}
		came := make(chan string, 3)
		for _, c := range []struct {
			name  string
			ctx   context.Context
			known *storedUser
		}{
			{"others", t.Context(), nil}, {"known", t.Context(), &known}, {"ends", withRevocation(t.Context()), nil},
		} {
			go m.editStored(c.ctx, key, c.known, func(*user) error { came <- c.name; return nil })
			synctest.Wait()
		}
		m.turns.done(key)
		synctest.Wait()
		if got := <-came + " " + <-came + " " + <-came; got != "known ends others" {
			t.Errorf("they came as %s", got)
		}
	})
}

// TestADeleteThatIsTriedAgainIsCarriedOut: a crash came between its two writes.
func TestADeleteThatIsTriedAgainIsCarriedOut(t *testing.T) {
	_, store, m, tokens := aliceOn(t, 2, 0)
	id := mustCheck(t, m, tokens[1]).ID
	listEnds(t, m, store, func() error { return m.Revoke(t.Context(), "", "alice", id) })
	req := Request{Method: "DELETE", Header: http.Header{"Authorization": {"Bearer " + tokens[0]}}, ID: id}
	if _, err := m.serveRevoke(t.Context(), req); CodeOf(err) != CodeNotFound {
		t.Error(err)
	}
	if countAlive(t, m, tokens) != 1 {
		t.Error("the session lives")
	}
}
