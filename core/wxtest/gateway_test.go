package wxtest_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

const (
	stablePath  = "/cgi-bin/stable_token"
	normalPath  = "/cgi-bin/token"
	phonePath   = "/wxa/business/getuserphonenumber"
	checkPath   = "/wxa/checksession"
	resetPath   = "/wxa/resetusersessionkey"
	userKeyPath = "/wxa/business/getuserencryptkey"
)

func stable(t *testing.T, wx *wxtest.Server, force bool) answer {
	t.Helper()
	return send(t, wx, stablePath, nil, fmt.Sprintf(
		`{"grant_type":"client_credential","appid":%q,"secret":%q,"force_refresh":%v}`, wx.AppID, wx.Secret, force))
}

func normal(t *testing.T, wx *wxtest.Server) answer {
	t.Helper()
	return send(t, wx, normalPath, url.Values{
		"grant_type": {"client_credential"}, "appid": {wx.AppID}, "secret": {wx.Secret},
	}, "")
}

// verdict is the errcode that a call with this token gets.
func verdict(t *testing.T, wx *wxtest.Server, token string) int {
	t.Helper()
	return send(t, wx, checkPath, url.Values{"access_token": {token}}, "").errcode()
}

// accepted is what verdict gives for a token that is good.
const accepted = 40003

func TestGatewayOnTheWire(t *testing.T) {
	wx := newServer(t)
	const tail = ` rid: ` + ridShape
	token := url.Values{"access_token": {wx.AccessToken()}}
	for _, test := range []struct {
		name, path string
		query      url.Values
		body, want string
	}{
		{"made-up token", checkPath, url.Values{"access_token": {"x"}}, "", `{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r` + tail + `"}`},
		{"no token", checkPath, nil, "", `{"errcode":41001,"errmsg":"access_token missing` + tail + `"}`},
		{"POST for GET", checkPath, nil, "{}", `{"errcode":43001,"errmsg":"require GET method` + tail + `"}`},
		{"GET for POST", stablePath, nil, "", `{"errcode":43002,"errmsg":"require POST method` + tail + `"}`},
		{"no appid", normalPath, nil, "", `{"errcode":41002,"errmsg":"appid missing` + tail + `"}`},
		{"no JSON", stablePath, nil, "a=b", `{"errcode":47001,"errmsg":"data format error` + tail + `"}`},
		{"a form for a phone", phonePath, token, "code=x", `{"errcode":47001,"errmsg":"data format error hint: \[[0-9A-Za-z]{7}-[0-9A-Za-z]{8}\]` + tail + `"}`},
		{"a bad phone code", phonePath, token, `{"code":"x"}`, `{"errcode":40029,"errmsg":"invalid code hint: \[[0-9A-Za-z]{7}-[0-9A-Za-z]{8}\]` + tail + `"}`},
	} {
		a := send(t, wx, test.path, test.query, test.body)
		want := "^" + strings.NewReplacer("{\"", `\{"`, "\"}", `"\}`, ".", `\.`).Replace(test.want) + "$"
		if a.status != 200 || a.header.Get("Content-Type") != "application/json; encoding=utf-8" || !regexp.MustCompile(want).MatchString(a.body) {
			t.Errorf("%s: %d %s", test.name, a.status, a.body)
		}
	}
}

func TestTokenCredentials(t *testing.T) {
	wx := newServer(t)
	good := url.Values{"grant_type": {"client_credential"}, "appid": {wx.AppID}, "secret": {wx.Secret}}
	for _, test := range []struct {
		name, value string
		want        int
	}{
		{"appid", "", 41002}, {"appid", "wx1", 40013}, {"grant_type", "", 40002},
		{"secret", "", 41004}, {"secret", "x", 40125},
	} {
		q := url.Values{}
		in := map[string]string{}
		for k := range good {
			q.Set(k, good.Get(k))
			in[k] = good.Get(k)
		}
		q.Set(test.name, test.value)
		in[test.name] = test.value
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []answer{send(t, wx, normalPath, q, ""), send(t, wx, stablePath, nil, string(body))} {
			if a.errcode() != test.want {
				t.Errorf("%s %q: %s", test.name, test.value, a.body)
			}
		}
	}
	// An unknown appid is found before a missing grant_type.
	if a := send(t, wx, normalPath, url.Values{"appid": {"wx1"}}, ""); a.errcode() != 40013 {
		t.Error(a.body)
	}
}

