package doctor_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/core/wxtest"
)

// simulated is a WeChat that the test can make fail, and the environment for it.
func simulated(t *testing.T, o wxtest.Options) (*wxtest.Server, environment) {
	t.Helper()
	o.Errorf = t.Errorf
	wx := wxtest.NewServer(o)
	t.Cleanup(wx.Close)
	return wx, environment{"WX_APPID": wx.AppID, "WX_SECRET": wx.Secret, "WX_API_BASE": wx.URL}
}

func TestWeChat(t *testing.T) {
	const second = "wxfedcba9876543210"
	wx, env := simulated(t, wxtest.Options{})
	wx.AddApp(second, "another-secret-marker")
	env["WX_APPS"] = second + ":another-secret-marker"
	token := wx.AccessToken()
	all := visit(t, env)
	all.none(t, doctor.Fail)
	all.want(t, "wechat.reach", doctor.OK, "without TLS")
	all.want(t, "wechat.clock", doctor.OK)
	all.want(t, "wechat.app", doctor.OK, wx.AppID)
	all.want(t, "wechat.app", doctor.OK, second)
	all.lacks(t, "wechat.proxy")
	if wx.AccessToken() != token {
		t.Error("the doctor has made WeChat replace the access token")
	}
	if strings.Contains(all.String(), token) {
		t.Error("an access token shows")
	}
	env["WX_APPS"] = second + ":a-wrong-secret-marker"
	all = visit(t, env)
	all.want(t, "wechat.app", doctor.OK, wx.AppID)
	all.want(t, "wechat.app", doctor.Fail, second, "40125")
}

// TestNoTokenIsForced: that would take the one that is valid from the service.
func TestNoTokenIsForced(t *testing.T) {
	wx, env := simulated(t, wxtest.Options{})
	var mu sync.Mutex
	var asked []map[string]any
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		if r.URL.Path == "/cgi-bin/stable_token" {
			var in map[string]any
			_ = json.Unmarshal(body, &in)
			asked = append(asked, in)
		} else if r.URL.Path != "/cgi-bin/token" || r.URL.RawQuery != "" || len(body) > 0 {
			t.Errorf("the doctor asks for %s", r.URL.Path)
		}
		mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		wx.ServeHTTP(w, r)
	}))
	defer front.Close()
	env["WX_API_BASE"] = front.URL
	visit(t, env).want(t, "wechat.app", doctor.OK)
	if len(asked) != 1 || asked[0]["force_refresh"] != false {
		t.Errorf("asked for tokens with %v", asked)
	}
}

func TestRefusals(t *testing.T) {
	for errcode, tt := range map[int]struct {
		s    doctor.Status
		want []string
	}{
		-1:    {doctor.Warn, []string{"busy", "try again"}},
		40001: {doctor.Fail, []string{"Secret is not that of this AppID"}},
		40002: {doctor.Fail, []string{"proxies and gateways"}},
		40013: {doctor.Fail, []string{"no such AppID", "WX_APPID"}},
		40125: {doctor.Fail, []string{"Secret is not that of this AppID", "reset"}},
		40164: {doctor.Fail, []string{"the address 192.0.2.1 ", "IP 白名单"}},
		40243: {doctor.Fail, []string{"frozen", "unfreeze", "ten minutes"}},
		41002: {doctor.Fail, []string{"no such AppID"}},
		41004: {doctor.Fail, []string{"Secret"}},
		45009: {doctor.Warn, []string{"quota of the day"}},
		45011: {doctor.Warn, []string{"quota of the minute"}},
		40090: {doctor.Fail, []string{"the address 192.0.2.1 ", "third-party platform"}},
		50004: {doctor.Fail, []string{"support"}},
		50007: {doctor.Fail, []string{"account is frozen"}},
		61024: {doctor.Fail, []string{"third-party platform"}},
		89501: {doctor.Fail, []string{"administrator", "confirm"}},
		89503: {doctor.Fail, []string{"administrator", "confirm"}},
		89506: {doctor.Fail, []string{"twice", "24 hours"}},
		89507: {doctor.Fail, []string{"refused", "hour"}},
		48001: {doctor.Fail, []string{"api unauthorized", "rid"}},
	} {
		wx, env := simulated(t, wxtest.Options{})
		wx.Fail("/cgi-bin/stable_token", wxtest.Fault{ErrCode: errcode}, wxtest.Always)
		all := visit(t, env)
		all.want(t, "wechat.app", tt.s, tt.want...)
		for _, c := range all {
			if c.Name == "wechat.app" && (!strings.HasPrefix(c.Message, wx.AppID+": ") || !strings.Contains(c.Message, ", rid ")) {
				t.Errorf("%d: %s does not say which app, and which call", errcode, c.Message)
			}
		}
	}
}

