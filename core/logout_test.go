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

// wantAlive checks tokens that must work, and those that must not.
func (w *world) wantAlive(t *testing.T, what string, alive bool, tokens ...string) {
	t.Helper()
	for i, token := range tokens {
		if _, err := w.Check(t.Context(), token); (err == nil) != alive {
			t.Errorf("%s: token %d: %v; it should live: %v", what, i, err, alive)
		}
	}
}

// TestLogoutOthersSparesTheOneThatAsks: also one that was handed over, whose
// origin is among the others, and what that one has handed over.
func TestLogoutOthersSparesTheOneThatAsks(t *testing.T) {
	w := newWorld(t, nil)
	phone, s := w.login(t, "o-alice")
	other, _ := w.login(t, "o-alice")
	web, ws := mustRedeem(t, w, mustTicket(t, w, s))
	kiosk, ks := mustRedeem(t, w, mustTicket(t, w, ws))
	if err := w.LogoutOthers(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "by the one that handed over", true, phone, web, kiosk)
	w.wantAlive(t, "by the one that handed over", false, other)
	if err := w.LogoutOthers(t.Context(), ws); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "by the one in between", true, web, kiosk)
	w.wantAlive(t, "by the one in between", false, phone)
	if err := w.LogoutOthers(t.Context(), ks); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "by the last one", true, kiosk)
	w.wantAlive(t, "by the last one", false, web)
	if n := w.listed(t, "o-alice"); n != 1 {
		t.Errorf("%d sessions are listed", n)
	}
	if err := w.LogoutUser(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	w.wantAlive(t, "after a log-out everywhere", false, kiosk)
}

// TestAnAppThatIsNotConfiguredIsRefused: success would mean that nobody is logged in,
// while the blocked user, whose appid has a typing error, stays in.
func TestAnAppThatIsNotConfiguredIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	w.store.counts()
	for name, call := range map[string]func(appID string) error{
		"LogoutUser": func(appID string) error { return w.LogoutUser(t.Context(), appID, "o-alice") },
		"Revoke":     func(appID string) error { return w.Revoke(t.Context(), appID, "o-alice", s.ID) },
		"Sessions": func(appID string) error {
			list, err := w.Sessions(t.Context(), appID, "o-alice")
			if list != nil {
				t.Errorf("there is a list: %v", list)
			}
			return err
		},
		"PhoneNumber": func(appID string) error { _, err := w.PhoneNumber(t.Context(), appID, "code"); return err },
		"Client":      func(appID string) error { _, err := w.Client(appID); return err },
	} {
		err := call("wxtypo")
		if core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), "none of the configured apps") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if gets, swaps, deletes := w.store.counts(); gets+swaps+deletes != 0 {
		t.Errorf("the store was asked: %d, %d, %d", gets, swaps, deletes)
	}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	noError(t, w.LogoutUser(t.Context(), s.AppID, "o-alice"))
	_, err := w.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeSessionRevoked)
}

// nearStore answers AppendGet with what it saw first.
type nearStore struct {
	core.Store
	seen map[string][]byte
}

func (s *nearStore) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	if v, ok := s.seen[key]; ok {
		return append(dst, v...), nil
	}
	v, err := s.Get(ctx, key)
	if err == nil {
		s.seen[key] = v
	}
	return append(dst, v...), err
}

