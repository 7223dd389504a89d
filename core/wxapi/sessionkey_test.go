package wxapi_test

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func TestCheckSessionKey(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	old := wxapi.Secret(wx.SessionKey("o1"))
	if err := c.CheckSessionKey(t.Context(), "o1", old); err != nil {
		t.Error(err)
	}
	current := wxapi.Secret(wx.RotateSessionKey("o1"))
	wantError(t, c.CheckSessionKey(t.Context(), "o1", old), wxapi.KindInvalidSignature)
	if err := c.CheckSessionKey(t.Context(), "o1", current); err != nil {
		t.Error(err)
	}
	wx.Advance(100 * time.Hour)
	wantError(t, c.CheckSessionKey(t.Context(), "o1", current), wxapi.KindInvalidSignature)
	wantError(t, c.CheckSessionKey(t.Context(), "nobody", current), wxapi.KindRejected)
}

// An empty object is no consent.
func TestCheckSessionKeyWantsAnErrCode(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	wx.Fail(checkPath, wxtest.Fault{Body: "{}"}, wxtest.Always)
	wantError(t, c.CheckSessionKey(t.Context(), "o1", wxapi.Secret(wx.SessionKey("o1"))), wxapi.KindUnavailable)
}

func TestResetSessionKey(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	old := wxapi.Secret(wx.SessionKey("o1"))
	fresh, err := c.ResetSessionKey(t.Context(), "o1", old)
	if err != nil || fresh == old || fresh.Reveal() != wx.SessionKey("o1") {
		t.Errorf("changed %v, current %v, %v", fresh != old, fresh.Reveal() == wx.SessionKey("o1"), err)
	}
	_, err = c.ResetSessionKey(t.Context(), "o1", old)
	wantError(t, err, wxapi.KindInvalidSignature)
}

// A key that is not 16 bytes is no key.
func TestResetSessionKeyWantsAKey(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	for _, body := range []string{
		`{"errcode":0,"openid":"o1"}`,
		`{"errcode":0,"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEU"}`,
	} {
		wx.Fail("/wxa/resetusersessionkey", wxtest.Fault{Body: body}, 1)
		_, err := c.ResetSessionKey(t.Context(), "o1", wxapi.Secret(wx.SessionKey("o1")))
		wantError(t, err, wxapi.KindUnavailable)
	}
}
