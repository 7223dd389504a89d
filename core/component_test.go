package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
)

func TestLoginThroughAThirdPartyPlatform(t *testing.T) {
	w := newWorld(t, nil)
	w.wx.AddApp("wxforeign", "another-secret-altogether")
	w.wx.AddPlatform("wxplatform", "component-token", w.wx.AppID)
	var token, failure = wxapi.Secret("component-token"), error(nil)
	platform, err := wxapi.NewComponent(wxapi.Config{AppID: "wxplatform", Bases: []string{w.wx.URL}},
		func(context.Context) (wxapi.Secret, error) { return token, failure })
	if err != nil {
		t.Fatal(err)
	}
	m := w.manager(t, func(c *core.Config) {
		c.Secret, c.IdentityProvider = core.Secret{}, core.NewComponentProvider(platform)
		c.Apps = []core.App{{AppID: "wxforeign", IdentityProvider: c.IdentityProvider}}
	})
	login := func(appid, code string) error {
		_, s, err := m.Login(t.Context(), core.LoginRequest{AppID: appid, Code: code})
		if err == nil && (s.OpenID != "o-alice" || s.AppID != w.wx.AppID) {
			t.Errorf("got %v", s)
		}
		return err
	}
	code := w.wx.Code("o-alice")
	if err := login(w.wx.AppID, code); err != nil {
		t.Error(err)
	}
	wantCode(t, login(w.wx.AppID, code), core.CodeCodeUsed)
	wantCode(t, login(w.wx.AppID, ""), core.CodeBadRequest)
	wantCode(t, login("wxforeign", w.wx.CodeFor("wxforeign", "o-alice")), core.CodeMisconfigured) // 61003
	token = "a-token-that-is-not-current"
	wantCode(t, login(w.wx.AppID, w.wx.Code("o-alice")), core.CodeMisconfigured) // 40094
	failure = errors.New("the platform's token store is down")
	wantCode(t, login(w.wx.AppID, w.wx.Code("o-alice")), core.CodeWeChatUnavailable)
	if n := w.wx.Calls("/sns/jscode2session"); n != 0 {
		t.Errorf("the app's own endpoint was called %d times", n)
	}
	_, err = m.Client("")
	wantCode(t, err, core.CodeMisconfigured)
	if _, err := wxapi.NewComponent(wxapi.Config{AppID: "wxplatform"}, nil); err == nil {
		t.Error("a platform without a token source was taken")
	}
}

func TestQQIsAMatterOfConfiguration(t *testing.T) {
	qq := newWorld(t, nil)
	w := newWorld(t, nil)
	m := w.manager(t, func(c *core.Config) {
		c.Apps = []core.App{{AppID: "1109999999", Secret: core.NewSecret("qq-secret"), APIBase: qq.wx.URL}}
	})
	qq.wx.AddApp("1109999999", "qq-secret")
	_, s, err := m.Login(t.Context(), core.LoginRequest{AppID: "1109999999", Code: qq.wx.CodeFor("1109999999", "o-qq")})
	if err != nil || s.AppID != "1109999999" || s.OpenID != "o-qq" {
		t.Errorf("got %v, %v", s, err)
	}
	if _, _, err := m.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-wx")}); err != nil {
		t.Errorf("the other app: %v", err)
	}
}

// An application's provider may not call one of ours: that has no limits, no
// breaker and no clock of its own.
func TestAProviderOfOursOutsideAManagerFails(t *testing.T) {
	_, err := core.NewComponentProvider(new(wxapi.Component)).Identify(t.Context(), core.LoginRequest{Code: "x"})
	wantCode(t, err, core.CodeAppUnavailable)
}
