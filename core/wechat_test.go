package core_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

const (
	stableToken  = "/cgi-bin/stable_token"
	phoneNumber  = "/wxa/business/getuserphonenumber"
	checkSession = "/wxa/checksession"
)

func TestDecryptWithTheCurrentAndThePreviousKey(t *testing.T) {
	w := newWorld(t, nil)
	_, phone := w.login(t, "o-alice")
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	w.clock.Advance(time.Hour)
	_, tablet := w.login(t, "o-alice") // displaces the session_key
	fresh, freshIV := w.wx.PhoneData("o-alice", "13580007777")
	for _, s := range []*core.Session{phone, tablet} {
		var got wxapi.Phone
		if err := w.Decrypt(t.Context(), s, data, iv, &got); err != nil || got.PurePhoneNumber != "13580006666" {
			t.Errorf("under the previous key: %+v, %v", got, err)
		}
		if err := w.Decrypt(t.Context(), s, fresh, freshIV, &got); err != nil || got.PurePhoneNumber != "13580007777" {
			t.Errorf("under the current key: %+v, %v", got, err)
		}
		for text, previous := range map[string]bool{data: true, fresh: false} {
			vector := map[bool]string{true: iv, false: freshIV}[previous]
			if o, err := w.DecryptData(t.Context(), s, core.EncryptedData{Data: text, IV: vector}); err != nil || o.Previous != previous {
				t.Errorf("Previous is %v, %v", o.Previous, err)
			}
		}
	}
	w.clock.Advance(time.Hour)
	w.login(t, "o-alice")
	wantCode(t, w.Decrypt(t.Context(), phone, data, iv, new(any)), core.CodeInvalidSignature)
}

func TestDecryptRefusesWhatIsNotTheUsers(t *testing.T) {
	w := newWorld(t, nil)
	_, alice := w.login(t, "o-alice")
	_, bob := w.login(t, "o-bob")
	mine, iv := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-alice"})
	forged, forgedIV := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-bob"})
	var messages []string
	for name, err := range map[string]error{
		"another user's session":    w.Decrypt(t.Context(), bob, mine, iv, new(any)),
		"another user's openId":     w.Decrypt(t.Context(), alice, forged, forgedIV, new(any)),
		"garbage":                   w.Decrypt(t.Context(), alice, "AAAA", iv, new(any)),
		"a target of another shape": w.Decrypt(t.Context(), alice, mine, iv, new([]int)),
	} {
		if core.CodeOf(err) != core.CodeInvalidSignature {
			t.Errorf("%s: %v", name, err)
		}
		messages = append(messages, err.Error())
	}
	for _, m := range messages {
		if m != messages[0] {
			t.Errorf("the failures can be told apart: %q and %q", m, messages[0])
		}
	}
	if err := w.Decrypt(t.Context(), alice, mine, iv, new(any)); err != nil {
		t.Errorf("her own: %v", err)
	}
}

func TestFreshnessAndReplay(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	once := core.EncryptedData{Data: data, IV: iv, MaxAge: time.Minute, Once: true}
	if _, err := w.DecryptData(t.Context(), s, once); err != nil {
		t.Errorf("the first time: %v", err)
	}
	_, err := w.DecryptData(t.Context(), s, once)
	wantCode(t, err, core.CodeInvalidSignature)
	w.clock.Advance(time.Minute + time.Second)
	_, err = w.DecryptData(t.Context(), s, core.EncryptedData{Data: data, IV: iv, MaxAge: time.Minute})
	wantCode(t, err, core.CodeInvalidSignature)
	if _, err := w.DecryptData(t.Context(), s, core.EncryptedData{Data: data, IV: iv}); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	_, err = w.DecryptData(t.Context(), s, core.EncryptedData{Data: data, IV: iv, Once: true})
	wantCode(t, err, core.CodeBadRequest)
}

