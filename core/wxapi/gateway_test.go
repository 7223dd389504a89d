package wxapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

const (
	stablePath = "/cgi-bin/stable_token"
	phonePath  = "/wxa/business/getuserphonenumber"
	checkPath  = "/wxa/checksession"
)

// tokens is a TokenSource that remembers one token of wx.
type tokens struct {
	wx    *wxtest.Server
	held  wxapi.Secret
	stale []wxapi.Secret // what it was asked with
	err   error
}

func (s *tokens) Token(_ context.Context, stale wxapi.Secret) (wxapi.Secret, error) {
	s.stale = append(s.stale, stale)
	if s.held == "" || s.held == stale {
		s.held = wxapi.Secret(s.wx.AccessToken())
	}
	return s.held, s.err
}

func withTokens(s wxapi.TokenSource) func(*wxapi.Config) {
	return func(c *wxapi.Config) { c.Tokens = s }
}

func TestFetchToken(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx)
	fetch := func(mode wxapi.TokenMode, force bool) wxapi.Secret {
		t.Helper()
		token, left, err := c.FetchToken(t.Context(), mode, force)
		if err != nil || left < 7190*time.Second || left > 7200*time.Second {
			t.Fatalf("%v, %v", left, err)
		}
		return token
	}
	first := fetch(wxapi.StableToken, false)
	if first.Reveal() == "" || fetch(wxapi.StableToken, false) != first {
		t.Error("the stable token is not stable")
	}
	if fetch(wxapi.StableToken, true) == first {
		t.Error("force gave the same token")
	}
	if a, b := fetch(wxapi.NormalToken, false), fetch(wxapi.NormalToken, false); a == b {
		t.Error("the normal token is stable")
	}
}

func TestFetchTokenErrors(t *testing.T) {
	for name, test := range map[string]struct {
		fault wxtest.Fault
		kind  wxapi.Kind
	}{
		"40001":        {wxtest.Fault{ErrCode: 40001}, wxapi.Misconfigured},
		"40013":        {wxtest.Fault{ErrCode: 40013}, wxapi.Misconfigured},
		"40125":        {wxtest.Fault{ErrCode: 40125}, wxapi.Misconfigured},
		"40164":        {wxtest.Fault{ErrCode: 40164}, wxapi.Misconfigured},
		"40243":        {wxtest.Fault{ErrCode: 40243}, wxapi.Misconfigured},
		"45009":        {wxtest.Fault{ErrCode: 45009}, wxapi.RateLimited},
		"50004":        {wxtest.Fault{ErrCode: 50004}, wxapi.Misconfigured},
		"89503":        {wxtest.Fault{ErrCode: 89503}, wxapi.Misconfigured},
		"-1":           {wxtest.Fault{ErrCode: -1}, wxapi.Unavailable},
		"HTML":         {wxtest.Fault{Status: 502}, wxapi.Unavailable},
		"no token":     {wxtest.Fault{Body: `{"expires_in":7200}`}, wxapi.Unavailable},
		"no time":      {wxtest.Fault{Body: `{"access_token":"t"}`}, wxapi.Unavailable},
		"time over":    {wxtest.Fault{Body: `{"access_token":"t","expires_in":-1}`}, wxapi.Unavailable},
		"endless time": {wxtest.Fault{Body: `{"access_token":"t","expires_in":99999999999}`}, wxapi.Unavailable},
		"line break":   {wxtest.Fault{Body: `{"access_token":"t\r\n","expires_in":7200}`}, wxapi.Unavailable},
	} {
		for _, mode := range []wxapi.TokenMode{wxapi.StableToken, wxapi.NormalToken} {
			wx := newWeChat(t)
			wx.Fail("", test.fault, wxtest.Always)
			_, _, err := newClient(t, wx).FetchToken(t.Context(), mode, false)
			if e, ok := errors.AsType[*wxapi.Error](err); !ok || e.Kind != test.kind || e.ErrCode != test.fault.ErrCode {
				t.Errorf("%s, mode %d: %v", name, mode, err)
			}
		}
	}
}

