package core

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const modelSteps = 100

func randomScript(seed uint64) script {
	r := rand.New(rand.NewPCG(seed, 1))
	sc := make(script, settingsLen+stepLen*modelSteps)
	for i := range sc {
		sc[i] = byte(r.Uint32())
	}
	return sc
}

// shrink leaves out steps for as long as the rest still fails.
func shrink(sc script) script {
	for n := len(sc) / stepLen / 2; n > 0; n /= 2 {
		for at := settingsLen; at < len(sc); {
			shorter := slices.Delete(slices.Clone(sc), at, min(at+n*stepLen, len(sc)))
			if _, err := runScript(shorter); err != nil {
				sc = shorter
			} else {
				at += n * stepLen
			}
		}
	}
	return sc
}

func failScript(t *testing.T, sc script) {
	t.Helper()
	sc = shrink(sc)
	r, err := runScript(sc)
	t.Fatalf("%v\nscript %#v\n%s", err, []byte(sc), strings.Join(r.trace, "\n"))
}

// wanted is what scripts must bring about.
func wanted() []string {
	return []string{
		"Login ", "Login login_denied", "Login app_unavailable", "a login at the cap", "a renewal", "a first use", "a theft",
		"Authenticate ", "Authenticate invalid_session", "Authenticate session_revoked", "Authenticate no_session",
		"Check ", "Check invalid_session", "Check session_revoked", "a word that made room",
		"Rotate ", "Rotate invalid_session", "Rotate session_revoked", "Rotate no_session", "more successors than are kept",
		"Update ", "Update invalid_session", "Update session_revoked", "Update bad_request",
		"Logout ", "Logout no_session", "LogoutSession ", "LogoutAll ", "a client's log-out everywhere",
		"LogoutOthers ", "LogoutOthers invalid_session", "LogoutOthers session_revoked",
		"Revoke ", "Revoke not_found", "LogoutUser ", "Sessions ",
		"NewTicket ", "NewTicket invalid_session", "NewTicket session_revoked",
		"RedeemTicket ", "RedeemTicket invalid_ticket", "RedeemTicket bad_request", "a hand-over that replaces another",
		"a hand-over at the cap", "Approve ", "Approve invalid_session", "Approve session_revoked",
		"IssueApproved ", "IssueApproved session_revoked",
		"a roll to a", "a roll to ab", "a roll to ba", "a roll to b", "an outage for want of keys",
	}
}

// TestTheManagerDoesWhatTheModelDoes compares them over random operations.
func TestTheManagerDoesWhatTheModelDoes(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(150) {
		r, err := runScript(randomScript(seed))
		if err != nil {
			t.Logf("seed %d", seed)
			failScript(t, randomScript(seed))
		}
		for what, n := range r.seen {
			seen[what] += n
		}
	}
	for _, what := range wanted() {
		if seen[what] == 0 {
			t.Errorf("never seen: %s", what)
		}
	}
	t.Log(seen)
}

// FuzzModel looks for a script on which managers and model differ. What its
// corpus begins with brings about all that scripts can.
func FuzzModel(f *testing.F) {
	const seeds = 32
	seen := map[string]int{}
	for seed := range uint64(seeds) {
		sc := randomScript(1000 + seed)
		r, err := runScript(sc)
		if err != nil || len(r.trace) < modelSteps/2 {
			f.Fatalf("seed %d is no example: %d steps, %v", seed, len(r.trace), err)
		}
		for what, n := range r.seen {
			seen[what] += n
		}
		f.Add([]byte(sc))
	}
	for _, what := range wanted() {
		if seen[what] == 0 {
			f.Errorf("no example brings about: %s", what)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sc := script(b[:min(len(b), settingsLen+200*stepLen)])
		if _, err := runScript(sc); err != nil {
			failScript(t, sc)
		}
	})
}