// TestADeadSessionEndsNobodyElses: a near cache may take a request for good a
// second longer, but nothing is ended on its word.
func TestADeadSessionEndsNobodyElses(t *testing.T) {
	w := newWorld(t, nil)
	m, err := core.New(core.Config{
		AppID: w.wx.AppID, Secret: core.NewSecret(w.wx.Secret), Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler),
	}, &nearStore{w.store, map[string][]byte{}})
	if err != nil {
		t.Fatal(err)
	}
	mine, ms := w.login(t, "o-alice")
	stolen, _ := w.login(t, "o-alice")
	s, err := m.Authenticate(t.Context(), stolen)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Revoke(t.Context(), "", "o-alice", s.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Authenticate(t.Context(), stolen); err != nil {
		t.Fatalf("the cache shows nothing: %v", err)
	}
	wantCode(t, m.LogoutOthers(t.Context(), s), core.CodeSessionRevoked)
	if r, _ := send(t, m, "DELETE", "/wx/sessions/"+ms.ID, "", bearer(stolen)...); r.Status != 401 || r.Err.Code != core.CodeSessionRevoked {
		t.Errorf("another session: status %d, %v", r.Status, r.Err)
	}
	if r, _ := send(t, m, "POST", "/wx/logout?all=1", "", bearer(stolen)...); r.Status != 204 {
		t.Errorf("everywhere: status %d", r.Status)
	}
	if _, err := m.NewTicket(t.Context(), s); core.CodeOf(err) != core.CodeSessionRevoked {
		t.Errorf("a ticket: %v", err)
	}
	if _, err := m.Approve(t.Context(), s); core.CodeOf(err) != core.CodeSessionRevoked {
		t.Errorf("an approval: %v", err)
	}
	w.wantAlive(t, "whom nobody has ended", true, mine)
	w.store.breakDown(errors.New("down"))
	wantCode(t, m.LogoutOthers(t.Context(), ms), core.CodeStoreUnavailable)
}

// A clock that is ahead, or a moment that passes in between: the log-out finds a
// session expired that is in use elsewhere. What that makes of it ends as well.
func TestALogoutThatFindsItsSessionExpiredEndsWhatOthersMakeOfItMeanwhile(t *testing.T) {
	for name, use := range map[string]func(w *world, token, ticket string) (string, error){
		"a rotation": func(w *world, token, _ string) (string, error) {
			after, _, err := w.Rotate(t.Context(), token)
			return after, err
		},
		"a hand-over": func(w *world, _, ticket string) (string, error) {
			child, _, err := w.RedeemTicket(t.Context(), ticket, "web")
			return child, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			token, s := w.login(t, "o-alice")
			w.clock.Advance(72*time.Hour - 30*time.Second)
			ticket, err := w.NewTicket(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			var made string
			meanwhile := &afterGet{core.WrappedStore{Store: w.store}, "s:", func() {
				if made, err = use(w, token, ticket); err != nil {
					t.Fatal(err)
				}
			}}
			ahead := w.managerOver(t, meanwhile, func(c *core.Config) {
				c.Now = func() time.Time { return w.clock.Now().Add(time.Minute) }
			})
			if err := ahead.Logout(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			if made == "" {
				t.Fatal("nothing happened meanwhile")
			}
			_, err = w.Authenticate(t.Context(), made)
			wantCode(t, err, core.CodeInvalidSession)
			if n := w.listed(t, "o-alice"); n != 0 {
				t.Errorf("%d sessions are listed", n)
			}
		})
	}
}

// afterGet lets something happen after the next read of a kind.
type afterGet struct {
	core.WrappedStore
	kind string
	run  func()
}

func (s *afterGet) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := s.WrappedStore.Get(ctx, key)
	if run := s.run; run != nil && strings.HasPrefix(key, s.kind) {
		s.run = nil
		run()
	}
	return v, err
}

// refusing refuses to replace the values of a kind, without effect, while it is on.
type refusing struct {
	core.WrappedStore
	kind string
	err  error // nil: it is off
}

func (s *refusing) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if s.err != nil && old != nil && strings.HasPrefix(key, s.kind) {
		return s.err
	}
	return s.WrappedStore.Swap(ctx, key, old, new, ttl)
}

// voiders are the ways to make void what sessions of a user have approved: s, which
// has the token old and was rotated, and other.
func voiders(t *testing.T, old, otherToken string, s, other *core.Session) map[string]func(*core.Manager) error {
	return map[string]func(*core.Manager) error{
		"LogoutUser": func(m *core.Manager) error {
			return m.LogoutUser(context.Background(), "", "o-alice")
		},
		"LogoutOthers": func(m *core.Manager) error { return m.LogoutOthers(context.Background(), other) },
		"Revoke":       func(m *core.Manager) error { return m.Revoke(context.Background(), "", "o-alice", s.ID) },
		"a log-out everywhere by a client": func(m *core.Manager) error {
			r, _ := send(t, m, "POST", "/wx/logout?all=1", "", bearer(otherToken)...)
			if r.Err != nil {
				return r.Err
			}
			return nil
		},
		"a theft": func(m *core.Manager) error {
			if _, _, err := m.Rotate(context.Background(), old); core.CodeOf(err) != core.CodeSessionRevoked {
				return err
			}
			return nil
		},
	}
}