func TestVerifySignature(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	raw := `{"nickName":"微信用户"}`
	signature := w.wx.Sign("o-alice", raw)
	w.clock.Advance(time.Hour)
	w.login(t, "o-alice")
	for _, sig := range []string{signature, w.wx.Sign("o-alice", raw)} {
		if err := w.VerifySignature(t.Context(), s, raw, sig); err != nil {
			t.Error(err)
		}
	}
	wantCode(t, w.VerifySignature(t.Context(), s, raw+" ", signature), core.CodeInvalidSignature)
}

func TestWithoutASessionKeyTheClientIsToldToLogIn(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.IdentityProvider = core.InsecureTrustCloudHosting{} })
	_, s, err := w.Login(t.Context(), core.LoginRequest{Header: http.Header{
		"X-Wx-Source": {"wx_client"}, "X-Wx-Openid": {"o-alice"}, "X-Wx-Appid": {w.wx.AppID}, "X-Wx-Unionid": {"o-union"},
	}})
	if err != nil || s.OpenID != "o-alice" || s.UnionID != "o-union" {
		t.Fatalf("got %v, %v", s, err)
	}
	wantCode(t, w.Decrypt(t.Context(), s, "AAAA", "AAAA", new(any)), core.CodeSessionKeyExpired)
	wantCode(t, w.CheckSessionKey(t.Context(), s), core.CodeSessionKeyExpired)
	_, err = w.UserEncryptKeys(t.Context(), s)
	wantCode(t, err, core.CodeSessionKeyExpired)
}

