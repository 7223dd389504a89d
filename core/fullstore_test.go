package core_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// In a store that is full, what ends a session only deletes: the user's record goes
// on to list it. These tests let others go by that list afterwards, or meanwhile.

// full returns a manager for which the store has no room.
func (w *world) full(t *testing.T) *core.Manager {
	return w.over(t, &refusing{core.WrappedStore{Store: w.store}, "", core.ErrFull})
}

func mustApprove(t *testing.T, w *world, s *core.Session) core.Approval {
	t.Helper()
	a, err := w.Approve(t.Context(), s)
	noError(t, err)
	return a
}

func wantVoid(t *testing.T, w *world, a core.Approval) {
	t.Helper()
	_, _, err := w.IssueApproved(t.Context(), a, "desk")
	wantCode(t, err, core.CodeSessionRevoked)
}

// A web session has approved and was revoked. Its parent, which lives, strikes it off.
func TestAParentThatStrikesOffARevokedChildLeavesItsApprovalsVoid(t *testing.T) {
	for name, strike := range map[string]func(w *world, phone string, s *core.Session){
		"a log-out":          func(w *world, phone string, _ *core.Session) { noError(t, w.Logout(t.Context(), phone)) },
		"the next hand-over": func(w *world, _ string, s *core.Session) { mustRedeem(t, w, mustTicket(t, w, s)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			phone, s := w.login(t, "o-alice")
			web, ws := mustRedeem(t, w, mustTicket(t, w, s))
			a := mustApprove(t, w, ws)
			noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", ws.ID))
			w.wantAlive(t, "revoked", false, web)
			strike(w, phone, s)
			wantVoid(t, w, a)
		})
	}
}

// Whoever strikes the session off has read it alive, before it was revoked.
func TestWhoStrikesOffWhatAFullStoreHasEndedLeavesItsApprovalsVoid(t *testing.T) {
	two := func(c *core.Config) { c.MaxSessions = 2 }
	for name, c := range map[string]struct {
		after  int // reads of session records
		strike func(m *core.Manager, token string) error
	}{
		"a login at the cap": {2, func(m *core.Manager, _ string) error {
			_, _, err := m.Issue(context.Background(), "", core.Identity{OpenID: "o-alice"}, "")
			return err
		}},
		"a log-out": {1, func(m *core.Manager, token string) error { return m.Logout(context.Background(), token) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two)
			token, s := w.login(t, "o-alice")
			w.clock.Advance(time.Second)
			w.login(t, "o-alice")
			a := mustApprove(t, w, s)
			store := &afterNthGet{core.WrappedStore{Store: w.store}, "s:", c.after, func() {
				noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", s.ID))
			}}
			noError(t, c.strike(w.managerOver(t, store, two), token))
			w.wantAlive(t, "revoked", false, token)
			wantVoid(t, w, a)
			if store.n > 0 {
				t.Error("nothing was revoked")
			}
		})
	}
}

// IssueApproved itself strikes off the session that approved, for the cap, and that
// was revoked between the look and the write.
func TestIssueApprovedThatStrikesOffWhatWasRevokedIsRefused(t *testing.T) {
	one := func(c *core.Config) { c.MaxSessions = 1 }
	w := newWorld(t, one)
	_, s := w.login(t, "o-alice")
	a := mustApprove(t, w, s)
	store := &afterNthGet{core.WrappedStore{Store: w.store}, "s:", 1, func() {
		noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", s.ID))
	}}
	_, _, err := w.managerOver(t, store, one).IssueApproved(t.Context(), a, "desk")
	wantCode(t, err, core.CodeSessionRevoked)
	if store.n > 0 {
		t.Error("nothing was revoked")
	}
}

// A cache near by shows for a second what has ended. The handler logs it out.
func TestALogoutOfWhatANearCacheShowsLeavesApprovalsVoid(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	a := mustApprove(t, w, s)
	near, err := core.New(core.Config{
		AppID: w.wx.AppID, Secret: core.NewSecret(w.wx.Secret), Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler),
	}, &nearStore{w.store, map[string][]byte{}})
	noError(t, err)
	_, err = near.Authenticate(t.Context(), token)
	noError(t, err)
	noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", s.ID))
	seen, err := near.Authenticate(t.Context(), token)
	noError(t, err)
	noError(t, near.LogoutSession(t.Context(), seen))
	wantVoid(t, w, a)
}