// TestRefusalsInEarnest: the simulator refuses by itself.
func TestRefusalsInEarnest(t *testing.T) {
	_, env := simulated(t, wxtest.Options{Whitelist: []string{"192.0.2.0/24"}})
	visit(t, env).want(t, "wechat.app", doctor.Fail, "the address 127.0.0.1 ", "40164")
	wx, env := simulated(t, wxtest.Options{})
	env["WX_SECRET"] = "ffffffffffffffffffffffffffffffff"
	visit(t, env).want(t, "wechat.app", doctor.Fail, "40125")
	env["WX_APPID"] = "wxffffffffffffffff"
	visit(t, env).want(t, "wechat.app", doctor.Fail, "40013")
	for name, fault := range map[string]wxtest.Fault{"no answer": {Reset: true}, "a page": {Status: 502}, "half an answer": {Truncate: true}, "too much": {Huge: true}} {
		wx.Heal()
		wx.Fail("/cgi-bin/stable_token", fault, wxtest.Always)
		all := visit(t, env)
		all.want(t, "wechat.app", doctor.Fail, "did not answer as it should", "proxies")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestWeChatThatCannotBeReached(t *testing.T) {
	wx, env := simulated(t, wxtest.Options{})
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>Log in to the network</html>")
	}))
	defer page.Close()
	elsewhere := httptest.NewServer(http.RedirectHandler(wx.URL+"/cgi-bin/token", http.StatusFound))
	defer elsewhere.Close()
	strange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"hello":"world"}`) }))
	defer strange.Close()
	for base, want := range map[string][]string{
		"http://127.0.0.1:1":      {"nothing listens at 127.0.0.1:1", "WX_API_BASE"},
		"https://nowhere.invalid": {"nowhere.invalid", "resolv"},
		page.URL:                  {"is not WeChat's API (status 200)", "WX_API_BASE"},
		elsewhere.URL:             {"is not WeChat's API (status 302)"},
		strange.URL:               {"is not WeChat's API"},
		strings.Replace(wx.URL, "http:", "https:", 1): {"does not speak TLS", "proxies"},
	} {
		all := visit(t, with(env, environment{"WX_API_BASE": base}))
		all.want(t, "wechat.reach", doctor.Fail, want...)
		all.want(t, "wechat.app", doctor.Skip)
	}
	all := visit(t, with(env, environment{"WX_API_BASE": "http://127.0.0.1:1, " + wx.URL + "/"}))
	all.want(t, "wechat.reach", doctor.Fail, "127.0.0.1:1")
	all.want(t, "wechat.reach", doctor.OK)
	all.want(t, "wechat.app", doctor.OK) // by the second host, as logins
	wx.Fail("/cgi-bin/token", wxtest.Fault{Reset: true}, wxtest.Always)
	visit(t, env).want(t, "wechat.reach", doctor.Fail, "ends them")
}

// TestTLSOfWeChat: who breaks it open is named.
func TestTLSOfWeChat(t *testing.T) {
	wx, env := simulated(t, wxtest.Options{})
	for want, change := range map[string]func(*x509.Certificate){
		`issued by itself ("Corporate Proxy"), whom this machine does not trust — a proxy between here and WeChat breaks TLS open`: nil,
		"has expired": func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
		"is for captive.example, not for 127.0.0.1": func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"captive.example"} },
	} {
		cert, key := certificate(t, change)
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		front := httptest.NewUnstartedServer(wx)
		front.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		front.Config.ErrorLog = log.New(io.Discard, "", 0)
		front.StartTLS()
		defer front.Close()
		visit(t, with(env, environment{"WX_API_BASE": front.URL})).want(t, "wechat.reach", doctor.Fail, want)
	}
}

func TestProxies(t *testing.T) {
	wx, env := simulated(t, wxtest.Options{})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect || r.URL.Host != "wechat.example" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		wx.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	host := strings.TrimPrefix(proxy.URL, "http://")
	by := environment{"WX_API_BASE": "http://wechat.example", "HTTP_PROXY": "http://user:" + secretPassword + "@" + host}
	all := visit(t, with(env, by))
	all.want(t, "wechat.proxy", doctor.OK, "by way of the proxy "+host, "HTTP_PROXY")
	all.want(t, "wechat.reach", doctor.OK)
	all.want(t, "wechat.app", doctor.OK)

	by["HTTP_PROXY"] = "http://user:" + secretPassword + "@127.0.0.1:1"
	visit(t, with(env, by)).want(t, "wechat.reach", doctor.Fail, "the proxy cannot be used", "nothing listens at 127.0.0.1:1", "NO_PROXY=wechat.example")
	for _, none := range []string{"://" + secretPassword, "http://%zz" + secretPassword, "user:" + secretPassword} {
		by["HTTP_PROXY"] = none
		visit(t, with(env, by)).want(t, "wechat.proxy", doctor.Warn, "HTTP_PROXY", "no URL")
	}
	by = environment{"WX_API_BASE": "https://wechat.example", "HTTPS_PROXY": "http://user:" + secretPassword + "@" + host}
	visit(t, with(env, by)).want(t, "wechat.reach", doctor.Fail, "proxy "+host+" does not let", "NO_PROXY")
	by["NO_PROXY"] = "wechat.example"
	visit(t, with(env, by)).lacks(t, "wechat.proxy")
}

func TestWeChatsClock(t *testing.T) {
	wx, env := simulated(t, wxtest.Options{})
	for off, s := range map[time.Duration]doctor.Status{0: doctor.OK, 5 * time.Second: doctor.Warn, -5 * time.Second: doctor.Warn, time.Hour: doctor.Fail} {
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
			wx.ServeHTTP(w, r)
		}))
		defer front.Close()
		visit(t, with(env, environment{"WX_API_BASE": front.URL})).want(t, "wechat.clock", s, "WeChat's")
	}
}