func TestCloudHostingIsTrustedOnlyWithItsMarks(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.IdentityProvider = core.InsecureTrustCloudHosting{} })
	for name, h := range map[string]http.Header{
		"nothing":          {},
		"no source":        {"X-Wx-Openid": {"o-alice"}, "X-Wx-Appid": {w.wx.AppID}},
		"no openid":        {"X-Wx-Source": {"wx_client"}, "X-Wx-Appid": {w.wx.AppID}},
		"another app":      {"X-Wx-Source": {"wx_client"}, "X-Wx-Openid": {"o-alice"}, "X-Wx-Appid": {"wxother"}},
		"from another app": {"X-Wx-Source": {"wx_client"}, "X-Wx-From-Openid": {"o-alice"}, "X-Wx-From-Appid": {"wxother"}, "X-Wx-Openid": {"o-owner"}, "X-Wx-Appid": {w.wx.AppID}},
	} {
		if _, _, err := w.Login(t.Context(), core.LoginRequest{Header: h}); core.CodeOf(err) != core.CodeInvalidCode {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := w.Login(t.Context(), core.LoginRequest{}); core.CodeOf(err) != core.CodeInvalidCode {
		t.Errorf("no headers at all: %v", err)
	}
}

func TestCloudHostingTakesTheCallerOfAnotherAccountOnlyIfTold(t *testing.T) {
	shared := func(more ...string) http.Header {
		h := http.Header{"X-Wx-Source": {"wx_client"}, "X-Wx-From-Openid": {"o-alice"}, "X-Wx-From-Appid": {"wx0123456789abcdef"}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	for _, told := range []bool{false, true} {
		w := newWorld(t, func(c *core.Config) {
			c.AppID, c.IdentityProvider = "wx0123456789abcdef", core.InsecureTrustCloudHosting{ResourceSharing: told}
		})
		_, s, err := w.Login(t.Context(), core.LoginRequest{Header: shared()})
		if told && (err != nil || s.OpenID != "o-alice") {
			t.Errorf("told so: %v, %v", s, err)
		}
		if !told {
			wantCode(t, err, core.CodeInvalidCode)
		}
		for name, h := range map[string]http.Header{
			"both names":     shared("X-Wx-Openid", "o-bob", "X-Wx-Appid", "wx0123456789abcdef"),
			"another app":    shared("X-Wx-From-Appid", "wxother"),
			"a plain appid":  shared("X-Wx-From-Appid", "", "X-Wx-Appid", "wx0123456789abcdef"),
			"without source": shared("X-Wx-Source", ""),
		} {
			if _, _, err := w.Login(t.Context(), core.LoginRequest{Header: h}); core.CodeOf(err) != core.CodeInvalidCode {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestLoginsNeedNoAccessToken(t *testing.T) {
	w := newWorld(t, nil)
	w.login(t, "o-alice")
	if n := w.wx.Calls(stableToken) + w.wx.Calls("/cgi-bin/token"); n != 0 {
		t.Errorf("%d access tokens were fetched", n)
	}
}

func TestAllInstancesShareOneAccessToken(t *testing.T) {
	for _, path := range []string{stableToken, "/cgi-bin/token"} {
		mode := map[string]wxapi.TokenMode{stableToken: wxapi.StableToken, "/cgi-bin/token": wxapi.NormalToken}[path]
		change := func(c *core.Config) { c.AccessToken = mode; c.PhoneRoute = true }
		w := newWorld(t, change)
		managers := []*core.Manager{w.Manager, w.manager(t, change)}
		phones := func() {
			t.Helper()
			var group sync.WaitGroup
			for i := range 10 {
				code := w.wx.PhoneCode("o-alice", "13580006666")
				group.Go(func() {
					phone, err := managers[i%2].PhoneNumber(t.Context(), "", code)
					if err != nil || phone.CountryCode != "86" {
						t.Errorf("got %+v, %v", phone, err)
					}
				})
			}
			group.Wait()
		}
		want := func(n int) {
			t.Helper()
			if got := w.wx.Calls(path); got != n {
				t.Errorf("%s: %d tokens were fetched, want %d", path, got, n)
			}
		}
		phones()
		want(1)
		w.clock.Advance(2*time.Hour - 4*time.Minute - time.Second)
		phones()
		want(1)
		w.clock.Advance(time.Second) // four minutes before its end one instance fetches another
		phones()
		want(2)
	}
}

func TestARefusedAccessTokenIsReplacedOnce(t *testing.T) {
	for _, errcode := range []int{40001, 42001, 40014} {
		w := newWorld(t, nil)
		phone := func() error {
			_, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666"))
			return err
		}
		if err := phone(); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute) // WeChat forces a refresh every 30 s at most
		w.wx.Fail(phoneNumber, wxtest.Fault{ErrCode: errcode}, 1)
		if err := phone(); err != nil {
			t.Errorf("%d: %v", errcode, err)
		}
		if n := w.wx.Calls(stableToken); n != 3 { // asked kindly, it gives the same
			t.Errorf("%d: %d tokens were fetched, want 3", errcode, n)
		}
		w.clock.Advance(time.Minute)
		w.wx.Fail(phoneNumber, wxtest.Fault{ErrCode: errcode}, wxtest.Always)
		before := w.wx.Calls(phoneNumber)
		wantCode(t, phone(), core.CodeWeChatUnavailable)
		if n := w.wx.Calls(phoneNumber) - before; n != 2 {
			t.Errorf("%d: tried %d times, want 2", errcode, n)
		}
	}
}

func TestATokenThatCannotBeRefreshedAheadIsUsedToItsEnd(t *testing.T) {
	w := newWorld(t, nil)
	phone := func() error {
		_, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666"))
		return err
	}
	if err := phone(); err != nil {
		t.Fatal(err)
	}
	w.wx.Fail(stableToken, wxtest.Fault{Status: 502}, wxtest.Always)
	w.clock.Advance(2*time.Hour - 3*time.Minute)
	if err := phone(); err != nil {
		t.Errorf("three minutes before its end: %v", err)
	}
	w.clock.Advance(3 * time.Minute)
	wantCode(t, phone(), core.CodeWeChatUnavailable)
	w.wx.Heal()
	if err := phone(); err != nil {
		t.Errorf("after the trouble: %v", err)
	}
}

func TestAnAddressThatIsNotWhitelistedIsNamedInTheLog(t *testing.T) {
	w := newWorld(t, nil)
	w.wx.Fail(stableToken, wxtest.Fault{ErrCode: 40164}, wxtest.Always)
	_, err := w.PhoneNumber(t.Context(), "", "some-code")
	wantCode(t, err, core.CodeMisconfigured)
	var e *core.Error
	if !errors.As(err, &e) || e.ErrCode != 40164 || e.RID == "" || !strings.Contains(e.Error(), "invalid ip") {
		t.Errorf("got %v", err)
	}
}

func TestPhoneRoute(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.PhoneRoute = true })
	token, _ := w.login(t, "o-alice")
	post := func(code string) (core.Reply, map[string]any) {
		return send(t, w.Manager, "POST", "/wx/phone", `{"code":"`+code+`"}`, bearer(token)...)
	}
	for _, number := range []bool{false, true} {
		w.wx.Fail(phoneNumber, wxtest.Fault{CountryCodeNumber: number}, 1)
		r, _ := post(w.wx.PhoneCode("o-alice", "13580006666"))
		if want := `{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86"}`; r.Status != 200 || string(r.Body) != want {
			t.Errorf("status %d, body %s", r.Status, r.Body)
		}
	}
	for name, c := range map[string]struct {
		code string
		want core.Code
	}{
		"wx.login's code":      {w.wx.Code("o-alice"), core.CodeInvalidCode},
		"another user's code":  {w.wx.PhoneCode("o-bob", "13580006666"), core.CodeInvalidCode},
		"no code":              {"", core.CodeBadRequest},
		"a code with newlines": {`a\nb`, core.CodeBadRequest},
	} {
		if r, body := post(c.code); r.Status != 400 || body["error"] != string(c.want) || strings.Contains(string(r.Body), "wx.login") {
			t.Errorf("%s: status %d, body %s", name, r.Status, r.Body)
		}
	}
	if r, _ := send(t, w.Manager, "POST", "/wx/phone", `{"code":"x"}`); r.Status != 401 {
		t.Errorf("without a session: status %d", r.Status)
	}
	for _, route := range newWorld(t, nil).Routes() {
		if strings.HasSuffix(route.Path, "/phone") {
			t.Error("the route is mounted without PhoneRoute")
		}
	}
}

func TestDeepCheckAsksWeChat(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	deep := func() (core.Reply, map[string]any) {
		return send(t, w.Manager, "GET", "/wx/check?deep=1", "", bearer(token)...)
	}
	if r, body := deep(); r.Status != 200 || body["session_key_valid"] != true {
		t.Errorf("status %d, body %s", r.Status, r.Body)
	}
	w.wx.RotateSessionKey("o-alice")
	w.clock.Advance(10*time.Second - time.Millisecond)
	if _, body := deep(); body["session_key_valid"] != true || w.wx.Calls(checkSession) != 1 {
		t.Errorf("WeChat's word is kept for ten seconds: %v", body)
	}
	w.clock.Advance(time.Millisecond)
	if r, body := deep(); r.Status != 200 || body["session_key_valid"] != false || body["expires_in"] == nil {
		t.Errorf("with a dead session_key: status %d, body %s", r.Status, r.Body)
	}
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Errorf("the business session died with the session_key: %v", err)
	}
	w.clock.Advance(10 * time.Second)
	w.wx.Fail(checkSession, wxtest.Fault{Status: 500}, wxtest.Always)
	if r, body := deep(); r.Status != 503 || body["error"] != "wechat_unavailable" {
		t.Errorf("WeChat does not answer: status %d, body %s", r.Status, r.Body)
	}
}

func TestRequireSessionKeyAsksOncePerMaxAge(t *testing.T) {
	w := newWorld(t, nil)
	s, _ := w.login(t, "o-alice")
	other, _ := w.login(t, "o-alice")
	second := w.manager(t, nil)
	require := func(m *core.Manager, token string) error {
		_, _, err := m.RequireSessionKey(t.Context(), core.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}, time.Hour)
		return err
	}
	asked := func(want int) {
		t.Helper()
		if n := w.wx.Calls(checkSession); n != want {
			t.Errorf("WeChat was asked %d times, want %d", n, want)
		}
	}
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			if err := require(w.Manager, s); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := errors.Join(require(w.Manager, other), require(second, s)); err != nil {
		t.Error(err)
	}
	asked(1)
	w.wx.RotateSessionKey("o-alice")
	w.clock.Advance(time.Hour - time.Millisecond)
	if err := require(second, s); err != nil {
		t.Error(err)
	}
	asked(1)
	w.clock.Advance(time.Millisecond)
	for range 3 {
		wantCode(t, require(second, s), core.CodeSessionKeyExpired)
	}
	asked(2)
	w.login(t, "o-alice") // brings the new key, and forgets the verdict
	if err := require(w.Manager, s); err != nil {
		t.Errorf("after a new login: %v", err)
	}
	asked(3)
}

func TestResetSessionKey(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	old := w.wx.SessionKey("o-alice")
	if err := w.ResetSessionKey(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if w.wx.SessionKey("o-alice") == old {
		t.Error("WeChat has the old key still")
	}
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	if err := w.Decrypt(t.Context(), s, data, iv, new(any)); err != nil {
		t.Errorf("the ring has not learnt the new key: %v", err)
	}
	if err := w.CheckSessionKey(t.Context(), s); err != nil {
		t.Error(err)
	}
	w.wx.RotateSessionKey("o-alice")
	wantCode(t, w.ResetSessionKey(t.Context(), s), core.CodeSessionKeyExpired)
}

func TestUserEncryptKeysOpenWhatTheClientEncrypted(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login(t, "o-alice")
	client := w.wx.LatestUserKey("o-alice")
	keys, err := w.UserEncryptKeys(t.Context(), s)
	if err != nil || len(keys) == 0 {
		t.Fatal(err)
	}
	found := false
	for _, k := range keys {
		found = found || k.Version == client.Version && k.IV == client.IV
	}
	if !found {
		t.Error("the client's key is not among them")
	}
}

func TestTheOtherCallsWorkThroughTheSharedClient(t *testing.T) {
	w := newWorld(t, nil)
	api, err := w.Client("")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := api.PluginOpenPID(t.Context(), w.wx.PluginCode("o-alice")); err != nil || id == "" {
		t.Errorf("PluginOpenPID: %q, %v", id, err)
	}
	data, _ := w.wx.PhoneData("o-alice", "13580006666")
	if ok, _, err := api.CheckEncryptedMsg(t.Context(), data); err != nil || !ok {
		t.Errorf("CheckEncryptedMsg: %v, %v", ok, err)
	}
	if n := w.wx.Calls(stableToken); n != 1 {
		t.Errorf("%d access tokens, want 1", n)
	}
	_, err = w.Client("wxother")
	wantCode(t, err, core.CodeBadRequest)
}

func TestKeysCanBeLostWithoutHarm(t *testing.T) {
	key := func(b byte) []core.Secret { return []core.Secret{core.NewSecret(strings.Repeat(string(b), 32))} }
	w := newWorld(t, func(c *core.Config) { c.Keys = key('a') })
	token, s := w.login(t, "o-alice")
	data, iv := w.wx.PhoneData("o-alice", "13580006666")
	other := w.manager(t, func(c *core.Config) { c.Keys = key('b') })
	wantCode(t, other.Decrypt(t.Context(), s, data, iv, new(any)), core.CodeSessionKeyExpired)
	_, err := other.Authenticate(t.Context(), token)
	wantCode(t, err, core.CodeInvalidSession)
	if _, s, err = other.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")}); err != nil {
		t.Fatal(err)
	}
	var got json.RawMessage
	if err := other.Decrypt(t.Context(), s, data, iv, &got); err != nil || !strings.Contains(string(got), "13580006666") {
		t.Errorf("after a new login: %s, %v", got, err)
	}
}