// A rotation that began before lists its successor after Revoke has returned, and
// its process may end there: a record that lives, and whose token nobody has.
func TestARotationInFlightDoesNotBringBackWhatWasApproved(t *testing.T) {
	for _, crash := range []bool{false, true} {
		w := newWorld(t, nil)
		token, s := w.login(t, "o-alice")
		a := mustApprove(t, w, s)
		looked := false
		listed := &afterSwap{core.WrappedStore{Store: w.store}, "u:", func() {
			if looked = true; crash {
				panic("crash")
			}
			wantVoid(t, w, a)
		}}
		// The first read of the user's record is heal's, the second one listSuccessor's.
		revoking := &afterNthGet{core.WrappedStore{Store: listed}, "u:", 2, func() {
			noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", s.ID))
		}}
		func() {
			defer func() { _ = recover() }()
			_, _, _ = w.over(t, revoking).Rotate(t.Context(), token)
		}()
		w.wantAlive(t, "revoked", false, token)
		wantVoid(t, w, a)
		if !looked {
			t.Error("the successor was not listed")
		}
	}
}

// The session that a ticket came from ends while it is redeemed: who was told so must
// not meet the web session afterwards.
func TestATicketThatIsRedeemedAgainstAnEndInAFullStore(t *testing.T) {
	for name, end := range map[string]func(m *core.Manager, token string, s *core.Session) error{
		"a log-out": func(m *core.Manager, token string, _ *core.Session) error {
			return m.Logout(context.Background(), token)
		},
		"revoked": func(m *core.Manager, _ string, s *core.Session) error {
			return m.Revoke(context.Background(), "", "o-alice", s.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			token, s := w.login(t, "o-alice")
			ticket := mustTicket(t, w, s)
			store := &afterGet{core.WrappedStore{Store: w.store}, "s:", func() { noError(t, end(w.full(t), token, s)) }}
			web, _, err := w.over(t, store).RedeemTicket(t.Context(), ticket, "web")
			wantCode(t, err, core.CodeInvalidTicket)
			if web != "" || store.run != nil {
				t.Errorf("a token %q, or nothing has ended", web)
			}
			w.wantAlive(t, "ended", false, token)
			w.wantNoneListed(t)
		})
	}
}

// A rotation in flight lists its successor after the session's end, and goes no
// further, or cannot delete the successor: nobody has its token.
func TestATicketIsNotRedeemedByARotationInFlight(t *testing.T) {
	for name, then := range map[string]string{"meanwhile": "", "after a crash": "crash", "after a delete that failed": "no deletes"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			token, s := w.login(t, "o-alice")
			ticket := mustTicket(t, w, s)
			var store core.Store = w.store
			if then == "no deletes" {
				store = noDeletes{core.WrappedStore{Store: store}}
			}
			looked := false
			listed := &afterSwap{core.WrappedStore{Store: store}, "u:", func() {
				if looked = true; then == "crash" {
					panic("crash")
				}
				_, _, err := w.RedeemTicket(t.Context(), ticket, "web")
				wantCode(t, err, core.CodeInvalidTicket)
			}}
			ending := &afterNthGet{core.WrappedStore{Store: listed}, "u:", 2, func() { noError(t, w.full(t).Logout(t.Context(), token)) }}
			func() {
				defer func() { _ = recover() }()
				_, _, _ = w.over(t, ending).Rotate(t.Context(), token)
			}()
			_, _, err := w.RedeemTicket(t.Context(), ticket, "web")
			wantCode(t, err, core.CodeInvalidTicket)
			w.wantAlive(t, "ended", false, token)
			if !looked {
				t.Error("the successor was not listed")
			}
		})
	}
}

// The exported fields of a Session are the application's to change.
func TestAnApprovalGoesByTheRecord(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	id := s.ID
	s.ID, s.OpenID = "something else", "o-bob"
	a := mustApprove(t, w, s)
	if a.OpenID != "o-alice" {
		t.Errorf("the approval is %s's", a.OpenID)
	}
	noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", id))
	wantVoid(t, w, a)
}

