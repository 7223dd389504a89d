package wxotel_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// planted are texts that must not leave the process.
type planted map[string]string

func (p planted) check(t *testing.T, exported string) {
	t.Helper()
	for what, text := range p {
		if len(text) < 4 {
			t.Errorf("%s: %q is too short to be looked for", what, text)
		}
		if i := strings.Index(exported, text); i >= 0 {
			t.Errorf("%s is exported: …%s…", what, exported[max(0, i-80):min(len(exported), i+80)])
		}
	}
}

func TestNothingThatIsExportedHoldsASecretOrAUser(t *testing.T) {
	p := planted{
		"an openid": "o-planted-openid", "another openid": "o-planted-other", "a unionid": "u-planted-unionid",
		"the client's address": "198.51.100.77", "a device": "planted-device", "an attribute's name": "planted-name",
		"an attribute": "planted-value", "the store's error": "planted-password@10.9.8.7", "the application's error": "planted-dsn",
		"the application's own code": "planted_code_of_o", "a phone number": "13580007777", "a made-up code": "plantedcode",
		"a path": "planted-path-id",
	}
	w := newWorld(t, func(c *core.Config) {
		c.LimitAddress, c.MaxSessions = core.Rate{N: 100, Per: time.Hour}, 3
		c.OnLogin = func(ctx context.Context, d *core.Draft) error {
			if d.OpenID == p["another openid"] {
				return errors.New(p["the application's error"])
			}
			d.SetAttr(p["an attribute's name"], p["an attribute"])
			return nil
		}
	})
	p["the AppSecret"] = w.wx.Secret
	everything(t, w, p)
	p["the session_key"] = w.wx.SessionKey(p["an openid"])
	if n := strings.Count(w.exported(), "wxsession.login"); n < 10 {
		t.Fatalf("a login shows %d times: what was exported is not looked at", n)
	}
	p.check(t, w.exported())
}

// everything drives a manager through all that has a text of a client's, of a
// user's, or of the application's.
func everything(t *testing.T, w *world, p planted) {
	t.Helper()
	ctx, openID := t.Context(), p["an openid"]
	code := w.wx.Code(openID)
	token, s, err := w.Login(ctx, core.LoginRequest{Code: code, Device: p["a device"]})
	w.ok(err)
	p["a code"], p["a token"], p["a session's id"] = code, token, s.ID
	for _, code := range []string{p["a made-up code"], w.wx.Code(p["another openid"]), code} {
		w.route("POST", "/wx/login", p["the client's address"], `{"code":"`+code+`"}`, "")
	}
	_, _, err = w.Issue(ctx, "", core.Identity{OpenID: openID, UnionID: p["a unionid"]}, p["a device"])
	w.ok(err)
	data, iv := w.wx.Encrypt(openID, map[string]any{"openId": openID})
	var v any
	w.ok(w.Decrypt(ctx, s, data, iv, &v))
	_ = w.Decrypt(ctx, s, data, "", &v)
	_, err = w.PhoneNumber(ctx, "", w.wx.PhoneCode(openID, p["a phone number"]))
	w.ok(err)
	w.ok(w.CheckSessionKey(ctx, s))
	w.ok(w.Update(ctx, s, func(d *core.Draft) error { d.SetAttr(p["an attribute's name"], p["an attribute"]+"2"); return nil }))
	ticket, err := w.NewTicket(ctx, s)
	w.ok(err)
	p["a ticket"] = ticket
	_, _, err = w.RedeemTicket(ctx, ticket, p["a device"])
	w.ok(err)
	newer, _, err := w.Rotate(ctx, token)
	w.ok(err)
	p["a newer token"] = newer
	_, err = w.Authenticate(ctx, newer)
	w.ok(err)
	_ = w.Revoke(ctx, "", openID, p["a path"])
	w.refuse(ctx, core.NewError(409, core.Code(p["the application's own code"]), p["an attribute"]))
	w.store.set(func() { w.store.down = errors.New(p["the store's error"]) })
	_, err = w.Authenticate(ctx, newer)
	w.refuse(ctx, err)
	w.store.set(func() { w.store.down = nil })
	for _, fault := range []wxtest.Fault{{Reset: true}, {Status: 502}, {Body: p["an openid"]}, {ErrCode: 40029, ErrMsg: p["an openid"]}, {ErrCode: 99999}} {
		w.ok(w.wx.Fail("", fault, 3))
		_, _, err := w.Login(ctx, core.LoginRequest{Code: w.wx.Code(openID)})
		w.refuse(ctx, err)
		_, err = w.PhoneNumber(ctx, "", p["a made-up code"])
		w.refuse(ctx, err)
		w.wx.Heal()
	}
	w.ok(w.LogoutUser(ctx, s.AppID, openID))
}
