package core_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

// TestSecretsStayInside drives a manager through everything that can go wrong
// and looks for each of its secrets in everything that comes out: errors, log
// lines, replies, formatted values, and the store.
func TestSecretsStayInside(t *testing.T) {
	key := []byte("marker-aead-key-marker-aead-key-")
	w := newWorld(t, func(c *core.Config) {
		c.Keys = []core.Secret{core.NewSecret(string(key))}
		c.Store = "redis://user:marker-password@host"
		c.PhoneRoute = true
		c.Wafer = true
	})
	secrets := map[string]string{
		"AppSecret": w.wx.Secret, "AEAD key": string(key), "AEAD key in base64": base64.StdEncoding.EncodeToString(key),
		"AEAD key as numbers": strings.Trim(fmt.Sprint(key), "[]"), "store password": "marker-password",
	}
	var out bytes.Buffer
	show := func(values ...any) {
		for _, v := range values {
			fmt.Fprintf(&out, "%v %+v %#v %s %q %d\n", v, v, v, v, v, v)
			if js, err := json.Marshal(v); err == nil {
				out.Write(js)
			}
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
			slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
			if err, ok := v.(error); ok {
				for ; err != nil; err = errors.Unwrap(err) {
					fmt.Fprintf(&out, "%v %+v %#v\n", err, err, err)
				}
			}
		}
	}

	token, s := w.login(t, "o-alice")
	secrets["token"] = token
	secrets["session_key"] = w.wx.SessionKey("o-alice")
	api, err := w.Client("")
	if err != nil {
		t.Fatal(err)
	}
	show(api, w.Manager, s, *s, core.Identity{SessionKey: wxapi.Secret(w.wx.SessionKey("o-alice"))})
	if _, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666")); err != nil {
		t.Fatal(err)
	}
	secrets["access token"] = w.wx.AccessToken()
	data, iv := w.wx.PhoneData("o-alice", "13580006666")

	faults := []wxtest.Fault{
		{}, {Reset: true}, {LoseReply: true}, {Status: 502}, {Truncate: true}, {Huge: true},
		{ErrCode: 40029}, {ErrCode: 40163}, {ErrCode: 40125}, {ErrCode: 40164}, {ErrCode: 40001}, {ErrCode: 45009}, {ErrCode: 87009}, {ErrCode: -1},
	}
	for i, fault := range faults {
		w.wx.Heal()
		w.wx.Fail("", fault, wxtest.Always)
		code := w.wx.Code("o-alice")
		secrets[fmt.Sprint("code ", i)] = code
		_, _, err := w.Login(t.Context(), core.LoginRequest{Code: code})
		_, err2 := w.PhoneNumber(t.Context(), "", code)
		_, err3 := w.UserEncryptKeys(t.Context(), s)
		show(err, err2, err3, w.CheckSessionKey(t.Context(), s), w.ResetSessionKey(t.Context(), s))
		for _, c := range [][3]string{
			{"POST", "/wx/login", `{"code":"` + code + `"}`}, {"GET", "/wx/check?deep=1"}, {"GET", "/wx/sessions"},
			{"POST", "/wx/phone", `{"code":"` + code + `"}`}, {"POST", "/wx/login", `{"code":"` + code + `",`},
			{"GET", "/wx/wafer/login", ""},
		} {
			r, body := send(t, w.Manager, c[0], c[1], c[2], append(bearer(token), "X-WX-Code", code)...)
			delete(body, "3rd_session") // where it belongs
			delete(body, "session")
			delete(body, "data")
			show(r.Header, body)
			if r.Err != nil {
				show(r.Err)
			}
		}
	}
	for _, fault := range []wxtest.Fault{
		{ErrCode: 99999, ErrMsg: "an echo of " + w.wx.Secret},
		{Body: `{"errcode":40013,"errmsg":"` + w.wx.Secret + `"}`},
	} {
		w.wx.Heal()
		w.wx.Fail(code2Session, fault, wxtest.Always)
		_, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
		show(err)
	}
	w.wx.Heal()
	show(w.Decrypt(t.Context(), s, data, iv+"A", new(any)), w.VerifySignature(t.Context(), s, "x", "y"))
	secrets["session_key now"] = w.wx.SessionKey("o-alice")

	rotated, _, err := w.Rotate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	secrets["rotated token"] = rotated
	w.store.breakDown(context.DeadlineExceeded)
	_, err = w.Authenticate(t.Context(), rotated)
	show(err, w.Logout(t.Context(), rotated), w.LogoutUser(t.Context(), w.wx.AppID, "o-alice"))
	w.store.breakDown(nil)
	unreachable := w.manager(t, func(c *core.Config) { c.APIBase = "http://127.0.0.1:1" })
	_, _, err = unreachable.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
	show(err)
	slow := w.manager(t, func(c *core.Config) { c.HTTPClient = &http.Client{Timeout: time.Nanosecond} })
	_, _, err = slow.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
	show(err)
	out.WriteString(w.log.String())

	for name, secret := range secrets {
		if len(secret) < 12 {
			t.Fatalf("%s is too short to be looked for", name)
		}
		for _, form := range []string{secret, strings.ReplaceAll(secret, "/", `\/`), strings.ReplaceAll(secret, "+", "%2B")} {
			if i := strings.Index(out.String(), form); i >= 0 {
				t.Errorf("the %s comes out: …%s…", name, out.String()[max(0, i-200):min(out.Len(), i+80)])
			}
		}
	}
	if out.Len() < 10_000 {
		t.Errorf("only %d bytes came out: nothing was looked at", out.Len())
	}
	for _, value := range w.store.values {
		for name, secret := range secrets {
			if strings.Contains(value, secret) {
				t.Errorf("the %s stands in the store in clear", name)
			}
		}
	}
	for entry := range w.store.values { // keys and values
		if strings.Contains(entry, token) || strings.Contains(entry, "o-alice") {
			t.Errorf("the store has token or openid in clear: %q", entry)
		}
	}
}