// The message names the address that the operator has to enter in the console.
func TestFetchTokenOutsideTheWhitelist(t *testing.T) {
	wx := newWeChat(t, wxtest.Options{Whitelist: []string{"192.0.2.0/24"}})
	_, _, err := newClient(t, wx).FetchToken(t.Context(), wxapi.StableToken, false)
	if e := wantError(t, err, wxapi.Misconfigured); e.ErrCode != 40164 || !strings.Contains(e.ErrMsg, "127.0.0.1") {
		t.Error(err)
	}
	if _, err := newClient(t, wx).Code2Session(t.Context(), wx.Code("o1")); err != nil {
		t.Errorf("the whitelist is not for logins: %v", err)
	}
}

func TestPhoneNumber(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	for number, want := range map[string]wxapi.Phone{
		"13580006666":   {PhoneNumber: "13580006666", PurePhoneNumber: "13580006666", CountryCode: "86"},
		"+852 51234567": {PhoneNumber: "+85251234567", PurePhoneNumber: "51234567", CountryCode: "852"},
	} {
		for _, asNumber := range []bool{false, true} {
			wx.Fail(phonePath, wxtest.Fault{CountryCodeNumber: asNumber}, 1)
			if got, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", number), "o1"); err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
		}
	}
	if _, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), ""); err != nil {
		t.Errorf("without openid: %v", err)
	}
}

func TestPhoneNumberRefuses(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	used := wx.PhoneCode("o1", "1")
	if _, err := c.PhoneNumber(t.Context(), used, "o1"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		code string
		kind wxapi.Kind
	}{
		"a used code":         {used, wxapi.InvalidCode},
		"a login code":        {wx.Code("o1"), wxapi.InvalidCode},
		"a made-up code":      {"x", wxapi.InvalidCode},
		"another user's code": {wx.PhoneCode("o2", "1"), wxapi.Rejected},
		"no code":             {"", wxapi.InvalidCode},
		"a long code":         {strings.Repeat("c", wxapi.MaxCode+1), wxapi.InvalidCode},
	} {
		_, err := c.PhoneNumber(t.Context(), test.code, "o1")
		if e, ok := errors.AsType[*wxapi.Error](err); !ok || e.Kind != test.kind || strings.Contains(e.ErrMsg, "hint") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{
		`{"errcode":0,"errmsg":"ok"}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":[]}}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":-86}}`,
		`{"errcode":0,"phone_info":{"phoneNumber":"1","purePhoneNumber":"1","countryCode":"86","watermark":{"appid":"wx2"}}}`,
	} {
		wx.Fail(phonePath, wxtest.Fault{Body: body}, 1)
		_, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), "o1")
		wantError(t, err, wxapi.Unavailable)
	}
}

func TestBadTokenIsReplacedOnce(t *testing.T) {
	for _, errcode := range []int{40001, 40014, 42001} {
		wx := newWeChat(t)
		source := &tokens{wx: wx}
		c := newClient(t, wx, withTokens(source))
		wx.Fail(phonePath, wxtest.Fault{ErrCode: errcode}, 1)
		if _, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), "o1"); err != nil {
			t.Errorf("%d: %v", errcode, err)
		}
		if len(source.stale) != 2 || source.stale[0] != "" || source.stale[1] == "" {
			t.Errorf("%d: the source was asked %d times", errcode, len(source.stale))
		}
		wx.Fail(phonePath, wxtest.Fault{ErrCode: errcode}, wxtest.Always)
		_, err := c.PhoneNumber(t.Context(), wx.PhoneCode("o1", "1"), "o1")
		wantError(t, err, wxapi.BadToken)
		if n := wx.Calls(phonePath); n != 4 {
			t.Errorf("%d: %d calls, want 4", errcode, n)
		}
	}
}

func TestRevokedTokenIsReplaced(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	key := wxapi.Secret(wx.SessionKey("o1"))
	for range 2 {
		if err := c.CheckSessionKey(t.Context(), "o1", key); err != nil {
			t.Fatal(err)
		}
		wx.RevokeTokens()
	}
}

