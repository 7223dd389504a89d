package readme

import (
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// The answers under "Questions" name a cause for each failure. These tests bring
// it about.

func TestCodesThatAreNone(t *testing.T) {
	wx, sim, _ := newManager(t, nil)
	used := sim.Code("alice")
	for _, c := range []struct {
		what, code string
		want       core.Code
	}{
		{"DevTools without an AppID", wxtest.MockCode, core.CodeInvalidCode},
		{"the phone number button's code", sim.PhoneCode("alice", "13580006666"), core.CodeInvalidCode},
		{"another app's code", sim.AddApp("wxother", "secret").Code("alice"), core.CodeInvalidCode},
		{"a code", used, ""},
		{"the same code", used, core.CodeCodeUsed},
	} {
		if _, _, err := wx.Login(t.Context(), core.LoginRequest{Code: c.code}); core.CodeOf(err) != c.want {
			t.Errorf("%s gives %v, want %q", c.what, err, c.want)
		}
	}
}

func TestALoginThatTheServerDoesNotSeeSpoilsTheSessionKey(t *testing.T) {
	sim := wxtest.NewServer(wxtest.Options{KeyMinAge: -1, Errorf: t.Errorf})
	t.Cleanup(sim.Close)
	wx, _, _ := newManager(t, over(sim))
	token := login(t, wx, sim, "alice")
	s, err := wx.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	sim.Code("alice") // wx.login, and the code goes nowhere
	data, iv := sim.Encrypt("alice", map[string]string{"nickName": "Alice"})
	var v any
	if err := wx.Decrypt(t.Context(), s, data, iv, &v); core.CodeOf(err) != core.CodeInvalidSignature {
		t.Errorf("data under the phone's key: %v", err)
	}
	if !sim.CheckSession("alice") {
		t.Error("wx.checkSession says no")
	}
	if err := wx.CheckSessionKey(t.Context(), s); core.CodeOf(err) != core.CodeSessionKeyExpired {
		t.Errorf("the server's key: %v", err)
	}
	login(t, wx, sim, "alice")
	if err := wx.CheckSessionKey(t.Context(), s); err != nil {
		t.Errorf("after a login through the server: %v", err)
	}
}

func TestTheWhitelistConcernsTheAccessTokenAlone(t *testing.T) {
	sim := wxtest.NewServer(wxtest.Options{Whitelist: []string{"192.0.2.1"}, Errorf: t.Errorf})
	t.Cleanup(sim.Close)
	wx, _, _ := newManager(t, over(sim))
	login(t, wx, sim, "alice")
	if _, err := wx.PhoneNumber(t.Context(), "", sim.PhoneCode("alice", "13580006666")); core.CodeOf(err) != core.CodeMisconfigured {
		t.Errorf("a phone number: %v", err)
	}
}

// over has a manager ask another WeChat than it would.
func over(sim *wxtest.Server) func(*core.Config) {
	return func(c *core.Config) { c.AppID, c.Secret, c.APIBase = sim.AppID, core.NewSecret(sim.Secret), sim.URL }
}