func TestStableToken(t *testing.T) {
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return time.Unix(1700000000, 0) }})
	first := stable(t, wx, false)
	wx.Advance(tokenLife - 301*time.Second)
	second := stable(t, wx, false)
	if second.text("access_token") != first.text("access_token") || first.json["expires_in"] != 7200.0 || second.json["expires_in"] != 301.0 {
		t.Errorf("%s\n%s", first.body, second.body)
	}
	wx.Advance(time.Second)
	third := stable(t, wx, false)
	if third.text("access_token") == first.text("access_token") || third.json["expires_in"] != 7200.0 {
		t.Error("in its last five minutes the token was not renewed")
	}
	wx.Advance(299 * time.Second)
	if verdict(t, wx, first.text("access_token")) != accepted || verdict(t, wx, third.text("access_token")) != accepted {
		t.Error("old and new do not both work during the change")
	}
	wx.Advance(time.Second)
	if got := verdict(t, wx, first.text("access_token")); got != 40001 {
		t.Errorf("the old token after the change: %d", got)
	}
	wx.Advance(tokenLife)
	if got := verdict(t, wx, third.text("access_token")); got != 42001 {
		t.Errorf("an expired token: %d", got)
	}
}

const tokenLife = 2 * time.Hour

func TestForcedRefresh(t *testing.T) {
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return time.Unix(1700000000, 0) }})
	leaked := stable(t, wx, false).text("access_token")
	first := stable(t, wx, true).text("access_token")
	if first == leaked || verdict(t, wx, leaked) != accepted {
		t.Error("one force gives another token and leaves the old one for a while")
	}
	if wx.Advance(29 * time.Second); stable(t, wx, true).text("access_token") != first {
		t.Error("a force within 30 s refreshed")
	}
	if wx.Advance(time.Second); stable(t, wx, true).text("access_token") == first {
		t.Error("a force after 30 s did not refresh")
	}
	if got := verdict(t, wx, leaked); got != 40001 {
		t.Errorf("the leaked token after two forces: %d", got)
	}
	for range 18 {
		wx.Advance(30 * time.Second)
		stable(t, wx, true)
	}
	wx.Advance(30 * time.Second)
	if a := stable(t, wx, true); a.errcode() != 45009 {
		t.Errorf("the 21st force of a day: %s", a.body)
	}
	if wx.Advance(24 * time.Hour); stable(t, wx, true).errcode() != -999 {
		t.Error("no force the day after")
	}
}

func TestNormalToken(t *testing.T) {
	wx := newServer(t)
	separate := stable(t, wx, false).text("access_token")
	first, second := normal(t, wx).text("access_token"), normal(t, wx).text("access_token")
	if first == second || verdict(t, wx, first) != accepted || verdict(t, wx, second) != accepted {
		t.Error("old and new do not both work during the change")
	}
	wx.Advance(5 * time.Minute)
	if verdict(t, wx, first) != 40001 || verdict(t, wx, second) != accepted {
		t.Error("the old token outlived the change")
	}
	if verdict(t, wx, separate) != accepted || stable(t, wx, false).text("access_token") != separate {
		t.Error("the stable token was displaced")
	}
	wx.RevokeTokens()
	if verdict(t, wx, second) != 40001 || verdict(t, wx, separate) != 40001 {
		t.Error("revoked tokens work")
	}
}

func TestWhitelist(t *testing.T) {
	for _, test := range []struct {
		list string
		want int
	}{{"127.0.0.1", -999}, {"127.0.0.0/8", -999}, {"192.0.2.7", 40164}, {"nonsense", 40164}} {
		wx := newServer(t, wxtest.Options{Whitelist: []string{test.list}})
		a := normal(t, wx)
		if a.errcode() != test.want {
			t.Errorf("%s: %s", test.list, a.body)
		}
		if text := "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "; test.want == 40164 && !strings.HasPrefix(a.text("errmsg"), text) {
			t.Error(a.body)
		}
	}
}