// The index goes back behind the approval. Then the session is revoked, or stolen,
// which a full store cannot write down, and somebody reads the list.
func TestAnIndexThatGoesBackDoesNotBringBackWhatWasApproved(t *testing.T) {
	for _, how := range []string{"to the session", "before the session, which is revoked", "before the session, which is stolen"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, nil)
			noError(t, w.LogoutUser(t.Context(), "", "o-alice")) // so that there is an epoch
			w.clock.Advance(time.Second)
			before := w.index(t)
			old, s := w.login(t, "o-alice")
			if how == "to the session" {
				before = w.index(t)
			}
			fresh, _, err := w.Rotate(t.Context(), old)
			noError(t, err)
			stolen := strings.HasSuffix(how, "stolen")
			if stolen {
				s, err = w.Authenticate(t.Context(), fresh)
				noError(t, err)
			}
			a := mustApprove(t, w, s)
			noError(t, w.store.Store.Swap(t.Context(), w.indexKey(t), w.index(t), before, 1000*time.Hour))
			if stolen {
				_, _, err := w.full(t).Rotate(t.Context(), old)
				wantCode(t, err, core.CodeSessionRevoked)
			} else {
				w.clock.Advance(twentieth)
				_, err := w.Authenticate(t.Context(), old) // lists itself again
				noError(t, err)
				noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", s.ID))
			}
			w.wantAlive(t, "ended", false, old)
			w.listed(t, "o-alice")
			wantVoid(t, w, a)
		})
	}
}

func (w *world) indexKey(t *testing.T) string {
	t.Helper()
	for _, key := range w.store.live() {
		if strings.HasPrefix(key, "u:") {
			return key
		}
	}
	t.Fatal("there is no user's record")
	return ""
}

func (w *world) index(t *testing.T) []byte {
	t.Helper()
	v, err := w.store.Store.Get(t.Context(), w.indexKey(t))
	noError(t, err)
	return append([]byte(nil), v...)
}

// What was approved is good after an outage in the middle, also if that has found
// another session dead of age, from which something was approved once.
func TestAnOutageLeavesAnApproval(t *testing.T) {
	two := func(c *core.Config) { c.MaxSessions = 2 }
	w := newWorld(t, two)
	_, aged := w.login(t, "o-alice")
	mustApprove(t, w, aged)
	w.clock.Advance(73 * time.Hour)
	_, s := w.login(t, "o-alice")
	a := mustApprove(t, w, s)
	failing := noDeletes{core.WrappedStore{Store: w.store}}
	_, _, err := w.managerOver(t, failing, two).IssueApproved(t.Context(), a, "desk")
	noError(t, err) // the end of a session that is dead can wait
	down := &refusing{core.WrappedStore{Store: w.store}, "u:", errors.New("down")}
	_, _, err = w.managerOver(t, down, two).IssueApproved(t.Context(), a, "desk")
	wantCode(t, err, core.CodeStoreUnavailable)
	_, _, err = w.IssueApproved(t.Context(), a, "desk")
	noError(t, err)
}

// noDeletes cannot delete.
type noDeletes struct{ core.WrappedStore }

func (noDeletes) Delete(context.Context, string) error { return errors.New("down") }

// There is room for the user's record and none for sessions' records: a first use
// that cannot be finished must not keep the user's other sessions from their end.
func TestAFirstUseThatCannotBeFinishedKeepsNoSessionAlive(t *testing.T) {
	w := newWorld(t, nil)
	other, _ := w.login(t, "o-alice")
	token, s := w.login(t, "o-alice")
	fresh, _, err := w.Rotate(t.Context(), other)
	noError(t, err)
	m := w.over(t, &refusing{core.WrappedStore{Store: w.store}, "s:", core.ErrFull})
	_, err = m.Authenticate(t.Context(), fresh)
	wantCode(t, err, core.CodeStoreUnavailable)
	_ = m.Revoke(t.Context(), "", "o-alice", s.ID) // not all that was to be done is
	w.wantAlive(t, "revoked", false, token)
}

// A mark that was made anew after the one before was deleted, or lost, is another one.
func TestAnApprovalDoesNotComeBackWithTheNextMark(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	_, other := w.login(t, "o-alice")
	a := mustApprove(t, w, s)
	noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", other.ID)) // any session's end will do
	wantVoid(t, w, a)
	again := mustApprove(t, w, s)
	wantVoid(t, w, a)
	_, _, err := w.IssueApproved(t.Context(), again, "desk")
	noError(t, err)
	w.lose(t, "a:")
	wantVoid(t, w, again)
}