// Others may have taken the room that the deleted sessions made. What ends more
// than the sessions of the index must be written down; a client whose token was
// dead after the first attempt could not ask again.
func TestWhatMakesAnApprovalVoidInAFullStoreDoesSoOrFails(t *testing.T) {
	for name := range voiders(t, "", "", nil, nil) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			old, s := w.login(t, "o-alice")
			otherToken, other := w.login(t, "o-alice")
			fresh, _, err := w.Rotate(t.Context(), old)
			if err != nil {
				t.Fatal(err)
			}
			now, err := w.Authenticate(t.Context(), fresh)
			if err != nil {
				t.Fatal(err)
			}
			full := &refusing{core.WrappedStore{Store: w.store}, "", nil}
			m, end := w.over(t, full), voiders(t, old, otherToken, s, other)[name]
			approval, err := m.Approve(t.Context(), now)
			if err != nil {
				t.Fatal(err)
			}
			full.err = core.ErrFull
			// A log-out everywhere ends what the index has lost as well.
			everywhere := name == "LogoutUser" || name == "a log-out everywhere by a client"
			if everywhere {
				wantCode(t, end(m), core.CodeStoreUnavailable)
			} else {
				noError(t, end(m))
			}
			full.err = nil
			if name == "a log-out everywhere by a client" {
				w.wantAlive(t, "who has to ask again", true, otherToken)
			}
			if everywhere {
				noError(t, end(m)) // a second time, with room
			}
			_, _, err = m.IssueApproved(t.Context(), approval, "Firefox")
			wantCode(t, err, core.CodeSessionRevoked)
		})
	}
}

// TestWhatAFullStoreHasEndedStaysEnded: that a session was revoked shows by its
// record, which is gone, and its name in the index. What takes the name away later
// must not take the memory of it.
func TestWhatAFullStoreHasEndedStaysEnded(t *testing.T) {
	ends := map[string]func(m *core.Manager, old string, s *core.Session) error{
		"revoked": func(m *core.Manager, _ string, s *core.Session) error {
			return m.Revoke(context.Background(), "", "o-alice", s.ID)
		},
		"stolen": func(m *core.Manager, old string, _ *core.Session) error {
			_, _, err := m.Rotate(context.Background(), old)
			wantCode(t, err, core.CodeSessionRevoked)
			return nil
		},
	}
	laters := map[string]func(t *testing.T, w *world, old string, s *core.Session){
		"at once": func(*testing.T, *world, string, *core.Session) {},
		"listed": func(t *testing.T, w *world, _ string, _ *core.Session) {
			_, err := w.Sessions(t.Context(), "", "o-alice")
			noError(t, err)
		},
		"a login at the cap": func(t *testing.T, w *world, _ string, _ *core.Session) { w.login(t, "o-alice") },
		"the grace period over": func(t *testing.T, w *world, old string, _ *core.Session) {
			w.clock.Advance(10 * time.Minute)
			_, _, _ = w.Rotate(t.Context(), old)
		},
	}
	for how, end := range ends {
		for when, later := range laters {
			t.Run(how+", "+when, func(t *testing.T) {
				w := newWorld(t, func(c *core.Config) { c.MaxSessions = 2 })
				old, s := w.login(t, "o-alice")
				w.login(t, "o-alice")
				fresh, _, err := w.Rotate(t.Context(), old)
				noError(t, err)
				now, err := w.Authenticate(t.Context(), fresh)
				noError(t, err)
				approval, err := w.Approve(t.Context(), now)
				noError(t, err)
				full := &refusing{core.WrappedStore{Store: w.store}, "", core.ErrFull}
				noError(t, end(w.over(t, full), old, s))
				for _, token := range []string{old, fresh} {
					if _, err := w.Authenticate(t.Context(), token); core.CodeOf(err) != core.CodeInvalidSession {
						t.Errorf("a token of the session: %v", err)
					}
				}
				later(t, w, old, s)
				_, _, err = w.IssueApproved(t.Context(), approval, "Firefox")
				wantCode(t, err, core.CodeSessionRevoked)
			})
		}
	}
}

