package core

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestALoginGivesUpSoonOnASilentStore, at whichever call that falls silent, also where
// it has to end more than the session that gives way.
func TestALoginGivesUpSoonOnASilentStore(t *testing.T) {
	const most = 5 * storeTimeout / 2
	outcomes := map[bool]int{}
	for from := int64(1); outcomes[true] < 2; from++ {
		synctest.Test(t, func(t *testing.T) {
			_, store, m, tokens := aliceOn(t, 10, 0)
			leaveAnEnd(t, store, m, tokens[5])
			var calls atomic.Int64
			store.hangs = func(string) bool { return calls.Add(1) >= from }
			began := time.Now()
			_, _, err := m.Login(t.Context(), LoginRequest{Code: "alice.key"})
			if took := time.Since(began); took > most {
				t.Errorf("silent from call %d on, a login took %v (%v); want %v at most", from, took, err, most)
			}
			outcomes[err == nil]++
		})
	}
	if outcomes[false] < 10 {
		t.Errorf("only %d logins failed; the test proves little", outcomes[false])
	}
}

// leaveAnEnd revokes a session whose record cannot be reached, and lets another take
// its place.
func leaveAnEnd(t *testing.T, store *slowStore, m *Manager, token string) {
	t.Helper()
	s := mustCheck(t, m, token)
	store.refuses = func(key string) bool { return key == s.key() }
	if err := m.Revoke(t.Context(), "", "alice", s.ID); CodeOf(err) != CodeStoreUnavailable {
		t.Fatal(err)
	}
	mustLogin(t, m, "alice.key")
	store.refuses = nil
}
