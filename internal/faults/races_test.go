package faults_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/wxsession/wxsession/core"
)

const rounds = 16

// roomy never ends a session by its cap.
var roomy = core.Config{MaxSessions: 100}

func TestLogoutUserAgainstParallelLogins(t *testing.T) {
	eachTwins(t, func(t *testing.T, w twins) {
		in := w.instances(t, roomy)
		for round := range rounds {
			user := fmt.Sprint("popular-", round)
			var before []string
			for i := range 4 {
				token, _ := login(t, in.of(i), user)
				before = append(before, token)
			}
			tokens := allAtOnce(16, func(i int) string {
				if i == 8 {
					if err := in.a.LogoutUser(t.Context(), appID, user); err != nil {
						t.Errorf("LogoutUser: %v", err)
					}
					in.wantDead(t, before)
					return ""
				}
				token, _, err := in.of(i).Login(t.Context(), core.LoginRequest{Code: user})
				if err != nil {
					t.Errorf("Login: %v", err)
				}
				return token
			})
			tokens = slices.DeleteFunc(append(tokens, before...), func(token string) bool { return token == "" })
			in.wantAgreement(t, user, tokens, -1)
			in.wantDead(t, before)
			if err := in.a.LogoutUser(t.Context(), appID, user); err != nil {
				t.Errorf("LogoutUser: %v", err)
			}
			in.wantDead(t, tokens)
			in.wantAgreement(t, user, tokens, 0)
		}
	})
}

func TestCapUnderParallelLogins(t *testing.T) {
	const most = 3
	eachTwins(t, func(t *testing.T, w twins) {
		in := w.instances(t, core.Config{MaxSessions: most})
		for round := range rounds {
			user := fmt.Sprint("capped-", round)
			tokens := allAtOnce(20, func(i int) string {
				token, _, err := in.of(i).Login(t.Context(), core.LoginRequest{Code: user})
				if err != nil {
					t.Errorf("Login: %v", err)
				}
				return token
			})
			in.wantAgreement(t, user, tokens, most)
		}
	})
}

func TestParallelUpdatesLoseNothing(t *testing.T) {
	const updates = 100
	eachTwins(t, func(t *testing.T, w twins) {
		in := w.instances(t, roomy)
		token, s := login(t, in.a, "busy")
		for _, err := range allAtOnce(updates, func(i int) error {
			return in.of(i).Update(t.Context(), s, func(s *core.Draft) error {
				n, _ := strconv.Atoi(s.Attr("n"))
				s.SetAttr("n", strconv.Itoa(n+1))
				s.SetAttr(fmt.Sprint("by-", i), "x")
				return nil
			})
		}) {
			if err != nil {
				t.Errorf("Update: %v", err)
			}
		}
		for i := range 2 {
			if !poll(in.lag, func() bool {
				s, err := in.of(i).Check(t.Context(), token)
				return err == nil && s.Attr("n") == strconv.Itoa(updates) && attrsOf(s) == updates+1
			}) {
				s, err := in.of(i).Check(t.Context(), token)
				t.Fatalf("instance %d: after %d updates the counter is at %s, with %d attributes (%v)", i, updates, s.Attr("n"), attrsOf(s), err)
			}
		}
	})
}

func attrsOf(s *core.Session) (n int) {
	for range s.Attrs() {
		n++
	}
	return n
}

// The rotations start from one token, as those of a client that missed the
// answers; the log-out comes after them, or in their midst.
func TestLogoutEndsWhatRotationsMade(t *testing.T) {
	eachTwins(t, func(t *testing.T, w twins) {
		in := w.instances(t, roomy)
		for round := range 2 * rounds {
			user := fmt.Sprint("rotating-", round)
			first, _ := login(t, in.b, user)
			amid := round%2 == 1
			tokens := allAtOnce(9, func(i int) string {
				if i == 4 {
					if amid {
						wantLogout(t, in.a, first)
					}
					return first
				}
				token, _, err := in.of(i).Rotate(t.Context(), first)
				if code := core.CodeOf(err); err != nil && !(amid && (code == core.CodeInvalidSession || code == core.CodeSessionRevoked)) {
					t.Errorf("Rotate: %v", err)
				}
				return token
			})
			tokens = slices.DeleteFunc(tokens, func(token string) bool { return token == "" })
			if !amid {
				in.wantAgreement(t, user, tokens, 1)
				wantLogout(t, in.a, tokens[round%len(tokens)])
			}
			in.wantDead(t, tokens)
			in.wantAgreement(t, user, tokens, 0)
		}
	})
}

func wantLogout(t *testing.T, m *core.Manager, token string) {
	t.Helper()
	if err := m.Logout(t.Context(), token); err != nil {
		t.Errorf("Logout: %v", err)
	}
}
