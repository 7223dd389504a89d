package core_test

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestATokenThatWasRotatedAwayHandsNothingOut: it may be stolen, and authenticates in
// its grace period only. What it could have made else would last.
func TestATokenThatWasRotatedAwayHandsNothingOut(t *testing.T) {
	for name, lose := range map[string]bool{"listed": false, "the index lost": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			old, s := w.login(t, "o-alice")
			next, _, err := w.Rotate(t.Context(), old)
			noError(t, err)
			for what, give := range map[string]func(*core.Session) error{
				"a ticket":    func(s *core.Session) error { _, err := w.NewTicket(t.Context(), s); return err },
				"an approval": func(s *core.Session) error { _, err := w.Approve(t.Context(), s); return err },
			} {
				noError(t, give(s)) // nobody has used the new one: the old one may be all that the client has
				now, err := w.Authenticate(t.Context(), next)
				noError(t, err)
				w.clock.Advance(10 * time.Second)
				in, err := w.Authenticate(t.Context(), old)
				noError(t, err) // in its grace period
				if lose {
					w.lose(t, "u:")
				}
				for _, stale := range []*core.Session{s, in} {
					if err := give(stale); core.CodeOf(err) != core.CodeInvalidSession {
						t.Errorf("%s by the old token: %v", what, err)
					}
				}
				noError(t, give(now))
				old, s = next, now
				next, _, err = w.Rotate(t.Context(), old)
				noError(t, err)
			}
		})
	}
}

// TestAThiefCannotHideBehindManyRotations: the user's own token is known as rotated away
// for as long as its grace period runs.
func TestAThiefCannotHideBehindManyRotations(t *testing.T) {
	w := newWorld(t, nil)
	users, _ := w.login(t, "o-alice")
	thiefs := users
	for range 30 {
		next, _, err := w.Rotate(t.Context(), thiefs)
		noError(t, err)
		_, err = w.Authenticate(t.Context(), next)
		noError(t, err)
		thiefs = next
	}
	w.clock.Advance(20 * time.Second)
	_, _, err := w.Rotate(t.Context(), users)
	wantCode(t, err, core.CodeSessionRevoked)
	_, err = w.Authenticate(t.Context(), thiefs)
	wantCode(t, err, core.CodeSessionRevoked)
}