func TestPhoneNumber(t *testing.T) {
	wx := newServer(t)
	q := url.Values{"access_token": {wx.AccessToken()}}
	code := wx.PhoneCode("o1", "13580006666")
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(code) {
		t.Errorf("code %q", code)
	}
	if a := send(t, wx, phonePath, q, `{"code":"`+code+`","openid":"o2"}`); a.errcode() != 40003 {
		t.Errorf("another user: %s", a.body)
	}
	a := send(t, wx, phonePath, q, `{"code":"`+code+`","openid":"o1"}`)
	want := `^\{"errcode":0,"errmsg":"ok","phone_info":\{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86","watermark":\{"timestamp":\d+,"appid":"` + wx.AppID + `"\}\}\}$`
	if !regexp.MustCompile(want).MatchString(a.body) {
		t.Error(a.body)
	}
	if a := send(t, wx, phonePath, q, `{"code":"`+code+`"}`); a.errcode() != 40029 {
		t.Errorf("a second time: %s", a.body)
	}
	wx.Fail(phonePath, wxtest.Fault{CountryCodeNumber: true}, 1)
	if a := send(t, wx, phonePath, q, `{"code":"`+wx.PhoneCode("o1", "+852 5")+`"}`); !strings.Contains(a.body, `"countryCode":852,`) {
		t.Error(a.body)
	}
}

// signedQuery is the query of the session_key APIs.
func signedQuery(wx *wxtest.Server, openid, key string) url.Values {
	mac := hmac.New(sha256.New, []byte(key))
	return url.Values{
		"access_token": {wx.AccessToken()}, "openid": {openid},
		"signature": {hex.EncodeToString(mac.Sum(nil))}, "sig_method": {"hmac_sha256"},
	}
}

