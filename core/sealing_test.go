package core_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func sealKey(n byte) core.Secret { return core.NewSecret(strings.Repeat(string(n), 32)) }

func sealedWith(keys ...byte) func(*core.Config) {
	return func(c *core.Config) {
		c.Keys = nil
		for _, k := range keys {
			c.Keys = append(c.Keys, sealKey(k))
		}
	}
}

// put writes a value past the manager.
func (w *world) put(t *testing.T, key string, value []byte) {
	t.Helper()
	if err := w.store.Store.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Store.Swap(t.Context(), key, nil, value, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func (w *world) raw(t *testing.T, key string) []byte {
	t.Helper()
	v, err := w.store.Store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(v)
}

// only returns the one key of a kind.
func (w *world) only(t *testing.T, kind string) string {
	t.Helper()
	found := ""
	for _, key := range w.store.live() {
		if strings.HasPrefix(key, kind) {
			if found != "" {
				t.Fatalf("there is more than one %s", kind)
			}
			found = key
		}
	}
	return found
}

func TestWhoCanWriteToTheStoreForgesNothing(t *testing.T) {
	w := newWorld(t, sealedWith('a'))
	clear := newWorld(t, nil) // the attacker's own, with the same app
	token, s := w.login(t, "o-alice")
	alice, aliceUser := w.only(t, "s:"), w.only(t, "u:")
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	genuine, genuineUser := w.raw(t, alice), w.raw(t, aliceUser)
	w.lose(t, "s:")
	w.lose(t, "u:")
	bobsToken, bob := w.login(t, "o-bob")
	bobs, bobsUser := w.only(t, "s:"), w.only(t, "u:")
	w.put(t, alice, genuine)
	w.put(t, aliceUser, genuineUser)
	if _, _, err := clear.Issue(t.Context(), "", core.Identity{OpenID: "o-bob"}, ""); err != nil {
		t.Fatal(err)
	}

	for name, forged := range map[string][]byte{
		"another session's": genuine,
		"the user's":        w.raw(t, bobsUser),
		"one in clear":      clear.raw(t, clear.only(t, "s:")),
		"a truncated one":   w.raw(t, bobs)[:40],
		"a byte":            {1},
		"a changed one":     append(w.raw(t, bobs)[:60:60], genuine[60:]...),
	} {
		t.Run(name, func(t *testing.T) {
			own := w.raw(t, bobs)
			w.put(t, bobs, forged)
			if s, err := w.Authenticate(t.Context(), bobsToken); core.CodeOf(err) != core.CodeInvalidSession {
				t.Errorf("authenticates as %v, %v", s, err)
			}
			w.put(t, bobs, own)
			if _, err := w.Authenticate(t.Context(), bobsToken); err != nil {
				t.Errorf("the genuine one: %v", err)
			}
		})
	}
	if err := w.Decrypt(t.Context(), s, data, iv, new(any)); err != nil {
		t.Errorf("with the genuine user record: %v", err)
	}
	for name, forged := range map[string][]byte{"another user's": genuineUser, "one in clear": clear.raw(t, clear.only(t, "u:"))} {
		w.put(t, bobsUser, forged)
		if err := w.Decrypt(t.Context(), bob, data, iv, new(any)); core.CodeOf(err) != core.CodeSessionKeyExpired {
			t.Errorf("%s user record decrypts: %v", name, err)
		}
		if list, err := w.Sessions(t.Context(), "", "o-bob"); err != nil || len(list) != 0 {
			t.Errorf("%s user record lists %v, %v", name, list, err)
		}
	}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Errorf("alice: %v", err)
	}
	if !strings.Contains(w.log.String(), "counts as absent") {
		t.Errorf("the log does not tell: %s", w.log)
	}
}

func TestKeysAreIntroducedToARunningService(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	strict := w.manager(t, sealedWith('a'))
	_, err := strict.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
	mild := w.manager(t, func(c *core.Config) {
		sealedWith('a')(c)
		c.AcceptClear = true
	})
	if err := mild.Decrypt(t.Context(), s, data, iv, new(any)); err != nil {
		t.Fatalf("while clear values are accepted: %v", err)
	}
	if _, err := mild.Authenticate(t.Context(), token); err != nil { // renews: it is due, as it is in clear
		t.Fatalf("while clear values are accepted: %v", err)
	}
	if _, err := strict.Authenticate(t.Context(), token); err != nil {
		t.Errorf("after its first use the session is not sealed: %v", err)
	}
	if err := strict.Decrypt(t.Context(), s, data, iv, new(any)); err != nil {
		t.Errorf("after the first use the user's record is not sealed: %v", err)
	}
	if n := len(w.raw(t, w.only(t, "s:"))); bytes.Contains(w.raw(t, w.only(t, "s:")), []byte("o-alice")) || n == 0 {
		t.Error("the openid is still to be read")
	}
}

func TestAnOlderKeyCanGoOneIdleTimeoutAfterTheNewerOneCame(t *testing.T) {
	w := newWorld(t, sealedWith('a'))
	token, s := w.login(t, "o-alice")
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	both := w.manager(t, sealedWith('b', 'a'))
	w.store.counts()
	if _, err := both.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if _, swaps, _ := w.store.counts(); swaps != 2 {
		t.Errorf("%d values were written anew, want the session and its user", swaps)
	}
	w.store.counts()
	if _, err := both.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if _, swaps, _ := w.store.counts(); swaps != 0 {
		t.Errorf("the second use writes %d times", swaps)
	}
	alone := w.manager(t, sealedWith('b'))
	if _, err := alone.Authenticate(t.Context(), token); err != nil {
		t.Errorf("without the older key: %v", err)
	}
	if err := alone.Decrypt(t.Context(), s, data, iv, new(any)); err != nil {
		t.Errorf("without the older key: %v", err)
	}
}

func TestAnInstanceWithoutKeysDoesNotThrowUsersOut(t *testing.T) {
	w := newWorld(t, sealedWith('a'))
	token, _ := w.login(t, "o-alice")
	careless := w.manager(t, nil)
	_, err := careless.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeStoreUnavailable)
	_, _, err = careless.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
	wantCode(t, err, core.CodeStoreUnavailable)
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Error(err)
	}
}

