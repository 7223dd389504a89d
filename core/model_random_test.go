package core

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const modelSteps = 60

func randomScript(seed uint64) script {
	r := rand.New(rand.NewPCG(seed, 1))
	sc := make(script, stepLen*(1+modelSteps))
	for i := range sc {
		sc[i] = byte(r.Uint32())
	}
	return sc
}

// shrink leaves out steps for as long as the rest still fails.
func shrink(sc script) script {
	for n := len(sc) / stepLen / 2; n > 0; n /= 2 {
		for at := stepLen; at < len(sc); {
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
	for _, what := range []string{
		"Login ", "Login login_denied", "Login bad_request", "a login at the cap", "a renewal",
		"Authenticate ", "Authenticate invalid_session", "Authenticate session_revoked", "Authenticate no_session",
		"Check ", "Check invalid_session", "Check session_revoked",
		"Rotate ", "Rotate invalid_session", "Rotate session_revoked", "Rotate rate_limited", "Rotate no_session",
		"Update ", "Update invalid_session", "Update session_revoked", "Update bad_request",
		"Logout ", "Logout no_session", "Revoke ", "Revoke not_found", "LogoutUser ", "Sessions ",
	} {
		if seen[what] == 0 {
			t.Errorf("never seen: %s", what)
		}
	}
	t.Log(seen)
}

// FuzzModel looks for a script on which manager and model differ.
func FuzzModel(f *testing.F) {
	const seeds = 8
	for seed := range uint64(seeds) {
		sc := randomScript(1000 + seed)
		if r, err := runScript(sc); err != nil || len(r.trace) < modelSteps/2 {
			f.Fatalf("seed %d is no example: %d steps, %v", seed, len(r.trace), err)
		}
		f.Add([]byte(sc))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sc := script(b[:min(len(b), 200*stepLen)])
		if _, err := runScript(sc); err != nil {
			failScript(t, sc)
		}
	})
}