func TestCheckSessionKey(t *testing.T) {
	wx := newServer(t)
	key := wx.SessionKey("o1")
	good := func() url.Values { return signedQuery(wx, "o1", key) }
	if a := send(t, wx, checkPath, good(), ""); a.body != `{"errcode":0,"errmsg":"ok"}` {
		t.Error(a.body)
	}
	upper := with(good(), "signature", strings.ToUpper(good().Get("signature")))
	if a := send(t, wx, checkPath, upper, ""); a.errcode() != 0 {
		t.Errorf("upper case: %s", a.body)
	}
	for name, test := range map[string]struct {
		query url.Values
		want  int
	}{
		"no signature":  {without(good(), "signature"), 87009},
		"wrong method":  {with(good(), "sig_method", "md5"), 87008},
		"unknown user":  {with(good(), "openid", "nobody"), 40003},
		"another's key": {signedQuery(wx, "o1", wx.SessionKey("o2")), 87009},
	} {
		if a := send(t, wx, checkPath, test.query, ""); a.errcode() != test.want {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	wx.RotateSessionKey("o1")
	if a := send(t, wx, checkPath, good(), ""); a.errcode() != 87009 {
		t.Errorf("a displaced key: %s", a.body)
	}
}

// The new key takes over the old one's expiry.
func TestResetSessionKey(t *testing.T) {
	wx := newServer(t, wxtest.Options{KeyLifetime: time.Hour})
	old := wx.SessionKey("o1")
	wx.Advance(59 * time.Minute)
	a := send(t, wx, resetPath, signedQuery(wx, "o1", old), "")
	key := a.text("session_key")
	if a.errcode() != 0 || a.text("openid") != "o1" || key == old || key != wx.SessionKey("o1") {
		t.Fatal(a.body)
	}
	if a := send(t, wx, resetPath, signedQuery(wx, "o1", old), ""); a.errcode() != 87009 {
		t.Errorf("the old key: %s", a.body)
	}
	wx.Advance(time.Minute)
	if a := send(t, wx, checkPath, signedQuery(wx, "o1", key), ""); a.errcode() != 87009 {
		t.Errorf("the expired key: %s", a.body)
	}
}

func TestUserEncryptKeys(t *testing.T) {
	wx := newServer(t, wxtest.Options{KeyLifetime: 24 * time.Hour})
	key := wx.SessionKey("o1")
	for range 4 {
		wx.LatestUserKey("o1")
		wx.Advance(time.Hour)
	}
	latest := wx.LatestUserKey("o1")
	a := send(t, wx, userKeyPath, signedQuery(wx, "o1", key), "")
	list, _ := a.json["key_info_list"].([]any)
	if len(list) != 3 || latest.Version != 5 {
		t.Fatalf("version %d, %s", latest.Version, a.body)
	}
	newest, oldest := list[0].(map[string]any), list[2].(map[string]any)
	if newest["version"] != 5.0 || newest["iv"] != latest.IV || newest["encrypt_key"] != latest.EncryptKey ||
		newest["expire_in"] != 3599.0 && newest["expire_in"] != 3600.0 || oldest["version"] != 3.0 || oldest["expire_in"] != 0.0 {
		t.Error(a.body)
	}
	for name, a := range map[string]answer{
		"a body":      send(t, wx, userKeyPath, signedQuery(wx, "o1", key), "{}"),
		"a wrong key": send(t, wx, userKeyPath, signedQuery(wx, "o1", "x"), ""),
	} {
		if a.errcode() != 87009 || !strings.HasSuffix(a.body, `,"key_info_list":[]}`) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

func decrypt(t *testing.T, key, data, iv string) string {
	t.Helper()
	var raw [3][]byte
	for i, s := range []string{key, data, iv} {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		raw[i] = b
	}
	block, err := aes.NewCipher(raw[0])
	if err != nil {
		t.Fatal(err)
	}
	plain := raw[1]
	cipher.NewCBCDecrypter(block, raw[2]).CryptBlocks(plain, plain)
	return string(plain[:len(plain)-int(plain[len(plain)-1])])
}

func TestEncrypt(t *testing.T) {
	wx := newServer(t, wxtest.Options{Now: func() time.Time { return time.Unix(1700000000, 0) }})
	mark := `"watermark":{"timestamp":1700000000,"appid":"` + wx.AppID + `"}}`
	for _, test := range []struct {
		v    any
		want string
	}{
		{map[string]any{"openId": "o1"}, `{"openId":"o1",` + mark},
		{struct{}{}, `{` + mark},
		{map[string]any{"watermark": 1}, `{"watermark":1}`},
		{[]byte("verbatim"), "verbatim"},
		{[]int{1}, "[1]"},
		{nil, "null"},
	} {
		data, iv := wx.Encrypt("o1", test.v)
		if got := decrypt(t, wx.SessionKey("o1"), data, iv); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
	data, iv := wx.PhoneData("o1", "13580006666")
	if got := decrypt(t, wx.SessionKey("o1"), data, iv); got != `{"phoneNumber":"13580006666","purePhoneNumber":"13580006666","countryCode":"86",`+mark {
		t.Error(got)
	}
}

func TestSign(t *testing.T) {
	wx := newServer(t)
	sum := sha1.Sum([]byte(`{"a":1}` + wx.SessionKey("o1")))
	if got := wx.Sign("o1", `{"a":1}`); got != hex.EncodeToString(sum[:]) {
		t.Error(got)
	}
}

func TestCheckEncryptedMsg(t *testing.T) {
	wx := newServer(t)
	data, _ := wx.PhoneData("o1", "1")
	sum := sha256.Sum256([]byte(data))
	ask := func(hash string) answer {
		return send(t, wx, "/wxa/business/checkencryptedmsg", url.Values{"access_token": {wx.AccessToken()}}, `{"encrypted_msg_hash":"`+hash+`"}`)
	}
	if a := ask(hex.EncodeToString(sum[:])); a.json["vaild"] != true || a.errcode() != 0 {
		t.Error(a.body)
	}
	if a := ask("00"); a.errcode() != 1 || !strings.HasPrefix(a.text("errmsg"), "data not exit") {
		t.Error(a.body)
	}
	if a := ask(""); a.errcode() != 40097 {
		t.Error(a.body)
	}
}

func TestPaidUnionID(t *testing.T) {
	for _, unions := range []bool{false, true} {
		wx := newServer(t, wxtest.Options{UnionIDs: unions})
		id := wx.Pay("o1", "m", "n")
		ask := func(openid, transaction string) answer {
			return send(t, wx, "/wxa/getpaidunionid", url.Values{
				"access_token": {wx.AccessToken()}, "openid": {openid}, "transaction_id": {transaction},
			}, "")
		}
		for _, test := range []struct {
			openid, transaction string
			want                int
		}{{"o1", id, 0}, {"o1", "", 89300}, {"o1", "x", 89300}, {"nobody", id, 40003}} {
			want := test.want
			if !unions && want != 40003 {
				want = 89002
			}
			if a := ask(test.openid, test.transaction); a.errcode() != want {
				t.Errorf("unionids %v, %+v: %s", unions, test, a.body)
			}
		}
	}
}

func TestPluginOpenPID(t *testing.T) {
	wx := newServer(t)
	ask := func(code string) answer {
		return send(t, wx, "/wxa/getpluginopenpid", url.Values{"access_token": {wx.AccessToken()}}, `{"code":"`+code+`"}`)
	}
	code := wx.PluginCode("o1")
	if a := ask(code); len(a.text("openpid")) != 28 {
		t.Error(a.body)
	}
	if a := ask(code); a.errcode() != 1007 || !strings.HasPrefix(a.text("errmsg"), "get no data rid: ") {
		t.Error(a.body)
	}
}