// A wrapper that forgets what the inner store can do works all the same.
func TestAManagerBehindAWrapperUnderstandsThePlainOne(t *testing.T) {
	w := newWorld(t, nil)
	forgetful := struct{ core.Store }{w.store.Store}
	careful := core.WrappedStore{Store: w.store.Store}
	managers := []*core.Manager{w.Manager}
	for _, s := range []core.Store{forgetful, careful, w.store.Store} {
		m, err := core.New(core.Config{AppID: w.wx.AppID, Secret: core.NewSecret(w.wx.Secret), APIBase: w.wx.URL, Now: w.clock.Now}, s)
		if err != nil {
			t.Fatal(err)
		}
		managers = append(managers, m)
	}
	for i, a := range managers {
		for j, b := range managers {
			token, s, err := a.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.Authenticate(t.Context(), token); err != nil || got.OpenID != "o-alice" || got.ID != s.ID {
				t.Errorf("%d, then %d: %v, %v", i, j, got, err)
			}
			if err := b.Update(t.Context(), s, func(d *core.Draft) error { d.SetAttr("x", "1"); return nil }); err != nil {
				t.Errorf("%d, then %d: %v", i, j, err)
			}
			if err := b.Logout(t.Context(), token); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAServiceWithAnotherAppOnTheSameStoreIsAStranger(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	neighbour := w.manager(t, func(c *core.Config) {
		c.AppID, c.IdentityProvider = "wxneighbour", core.InsecureTrustCloudHosting{}
	})
	_, err := neighbour.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
	_, _, err = neighbour.Rotate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
	wantCode(t, neighbour.Update(t.Context(), s, func(*core.Draft) error { return nil }), core.CodeInvalidSession)
	if err := neighbour.Logout(t.Context(), token); err != nil {
		t.Error(err)
	}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Errorf("the neighbour has ended it: %v", err)
	}
}

func TestSealingAnewDoesNotMakeASessionOlder(t *testing.T) {
	w := newWorld(t, sealedWith('a'))
	token, s := w.login(t, "o-alice")
	behind := w.manager(t, func(c *core.Config) {
		sealedWith('b', 'a')(c)
		c.Now = func() time.Time { return w.clock.Now().Add(-time.Minute) }
	})
	if _, err := behind.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	again, err := behind.Check(t.Context(), token)
	if err != nil || !again.ExpiresAt().Equal(s.ExpiresAt()) {
		t.Errorf("used again it ends at %v, before at %v, %v", again.ExpiresAt(), s.ExpiresAt(), err)
	}
}

// TestAUserRecordThatCannotBeUsedIsNoOutage: its line has the code of a session's,
// as the store has answered.
func TestAUserRecordThatCannotBeUsedIsNoOutage(t *testing.T) {
	w := newWorld(t, nil)
	w.login(t, "o-alice")
	strict := w.manager(t, sealedWith('a'))
	w.log.Reset()
	if _, _, err := strict.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")}); err != nil {
		t.Fatal(err)
	}
	if log := w.log.String(); !strings.Contains(log, "a stored user record counts as absent") ||
		!strings.Contains(log, "invalid_session") || strings.Contains(log, "store_unavailable") {
		t.Errorf("the log says %s", log)
	}
}
