package wxapi_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]wxapi.Config{
		"no appid":             {Secret: "s"},
		"an appid with &":      {AppID: "wx&1", Secret: "s"},
		"a long appid":         {AppID: strings.Repeat("w", 65), Secret: "s"},
		"no secret":            {AppID: "wx1"},
		"a secret with a line": {AppID: "wx1", Secret: "s\n"},
		"a negative timeout":   {AppID: "wx1", Secret: "s", Timeout: -1},
		"an empty base":        {AppID: "wx1", Secret: "s", Bases: []string{""}},
		"a base without host":  {AppID: "wx1", Secret: "s", Bases: []string{"https://"}},
		"a base with scheme":   {AppID: "wx1", Secret: "s", Bases: []string{"ftp://x"}},
		"a base with query":    {AppID: "wx1", Secret: "s", Bases: []string{"https://x", "https://x?a"}},
		"a base with fragment": {AppID: "wx1", Secret: "s", Bases: []string{"https://x#a"}},
		"a base with password": {AppID: "wx1", Secret: "s", Bases: []string{"https://u:hunter22@x"}},
		"a base that is none":  {AppID: "wx1", Secret: "s", Bases: []string{"https://u:hunter22@[x"}},
	} {
		c, err := wxapi.New(cfg)
		if err == nil || c != nil {
			t.Errorf("%s was accepted", name)
		} else if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v", name, err)
		}
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
	if wantError(t, err, wxapi.Unavailable); !errors.Is(err, syscall.ECONNRESET) || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFailOverEnds(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, func(c *wxapi.Config) { c.Bases = []string{closedPort(t), closedPort(t)} })
	_, err := c.Code2Session(t.Context(), "c")
	if wantError(t, err, wxapi.Unavailable); !errors.Is(err, syscall.ECONNREFUSED) {
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
		wantError(t, err, wxapi.InvalidCode)
	}
	if conns != 1 {
		t.Errorf("%d connections", conns)
	}
}

func TestKindsHaveWords(t *testing.T) {
	seen := map[string]bool{}
	for k := wxapi.InvalidCode; k <= wxapi.Rejected; k++ {
		if s := k.String(); s == "" || strings.HasPrefix(s, "kind ") || seen[s] {
			t.Errorf("kind %d is %q", int(k), s)
		}
		seen[k.String()] = true
	}
	if wxapi.Kind(0).String() != "kind 0" || (wxapi.Rejected+1).String() != "kind 11" {
		t.Error("the set is not closed")
	}
}

func TestErrorText(t *testing.T) {
	wx := newWeChat(t)
	_, err := newClient(t, wx).Code2Session(t.Context(), "unknown")
	e := wantError(t, err, wxapi.InvalidCode)
	want := `code2Session: invalid code: errcode 40029 "invalid code", rid ` + e.RID
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = newClient(t, wx).Code2Session(ctx, "c"); err.Error() != "code2Session: unavailable: context canceled" {
		t.Error(err)
	}
}