// The store fails where IssueApproved looks once more: nothing is handed out, and
// nothing is void.
func TestAnOutageAtTheLastLookLeavesAnApproval(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	a := mustApprove(t, w, s)
	store := &failingGet{core.WrappedStore{Store: w.store}, "a:", 2}
	token, _, err := w.over(t, store).IssueApproved(t.Context(), a, "desk")
	wantCode(t, err, core.CodeStoreUnavailable)
	if n := w.listed(t, "o-alice"); token != "" || n != 1 {
		t.Errorf("a token %q, %d sessions are listed", token, n)
	}
	_, _, err = w.IssueApproved(t.Context(), a, "desk")
	noError(t, err)
}

// failingGet fails at the nth read of a kind.
type failingGet struct {
	core.WrappedStore
	kind string
	n    int
}

func (s *failingGet) Get(ctx context.Context, key string) ([]byte, error) {
	if strings.HasPrefix(key, s.kind) {
		if s.n--; s.n == 0 {
			return nil, errors.New("down")
		}
	}
	return s.WrappedStore.Get(ctx, key)
}

// afterNthGet lets something happen after the nth read of a kind.
type afterNthGet struct {
	core.WrappedStore
	kind string
	n    int
	run  func()
}

func (s *afterNthGet) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := s.WrappedStore.Get(ctx, key)
	if strings.HasPrefix(key, s.kind) {
		if s.n--; s.n == 0 {
			s.run()
		}
	}
	return v, err
}

// An approval that is given while the session is being revoked: it finds its session
// dead, or its mark goes.
func TestAnApprovalThatIsGivenAgainstAnEndInAFullStore(t *testing.T) {
	for name, at := range map[string]string{"before its mark": "u:", "after its mark": "a:"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			_, s := w.login(t, "o-alice")
			mustApprove(t, w, s) // so that the user's record stays as it is
			store := &afterGet{core.WrappedStore{Store: w.store}, at, func() {
				noError(t, w.full(t).Revoke(t.Context(), "", "o-alice", s.ID))
			}}
			a, err := w.over(t, store).Approve(t.Context(), s)
			if err == nil {
				wantVoid(t, w, a)
			} else {
				wantCode(t, err, core.CodeInvalidSession)
			}
			if store.run != nil {
				t.Error("nothing was revoked")
			}
		})
	}
}

// onDelete lets something happen after the first delete of a kind, or in its place.
type onDelete struct {
	core.WrappedStore
	kind string
	run  func() error // what it returns the delete does
}

func (s *onDelete) Delete(ctx context.Context, key string) error {
	run := s.run
	if run == nil || !strings.HasPrefix(key, s.kind) {
		return s.WrappedStore.Delete(ctx, key)
	}
	s.run = nil
	if s.kind == "s:" {
		return run()
	}
	return errors.Join(s.WrappedStore.Delete(ctx, key), run())
}

// An approval is given after the first delete of the mark, and before the session's.
func TestAnApprovalThatIsGivenInTheMiddleOfAnEndIsVoid(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	mustApprove(t, w, s)
	var a core.Approval
	store := &onDelete{core.WrappedStore{Store: w.store}, "a:", func() error { a = mustApprove(t, w, s); return nil }}
	full := &refusing{core.WrappedStore{Store: store}, "", core.ErrFull}
	noError(t, w.over(t, full).Revoke(t.Context(), "", "o-alice", s.ID))
	if a.Mark == 0 {
		t.Fatal("nothing was approved meanwhile")
	}
	wantVoid(t, w, a)
}

// Who revokes may not get any further than the session's record, and never come back.
func TestAnEndThatStopsInTheMiddleLeavesApprovalsVoid(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	a := mustApprove(t, w, s)
	store := &onDelete{core.WrappedStore{Store: w.store}, "s:", func() error { return errors.New("a crash") }}
	full := &refusing{core.WrappedStore{Store: store}, "", core.ErrFull}
	wantCode(t, w.over(t, full).Revoke(t.Context(), "", "o-alice", s.ID), core.CodeStoreUnavailable)
	wantVoid(t, w, a)
}
