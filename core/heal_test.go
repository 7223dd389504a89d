package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

const twentieth = 72*time.Hour/20 + time.Millisecond

// lose deletes the records of one kind, as a store does that evicts.
func (w *world) lose(t *testing.T, kind string) {
	t.Helper()
	for _, key := range w.store.live() {
		if strings.HasPrefix(key, kind) {
			if err := w.store.Store.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (w *world) listed(t *testing.T, openID string) int {
	t.Helper()
	list, err := w.Sessions(t.Context(), "", openID)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestASessionWhoseIndexIsLostIsListedAgainAtItsNextRenewal(t *testing.T) {
	w := newWorld(t, nil)
	first, _ := w.login(t, "o-alice")
	second, _ := w.login(t, "o-alice")
	w.lose(t, "u:")
	for _, token := range []string{first, second} {
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Fatalf("the session went with the index: %v", err)
		}
	}
	if n := w.listed(t, "o-alice"); n != 0 {
		t.Fatalf("%d sessions are listed without an index", n)
	}
	w.clock.Advance(twentieth)
	for i, token := range []string{first, second} {
		if _, err := w.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if n := w.listed(t, "o-alice"); n != i+1 {
			t.Errorf("%d sessions are listed after %d renewals", n, i+1)
		}
	}
	if err := w.LogoutUser(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first, second} {
		_, err := w.Authenticate(t.Context(), token)
		wantCode(t, err, core.CodeSessionRevoked)
	}
}

func TestALogoutEverywhereReachesASessionThatTheIndexHadLost(t *testing.T) {
	w := newWorld(t, nil)
	lost, _ := w.login(t, "o-alice")
	w.lose(t, "u:")
	w.clock.Advance(time.Second)
	if err := w.LogoutUser(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	later, _ := w.login(t, "o-alice")
	w.clock.Advance(twentieth)
	_, _ = w.Authenticate(t.Context(), lost) // its renewal finds out
	_, err := w.Authenticate(t.Context(), lost)
	wantCode(t, err, core.CodeSessionRevoked)
	if _, err := w.Authenticate(t.Context(), later); err != nil {
		t.Errorf("a login after the log-out: %v", err)
	}
}

func TestASessionWithoutAnIndexRotatesAndHandsOver(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	w.lose(t, "u:")
	fresh, _, err := w.Rotate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Authenticate(t.Context(), fresh)
	if err != nil {
		t.Fatal(err)
	}
	if n := w.listed(t, "o-alice"); n != 1 {
		t.Errorf("%d sessions are listed", n)
	}
	w.lose(t, "u:")
	if _, err := w.NewTicket(t.Context(), s); err != nil {
		t.Errorf("a ticket: %v", err)
	}
}

func TestASuccessorWhoseIndexIsLostTakesOver(t *testing.T) {
	w := newWorld(t, nil)
	old, _ := w.login(t, "o-alice")
	fresh, _, err := w.Rotate(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	w.lose(t, "u:")
	if _, err := w.Authenticate(t.Context(), fresh); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(30 * time.Second)
	_, err = w.Authenticate(t.Context(), old)
	wantCode(t, err, core.CodeInvalidSession)
	if n := w.listed(t, "o-alice"); n != 1 {
		t.Errorf("%d sessions are listed", n)
	}
}

func TestALogoutWinsOverARenewalThatFindsNoIndex(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	w.clock.Advance(twentieth)
	// The renewal has read the session when the log-out happens in between.
	w.store.Store = &beforeSwap{Store: w.store.Store, run: func() {
		if err := w.Logout(t.Context(), token); err != nil {
			t.Error(err)
		}
	}}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err) // it was alive when it was read
	}
	_, err := w.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
	if n := w.listed(t, "o-alice"); n != 0 {
		t.Errorf("%d sessions are listed", n)
	}
}

// beforeSwap lets something happen before the next write.
type beforeSwap struct {
	core.Store
	run func()
}

func (s *beforeSwap) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if run := s.run; run != nil {
		s.run = nil
		run()
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func TestAUsersRecordOutlivesItsSessionsByMoreThanClocksDiffer(t *testing.T) {
	for lifetime, margin := range map[time.Duration]time.Duration{100 * time.Hour: time.Hour, 10 * time.Hour: 30 * time.Minute} {
		spy := &ttlSpy{}
		w := newWorld(t, func(c *core.Config) { c.IdleTimeout, c.Lifetime = time.Hour, lifetime })
		spy.Store, w.store.Store = w.store.Store, spy
		w.login(t, "o-alice")
		if got := spy.ttls["u:"]; got != lifetime+margin {
			t.Errorf("a lifetime of %v: the record is kept for %v, want %v more", lifetime, got, margin)
		}
	}
}

// An instance that has a shorter lifetime by now must not let the store forget the
// record before the sessions of before have ended.
func TestAUsersRecordOutlivesSessionsOfALongerLifetime(t *testing.T) {
	spy := &ttlSpy{}
	w := newWorld(t, func(c *core.Config) { c.IdleTimeout, c.Lifetime = time.Hour, 100*time.Hour })
	spy.Store, w.store.Store = w.store.Store, spy
	w.login(t, "o-alice")
	shorter := w.manager(t, func(c *core.Config) { c.IdleTimeout, c.Lifetime = time.Hour, 10*time.Hour })
	w.clock.Advance(time.Minute)
	if _, _, err := shorter.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")}); err != nil {
		t.Fatal(err)
	}
	if got, want := spy.ttls["u:"], 100*time.Hour-time.Minute; got <= want {
		t.Errorf("the record is kept for %v, a session in it lives for %v", got, want)
	}
}

// ttlSpy notes for how long values of a kind are kept.
type ttlSpy struct {
	core.Store
	ttls map[string]time.Duration
}

func (s *ttlSpy) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if s.ttls == nil {
		s.ttls = map[string]time.Duration{}
	}
	s.ttls[key[:2]] = ttl
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func TestInAFullStoreALogoutStillEndsTheSession(t *testing.T) {
	for name, c := range map[string]struct {
		logout func(w *world, token string) error
		want   core.Code // of the log-out
	}{
		"Logout": {func(w *world, token string) error { return w.Logout(context.Background(), token) }, ""},
		"LogoutUser": {func(w *world, _ string) error {
			return w.LogoutUser(context.Background(), "", "o-alice")
		}, core.CodeStoreUnavailable}, // what it makes void has no room
		"LogoutSession": {func(w *world, token string) error {
			s, err := w.Check(context.Background(), token)
			if err != nil {
				return err
			}
			return w.LogoutSession(context.Background(), s)
		}, ""},
	} {
		w := newWorld(t, nil)
		token, _ := w.login(t, "o-alice")
		other, _ := w.login(t, "o-bob")
		w.store.Store = fullStore{w.store.Store}
		if err := c.logout(w, token); core.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		_, err := w.Authenticate(t.Context(), token)
		wantCode(t, err, core.CodeInvalidSession)
		if _, err := w.Authenticate(t.Context(), other); err != nil {
			t.Errorf("%s: another user's session: %v", name, err)
		}
		_, _, err = w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
		wantCode(t, err, core.CodeStoreUnavailable)
	}
}

// hookStore calls back before a call that comes to it, once for each hook.
type hookStore struct {
	core.Store
	beforeGet, beforeSwap map[string]func() // by the beginning of the key
}

func takeHook(hooks map[string]func(), key string) {
	if hook := hooks[key[:2]]; hook != nil {
		delete(hooks, key[:2])
		hook()
	}
}

func (s hookStore) Get(ctx context.Context, key string) ([]byte, error) {
	takeHook(s.beforeGet, key)
	return s.Store.Get(ctx, key)
}

func (s hookStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	takeHook(s.beforeSwap, key)
	return s.Store.Swap(ctx, key, old, new, ttl)
}

// A renewal that finds a session gone from the index cannot tell whether the index
// was lost or the session has ended. If it listed one that has ended, a rotation
// on its way would take that for a proof that the session lives.
func TestARenewalDuringALogoutListsNothingForARotationToFollow(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	logOut := func() {
		if err := w.Logout(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	renewing := w.over(t, hookStore{w.store, map[string]func(){"u:": logOut}, nil})
	renew := func() {
		w.clock.Advance(twentieth)
		if _, err := renewing.Authenticate(t.Context(), token); err != nil {
			t.Errorf("the request was there before the log-out: %v", err)
		}
	}
	hooks := map[string]func(){}
	hooks["s:"] = func() { hooks["s:"] = renew } // not before the first write, which says that the session is in use
	after, _, err := w.over(t, hookStore{w.store, nil, hooks}).Rotate(t.Context(), token)
	if err == nil {
		_, err = w.Authenticate(t.Context(), after)
		t.Fatalf("rotated after the log-out; the new token: %v", err)
	}
	wantCode(t, err, core.CodeInvalidSession)
	if len(hooks) != 0 || w.listed(t, "o-alice") != 0 {
		t.Errorf("%d hooks did not run, %d sessions are listed", len(hooks), w.listed(t, "o-alice"))
	}
	if keys := w.store.live(); slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, "s:") }) {
		t.Errorf("there are sessions left: %q", keys)
	}
	if log := w.log.String(); strings.Contains(log, "cannot renew") {
		t.Errorf("a session that ended is no failure to renew it: %s", log)
	}
}

// fullStore has no room for anything.
type fullStore struct{ core.Store }

func (fullStore) Swap(context.Context, string, []byte, []byte, time.Duration) error {
	return core.ErrFull
}

// Where the index is lost, the records of a session still lead to each other.
func TestASessionOfTwoTokensWhoseIndexIsLostEndsAsAWhole(t *testing.T) {
	logOut := func(w *world, token string) error { return w.Logout(t.Context(), token) }
	for name, c := range map[string]struct {
		used, byOld bool
		end         func(w *world, token string) error
		want        core.Code
	}{
		"by a log-out with the new token":                      {false, false, logOut, core.CodeInvalidSession},
		"by a log-out with the old token":                      {false, true, logOut, core.CodeInvalidSession},
		"by a log-out with the old token, in its grace period": {true, true, logOut, core.CodeInvalidSession},
		"by a theft": {true, true, func(w *world, token string) error {
			_, _, err := w.Rotate(t.Context(), token)
			wantCode(t, err, core.CodeSessionRevoked)
			return nil
		}, core.CodeSessionRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			old, _ := w.login(t, "o-alice")
			fresh, _, err := w.Rotate(t.Context(), old)
			if err != nil {
				t.Fatal(err)
			}
			if c.used {
				_, err = w.Authenticate(t.Context(), fresh)
			}
			w.lose(t, "u:")
			ends, other := fresh, old
			if c.byOld {
				ends, other = old, fresh
			}
			if err := errors.Join(err, c.end(w, ends)); err != nil {
				t.Fatal(err)
			}
			_, err = w.Authenticate(t.Context(), other)
			wantCode(t, err, c.want)
		})
	}
}

// The user's record is the same, byte for byte, before and after a log-out of a
// session that it has lost: a swap does not notice.
func TestALogoutThatLeavesNoTraceEndsARotationToo(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	logOut := func() {
		if err := w.Logout(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	hooks := map[string]func(){}
	hooks["s:"] = func() { // says that the session is in use; what lists it comes next
		hooks["s:"] = func() { // the new record
			w.lose(t, "u:")
			w.login(t, "o-alice")
			hooks["u:"] = logOut
		}
	}
	after, _, err := w.over(t, hookStore{w.store, nil, hooks}).Rotate(t.Context(), token)
	if err == nil {
		_, err = w.Authenticate(t.Context(), after)
		t.Fatalf("rotated after the log-out; the new token: %v", err)
	}
	wantCode(t, err, core.CodeInvalidSession)
	if len(hooks) != 0 || w.listed(t, "o-alice") != 1 {
		t.Errorf("%d hooks did not run, %d sessions are listed", len(hooks), w.listed(t, "o-alice"))
	}
}

// The same as above, of the first use of what a rotation has made.
func TestALogoutThatLeavesNoTraceEndsASuccessorToo(t *testing.T) {
	w := newWorld(t, nil)
	old, _ := w.login(t, "o-alice")
	fresh, _, err := w.Rotate(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	w.lose(t, "u:")
	w.login(t, "o-alice")
	hooks := map[string]func(){"u:": func() { // the first use has seen that the old one lives
		if err := w.Logout(t.Context(), old); err != nil {
			t.Error(err)
		}
	}}
	first := w.over(t, hookStore{w.store, nil, hooks})
	for _, m := range []*core.Manager{first, w.Manager} {
		_, err = m.Authenticate(t.Context(), fresh)
		wantCode(t, err, core.CodeInvalidSession)
	}
	if n := w.listed(t, "o-alice"); len(hooks) != 0 || n != 1 {
		t.Errorf("%d hooks did not run, %d sessions are listed", len(hooks), n)
	}
}

// Otherwise there would be two sessions with one id, and the index would know one.
func TestASuccessorWhoseIndexIsLostDoesNotTakeOverFromAnotherOne(t *testing.T) {
	w := newWorld(t, nil)
	old, _ := w.login(t, "o-alice")
	var after [2]string
	for i := range after {
		var err error
		if after[i], _, err = w.Rotate(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []core.Code{"", core.CodeInvalidSession} {
		w.lose(t, "u:")
		_, err := w.Authenticate(t.Context(), after[i])
		wantCode(t, err, want)
	}
	if _, err := w.Authenticate(t.Context(), after[0]); err != nil {
		t.Errorf("the one that is in use: %v", err)
	}
}

// TestARenewalEndsWhatSomebodyWasAboutToEnd: a process that dies between the two
// writes of a revocation leaves a session that still lives.
func TestARenewalEndsWhatSomebodyWasAboutToEnd(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	other, _ := w.login(t, "o-alice")
	sound := w.store.Store
	w.store.Store = deaf{sound} // the user's record is written, the session's is not
	if err := w.Revoke(t.Context(), "", "o-alice", s.ID); core.CodeOf(err) != core.CodeStoreUnavailable {
		t.Fatal(err)
	}
	w.store.Store = sound
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err) // it is not due
	}
	w.clock.Advance(twentieth)
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err) // it was alive when it was read
	}
	_, err := w.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeSessionRevoked)
	if _, err := w.Authenticate(t.Context(), other); err != nil {
		t.Error(err)
	}
}

// deaf takes no write of a session that is there.
type deaf struct{ core.Store }

func (s deaf) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if strings.HasPrefix(key, "s:") && old != nil {
		return errors.New("the connection was cut")
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}
