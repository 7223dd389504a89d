package wxapi_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

// newComponent returns the platform "wxplatform", which has the token "t".
func newComponent(t *testing.T, wx *wxtest.Server, token func(context.Context) (wxapi.Secret, error)) *wxapi.Component {
	t.Helper()
	p, err := wxapi.NewComponent(wxapi.Config{AppID: "wxplatform", Bases: []string{wx.URL}}, token)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func component(token wxapi.Secret, err error) func(context.Context) (wxapi.Secret, error) {
	return func(context.Context) (wxapi.Secret, error) { return token, err }
}

func TestComponent(t *testing.T) {
	wx := newWeChat(t)
	other := wx.AddApp("wx2", "")
	wx.AddPlatform("wxplatform", "t", wx.AppID)
	p := newComponent(t, wx, component("t", nil))
	s, err := p.Code2Session(t.Context(), wx.AppID, wx.Code("o1"))
	if err != nil || s.OpenID != "o1" || s.SessionKey.Reveal() != wx.SessionKey("o1") {
		t.Errorf("%q, %v", s.OpenID, err)
	}
	for name, test := range map[string]struct {
		appid, code string
		kind        wxapi.Kind
		errcode     int
	}{
		"a made-up code":                {wx.AppID, "x", wxapi.KindInvalidCode, 40029},
		"no code":                       {wx.AppID, "", wxapi.KindInvalidCode, 0},
		"a long code":                   {wx.AppID, strings.Repeat("c", wxapi.MaxCode+1), wxapi.KindInvalidCode, 0},
		"an app that has not consented": {"wx2", other.Code("o1"), wxapi.KindMisconfigured, 61003},
		"an unknown app":                {"wx3", "x", wxapi.KindMisconfigured, 40013},
		"no app":                        {"", "x", wxapi.KindMisconfigured, 41002},
	} {
		_, err := p.Code2Session(t.Context(), test.appid, test.code)
		if e, ok := errors.AsType[*wxapi.Error](err); !ok || e.Kind != test.kind || e.ErrCode != test.errcode {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestComponentToken(t *testing.T) {
	wx := newWeChat(t)
	wx.AddPlatform("wxplatform", "t", wx.AppID)
	if _, err := wxapi.NewComponent(wxapi.Config{AppID: "wx1"}, nil); err == nil {
		t.Error("accepted without a source")
	}
	_, err := newComponent(t, wx, component("wrong", nil)).Code2Session(t.Context(), wx.AppID, wx.Code("o1"))
	if e := wantError(t, err, wxapi.KindMisconfigured); e.ErrCode != 40094 {
		t.Error(err)
	}
	sick := errors.New("the store is sick")
	_, err = newComponent(t, wx, component("", sick)).Code2Session(t.Context(), wx.AppID, wx.Code("o1"))
	if wantError(t, err, wxapi.KindUnavailable); !errors.Is(err, sick) {
		t.Error(err)
	}
}
