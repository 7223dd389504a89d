package faults_test

import (
	"crypto/rand"
	"strconv"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// The replica hangs: whoever has asked for replicated revocations hears that
// this one may not survive a fail-over, and does it again later.
func TestLogoutUserWaitsForReplicasIfTold(t *testing.T) {
	t.Parallel()
	master := testserver.StartRedis(t)
	replica := testserver.StartRedis(t, "--replicaof", "127.0.0.1", strconv.Itoa(master.Port))
	careful := newManager(t, openStore(t, "redis://"+master.Addr+"?wait_replicas=1"), core.Config{})
	plain := newManager(t, openStore(t, "redis://"+master.Addr), core.Config{})
	eventually(t, "the replica's link to the master", recovery, func() bool {
		return strings.Contains(testserver.Redis(t, replica.Addr, "INFO", "replication"), "master_link_status:up")
	})
	first, _ := login(t, careful, "first")
	eventually(t, "a log-out that the replica has seen", recovery, func() bool {
		return careful.Logout(t.Context(), first) == nil
	})

	replica.Pause()
	token, _ := login(t, careful, "alice")
	s := newSite(careful)
	for try := range 4 { // the last ones find the session gone, and must not take that for good
		if a := s.logout(token); !a.isOutage() || a.took > slowest {
			t.Errorf("log-out %d with the replica hung: %d %s after %v; want a 503 in time", try+1, a.status, a.body, a.took)
		}
	}
	carol, _ := login(t, careful, "carol")
	for range 5 { // as above
		wantOutage(t, "LogoutUser with the replica hung", careful.LogoutUser(t.Context(), appID, "carol"))
	}
	other, _ := login(t, plain, "bob")
	if err := plain.LogoutUser(t.Context(), appID, "bob"); err != nil || !isDead(t, plain, other) {
		t.Errorf("without the option: %v; want nil, and the session's end", err)
	}

	replica.Resume()
	eventually(t, "a log-out that the replica has seen", recovery, func() bool { return s.logout(token).status == 204 })
	eventually(t, "a log-out everywhere that the replica has seen", recovery, func() bool {
		return careful.LogoutUser(t.Context(), appID, "carol") == nil
	})
	if !isDead(t, careful, token) || !isDead(t, careful, carol) {
		t.Error("a session lives on after its end was acknowledged")
	}
}

// Nobody can acknowledge: the route says so every time, and the sessions of
// others go on.
func TestALogoutEverywhereIsNotAcknowledgedByNobody(t *testing.T) {
	t.Parallel()
	server := testserver.StartRedis(t)
	m := newManager(t, openStore(t, "redis://"+server.Addr+"?wait_replicas=1&wait_timeout=50ms"), core.Config{})
	token, _ := login(t, m, "alice")
	login(t, m, "alice")
	other, _ := login(t, m, "bob")
	for try := range 6 {
		if err := serveLogoutAll(t.Context(), m, token); core.CodeOf(err) != core.CodeStoreUnavailable {
			t.Errorf("?all=1, time %d: %v; want that nobody has acknowledged it", try+1, err)
		}
		if err := m.Logout(t.Context(), token); core.CodeOf(err) != core.CodeStoreUnavailable {
			t.Errorf("log-out, time %d: %v", try+1, err)
		}
	}
	for range 50 { // strangers' tokens
		wantOutage(t, "a log-out with a random token", m.Logout(t.Context(), rand.Text()[:25]+"AAAAAAAAAAAAAAAAAA"))
	}
	if _, err := m.Authenticate(t.Context(), other); err != nil {
		t.Errorf("another user's request: %v", err)
	}
}

func wantOutage(t *testing.T, what string, err error) {
	t.Helper()
	if core.CodeOf(err) != core.CodeStoreUnavailable {
		t.Errorf("%s: %v; want %s", what, err, core.CodeStoreUnavailable)
	}
}