// TestAnApprovalAgainstAnEndInAFullStore: the session that approved ends after it
// was looked at, and leaves the user's record as it was.
func TestAnApprovalAgainstAnEndInAFullStore(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	approval, err := w.Approve(t.Context(), s)
	noError(t, err)
	full := &refusing{core.WrappedStore{Store: w.store}, "", core.ErrFull}
	revoke := func() { noError(t, w.over(t, full).Revoke(t.Context(), "", "o-alice", s.ID)) }
	revoking := &afterGet{core.WrappedStore{Store: w.store}, "u:", revoke}
	token, _, err := w.over(t, revoking).IssueApproved(t.Context(), approval, "Firefox")
	wantCode(t, err, core.CodeSessionRevoked)
	if token != "" || revoking.run != nil {
		t.Errorf("a token %q, or nothing was revoked", token)
	}
	w.wantNoneListed(t)
}

// TestAnApprovalAgainstAnEndThatIsStruckOff: the same, and before IssueApproved looks
// again somebody has read the list, which names the session no more.
func TestAnApprovalAgainstAnEndThatIsStruckOff(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	approval, err := w.Approve(t.Context(), s)
	noError(t, err)
	full := &refusing{core.WrappedStore{Store: w.store}, "", core.ErrFull}
	revoking := &afterGet{core.WrappedStore{Store: w.store}, "u:", func() {
		noError(t, w.over(t, full).Revoke(t.Context(), "", "o-alice", s.ID))
	}}
	listing := &afterSwap{core.WrappedStore{Store: revoking}, "u:", func() {
		_, err := w.Sessions(t.Context(), "", "o-alice")
		noError(t, err)
	}}
	_, _, err = w.over(t, listing).IssueApproved(t.Context(), approval, "Firefox")
	wantCode(t, err, core.CodeSessionRevoked)
	w.wantNoneListed(t)
}

func (w *world) wantNoneListed(t *testing.T) {
	t.Helper()
	if list, err := w.Sessions(t.Context(), "", "o-alice"); err != nil || len(list) != 0 {
		t.Errorf("what was refused is listed: %v, %v", list, err)
	}
}

// afterSwap lets something happen after the next write of a kind.
type afterSwap struct {
	core.WrappedStore
	kind string
	run  func()
}

func (s *afterSwap) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	err := s.WrappedStore.Swap(ctx, key, old, new, ttl)
	if run := s.run; run != nil && err == nil && strings.HasPrefix(key, s.kind) {
		s.run = nil
		run()
	}
	return err
}

// The index has lost a session, which lists itself again at its next renewal: it
// must not outlive the log-out everywhere.
func TestALogoutEverywhereInAFullStoreEndsWhatTheIndexHasLost(t *testing.T) {
	w := newWorld(t, nil)
	lost, _ := w.login(t, "o-alice")
	w.lose(t, "u:")
	w.login(t, "o-alice")
	full := &refusing{core.WrappedStore{Store: w.store}, "", core.ErrFull}
	m := w.over(t, full)
	wantCode(t, m.LogoutUser(t.Context(), "", "o-alice"), core.CodeStoreUnavailable)
	full.err = nil
	if err := m.LogoutUser(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(twentieth)
	_, _ = m.Authenticate(t.Context(), lost) // its renewal finds out
	_, err := m.Authenticate(t.Context(), lost)
	wantCode(t, err, core.CodeSessionRevoked)
}

// Of two log-outs everywhere the one by a clock that is behind comes last: it must
// not take back what the other one has ended.
func TestALogoutEverywhereByAClockThatIsBehindTakesNothingBack(t *testing.T) {
	w := newWorld(t, nil)
	behind := w.manager(t, func(c *core.Config) { c.Now = func() time.Time { return w.clock.Now().Add(-2 * time.Second) } })
	lost, _ := w.login(t, "o-alice")
	w.lose(t, "u:")
	for _, m := range []*core.Manager{w.Manager, behind} {
		if err := m.LogoutUser(t.Context(), "", "o-alice"); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Advance(twentieth)
	_, _ = w.Authenticate(t.Context(), lost) // its renewal finds out
	_, err := w.Authenticate(t.Context(), lost)
	wantCode(t, err, core.CodeSessionRevoked)
}