func TestWithoutTokens(t *testing.T) {
	wx := newWeChat(t)
	_, err := newClient(t, wx).PhoneNumber(t.Context(), "code", "o1")
	if e := wantError(t, err, wxapi.Misconfigured); !strings.Contains(e.Error(), "Config.Tokens") {
		t.Error(err)
	}
	if n := wx.Calls(""); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// What the source says is passed on: its kind if it asked WeChat, its cause.
func TestFailingTokenSource(t *testing.T) {
	wx := newWeChat(t)
	sick := errors.New("the store is sick")
	_, err := newClient(t, wx, withTokens(&tokens{wx: wx, err: sick})).PhoneNumber(t.Context(), "code", "o1")
	if wantError(t, err, wxapi.Unavailable); !errors.Is(err, sick) {
		t.Error(err)
	}
	refused := &wxapi.Error{Kind: wxapi.Misconfigured, ErrCode: 40164}
	err = newClient(t, wx, withTokens(&tokens{wx: wx, err: refused})).CheckSessionKey(t.Context(), "o1", "k")
	if wantError(t, err, wxapi.Misconfigured); !errors.Is(err, refused) {
		t.Error(err)
	}
}

func TestCheckSessionKey(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	old := wxapi.Secret(wx.SessionKey("o1"))
	if err := c.CheckSessionKey(t.Context(), "o1", old); err != nil {
		t.Error(err)
	}
	current := wxapi.Secret(wx.RotateSessionKey("o1"))
	wantError(t, c.CheckSessionKey(t.Context(), "o1", old), wxapi.InvalidSignature)
	if err := c.CheckSessionKey(t.Context(), "o1", current); err != nil {
		t.Error(err)
	}
	wx.Advance(100 * time.Hour)
	wantError(t, c.CheckSessionKey(t.Context(), "o1", current), wxapi.InvalidSignature)
	wantError(t, c.CheckSessionKey(t.Context(), "nobody", current), wxapi.Rejected)
}

// An empty object is no consent.
func TestCheckSessionKeyWantsAnErrCode(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	wx.Fail(checkPath, wxtest.Fault{Body: "{}"}, wxtest.Always)
	wantError(t, c.CheckSessionKey(t.Context(), "o1", wxapi.Secret(wx.SessionKey("o1"))), wxapi.Unavailable)
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
	wantError(t, err, wxapi.InvalidSignature)
}

func TestUserEncryptKeys(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	key := wxapi.Secret(wx.SessionKey("o1"))
	phone := wx.LatestUserKey("o1")
	wx.Advance(30 * time.Minute)
	keys, err := c.UserEncryptKeys(t.Context(), "o1", key)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	got := keys[0]
	if got.Key.Reveal() != phone.EncryptKey || got.IV != phone.IV || got.Version != phone.Version ||
		got.Left < 29*time.Minute || got.Left > 30*time.Minute || got.Created.IsZero() {
		t.Errorf("%+v", got)
	}
	data := encryptCBC(t, phone.EncryptKey, toBase64(phone.IV), pad([]byte("hello")))
	if plain, err := wxapi.DecryptUserCrypto(got, data); err != nil || string(plain) != "hello" {
		t.Errorf("%q, %v", plain, err)
	}
	wx.Advance(time.Hour)
	wx.LatestUserKey("o1")
	if keys, err = c.UserEncryptKeys(t.Context(), "o1", key); err != nil || len(keys) != 2 || keys[1].Left != 0 {
		t.Errorf("%+v, %v", keys, err)
	}
	_, err = c.UserEncryptKeys(t.Context(), "o1", vectorKey)
	wantError(t, err, wxapi.InvalidSignature)
}

func TestCheckEncryptedMsg(t *testing.T) {
	now := time.Unix(1700000000, 0)
	wx := newWeChat(t, wxtest.Options{Now: func() time.Time { return now }})
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	data, _ := wx.PhoneData("o1", "13580006666")
	valid, created, err := c.CheckEncryptedMsg(t.Context(), data)
	if err != nil || !valid || !created.Equal(now) {
		t.Errorf("%v, %v, %v", valid, created, err)
	}
	if valid, _, err := c.CheckEncryptedMsg(t.Context(), phoneData); err != nil || valid {
		t.Errorf("foreign data: %v, %v", valid, err)
	}
	wx.Advance(73 * time.Hour)
	if valid, _, err := c.CheckEncryptedMsg(t.Context(), data); err != nil || valid {
		t.Errorf("old data: %v, %v", valid, err)
	}
}

func TestPaidUnionID(t *testing.T) {
	wx := newWeChat(t, wxtest.Options{UnionIDs: true})
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	s, err := c.Code2Session(t.Context(), wx.Code("o1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, trade := range []wxapi.Trade{
		{TransactionID: wx.Pay("o1", "m", "n")},
		{MchID: "m", OutTradeNo: "n"},
	} {
		if id, err := c.PaidUnionID(t.Context(), "o1", trade); err != nil || id != s.UnionID {
			t.Errorf("%+v: %q, %v", trade, id, err)
		}
	}
	_, err = c.PaidUnionID(t.Context(), "o1", wxapi.Trade{MchID: "m", OutTradeNo: "other"})
	wantError(t, err, wxapi.Rejected)
	wx.Advance(6 * time.Minute)
	_, err = c.PaidUnionID(t.Context(), "o1", wxapi.Trade{MchID: "m", OutTradeNo: "n"})
	wantError(t, err, wxapi.Rejected)
}

func TestPluginOpenPID(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	code := wx.PluginCode("o1")
	if id, err := c.PluginOpenPID(t.Context(), code); err != nil || len(id) != 28 {
		t.Errorf("%q, %v", id, err)
	}
	_, err := c.PluginOpenPID(t.Context(), code)
	wantError(t, err, wxapi.NotFound)
	_, err = c.PluginOpenPID(t.Context(), "")
	wantError(t, err, wxapi.InvalidCode)
}

// One time limit holds for both tries and the source in between.
func TestTimeLimitOfAuthorizedCalls(t *testing.T) {
	wx := newWeChat(t)
	wx.Fail(checkPath, wxtest.Fault{Hang: true}, wxtest.Always)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}), func(c *wxapi.Config) { c.Timeout = 20 * time.Millisecond })
	err := c.CheckSessionKey(t.Context(), "o1", "k")
	if wantError(t, err, wxapi.Unavailable); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// What goes over the wire, where WeChat is particular about it.
