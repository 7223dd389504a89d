package wxapi_test

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

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
		"getUnlimitedQRCode":   {"POST", json, "access_token=t%26k"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// The next base is for requests that certainly were not sent to the one before.
func TestFailOver(t *testing.T) {
	wx := newWeChat(t)
	untrusted := httptest.NewUnstartedServer(wx)
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	for name, base := range map[string]string{
		"nobody listens":            closedPort(t),
		"a certificate by nobody":   untrusted.URL,
		"plain http instead of TLS": "https" + strings.TrimPrefix(wx.URL, "http"),
	} {
		t.Run(name, func(t *testing.T) {
			before := wx.Calls(loginPath)
			c := newClient(t, wx, func(c *wxapi.Config) { c.Bases = []string{base, wx.URL} })
			if _, err := c.Code2Session(t.Context(), wx.Code("o1")); err != nil {
				t.Error(err)
			}
			if n := wx.Calls(loginPath) - before; n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

func TestNoFailOverOnceSent(t *testing.T) {
	second := newWeChat(t)
	for name, fault := range map[string]wxtest.Fault{
		"hang": {Hang: true}, "reset": {Reset: true}, "lost reply": {LoseReply: true},
		"502": {Status: 502}, "truncated": {Truncate: true}, "busy": {ErrCode: -1}, "refused": {ErrCode: 40013},
	} {
		t.Run(name, func(t *testing.T) {
			first := newWeChat(t)
			first.Fail("", fault, wxtest.Always)
			c := newClient(t, first, func(c *wxapi.Config) {
				c.Bases = append(c.Bases, second.URL)
				if fault.Hang {
					c.Timeout = 20 * time.Millisecond
				}
			})
			if _, err := c.Code2Session(t.Context(), first.Code("o1")); err == nil {
				t.Error("no error")
			}
		})
	}
	if n := second.Calls(""); n != 0 {
		t.Errorf("%d calls to the second base", n)
	}
}

// A transport that does not say when it has a connection proves nothing.
func TestNoFailOverWithAnOpaqueTransport(t *testing.T) {
	second := newWeChat(t)
	var asked int
	c := newClient(t, second, func(c *wxapi.Config) {
		c.Bases = []string{"http://first.example", second.URL}
		c.HTTPClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			asked++
			return nil, syscall.ECONNRESET
		})}
	})
	_, err := c.Code2Session(t.Context(), "c")
	if wantError(t, err, wxapi.KindUnavailable); !errors.Is(err, syscall.ECONNRESET) || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFailOverEnds(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, func(c *wxapi.Config) { c.Bases = []string{closedPort(t), closedPort(t)} })
	_, err := c.Code2Session(t.Context(), "c")
	if wantError(t, err, wxapi.KindUnavailable); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
}

// Connections are reused, also after WeChat's errors.
func TestKeepAlive(t *testing.T) {
	wx := newWeChat(t)
	var conns int
	srv := httptest.NewUnstartedServer(wx)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns++
		}
	}
	srv.Start()
	defer srv.Close()
	c := newClient(t, wx, func(c *wxapi.Config) { c.Bases = []string{srv.URL} })
	for range 5 {
		if _, err := c.Code2Session(t.Context(), wx.Code("o1")); err != nil {
			t.Fatal(err)
		}
		_, err := c.Code2Session(t.Context(), "unknown")
		wantError(t, err, wxapi.KindInvalidCode)
	}
	if conns != 1 {
		t.Errorf("%d connections", conns)
	}
}

// A redirect would carry the secret to wherever it points.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var followed bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != loginPath {
			followed = true
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	for _, given := range []*http.Client{nil, {}} {
		c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: "s", Bases: []string{srv.URL}, HTTPClient: given})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Code2Session(t.Context(), "c")
		wantError(t, err, wxapi.KindUnavailable)
	}
	if followed {
		t.Error("the redirect was followed")
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// A base may have a path, and the path may be escaped.
func TestBaseWithAPath(t *testing.T) {
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RequestURI }))
	defer srv.Close()
	for base, want := range map[string]string{"": loginPath, "/": loginPath, "/a": "/a" + loginPath, "/a/b//": "/a/b" + loginPath, "/a%2Fb": "/a%2Fb" + loginPath, "/a%20b": "/a%20b" + loginPath} {
		c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: "s", Bases: []string{srv.URL + base}})
		if err != nil {
			t.Fatal(err)
		}
		if c.Code2Session(t.Context(), "c"); !strings.HasPrefix(got, want+"?appid=wx1&") {
			t.Errorf("%q: %s", base, got)
		}
	}
}
