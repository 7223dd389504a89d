package wxtest_test

import (
	"testing"

	"github.com/wxsession/wxsession/core/wxtest"
)

func TestAppsDoNotMix(t *testing.T) {
	wx := newServer(t, wxtest.Options{AppID: "wx1", Secret: "s1", UnionIDs: true})
	other := wx.AddApp("wx2", "s2")
	if a := send(t, wx, loginPath, loginQuery(other, wx.Code("o1")), ""); a.errcode() != 40029 {
		t.Errorf("a code of another app: %s", a.body)
	}
	mine := login(t, wx, wx.Code(wx.OpenID("alice")))
	theirs := send(t, wx, loginPath, loginQuery(other, wx.CodeFor("wx2", other.OpenID("alice"))), "")
	if mine.text("openid") == theirs.text("openid") || mine.text("session_key") == theirs.text("session_key") {
		t.Error("one openid or session_key in two apps")
	}
	if mine.text("unionid") == "" || mine.text("unionid") != theirs.text("unionid") {
		t.Error("two unionids of one user")
	}
	if wx.AddApp("wx2", "changed") != other {
		t.Error("an app was forgotten")
	}
	if a := send(t, wx, loginPath, loginQuery(&wxtest.App{AppID: "wx2", Secret: "s2"}, other.Code("o1")), ""); a.errcode() != 40125 {
		t.Errorf("the old secret: %s", a.body)
	}
}