func TestRequestsOnTheWire(t *testing.T) {
	var method, contentType, query string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		method, contentType, query = r.Method, r.Header.Get("Content-Type"), r.URL.RawQuery
	}))
	defer srv.Close()
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: "s", Bases: []string{srv.URL}, Tokens: fixed("t&k")})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][3]string{}
	for name, call := range endpoints {
		call(t.Context(), c)
		got[name] = [3]string{method, contentType, query}
	}
	const (
		json      = "application/json"
		signature = "&openid=o%261&sig_method=hmac_sha256&signature=7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"
	)
	want := map[string][3]string{
		"code2Session":         {"GET", "", "appid=wx1&secret=s&grant_type=authorization_code&js_code=" + plantedCode},
		"getAccessToken":       {"GET", "", "appid=wx1&grant_type=client_credential&secret=s"},
		"getStableAccessToken": {"POST", json, ""},
		"getPhoneNumber":       {"POST", json, "access_token=t%26k"},
		"checkSessionKey":      {"GET", "", "access_token=t%26k" + signature},
		"ResetUserSessionKey":  {"GET", "", "access_token=t%26k" + signature},
		"getUserEncryptKey":    {"GET", "", "access_token=t%26k" + signature},
		"checkEncryptedMsg":    {"POST", json, "access_token=t%26k"},
		"getPaidUnionId":       {"GET", "", "access_token=t%26k&openid=o%261&transaction_id=42"},
		"getPluginOpenPId":     {"POST", json, "access_token=t%26k"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
