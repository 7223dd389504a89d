package wxtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

func tryLogin(wx *wxtest.Server, code string) (answer, error) {
	return try(wx, loginPath, loginQuery(wx.App, code), "")
}

// A fault says whether the request takes effect: whether the code is used up.
func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault    wxtest.Fault
		consumes bool
		check    func(answer, error) bool
	}{
		"reset":      {wxtest.Fault{Reset: true}, false, func(_ answer, err error) bool { return err != nil }},
		"lost reply": {wxtest.Fault{LoseReply: true}, true, func(_ answer, err error) bool { return err != nil }},
		"errcode":    {wxtest.Fault{ErrCode: 45011}, false, func(a answer, _ error) bool { return a.errcode() == 45011 }},
		"unknown":    {wxtest.Fault{ErrCode: 7}, false, func(a answer, _ error) bool { return strings.HasPrefix(a.text("errmsg"), "error 7, rid: ") }},
		"errmsg":     {wxtest.Fault{ErrCode: 7, ErrMsg: "x/y"}, false, func(a answer, _ error) bool { return strings.Contains(a.body, `"x\/y, rid: `) }},
		"HTML": {wxtest.Fault{Status: 502}, false, func(a answer, _ error) bool {
			return a.status == 502 && strings.HasPrefix(a.body, "<html>") && a.header.Get("Content-Type") == "text/html"
		}},
		"truncated":   {wxtest.Fault{Truncate: true}, true, func(a answer, _ error) bool { return strings.HasPrefix(a.body, `{"session_key"`) && a.json == nil }},
		"huge":        {wxtest.Fault{Huge: true}, true, func(a answer, _ error) bool { return len(a.body) > 1<<20 && a.text("openid") == "o1" }},
		"body":        {wxtest.Fault{Body: "[]"}, true, func(a answer, _ error) bool { return a.body == "[]" }},
		"errcode: 0":  {wxtest.Fault{ErrCodeZero: true}, true, func(a answer, _ error) bool { return a.errcode() == 0 && a.text("openid") == "o1" }},
		"contentType": {wxtest.Fault{ContentType: "x/y"}, true, func(a answer, _ error) bool { return a.header.Get("Content-Type") == "x/y" }},
		"delay":       {wxtest.Fault{Delay: time.Millisecond}, true, func(a answer, _ error) bool { return a.text("openid") == "o1" }},
	} {
		t.Run(name, func(t *testing.T) {
			wx := newServer(t)
			wx.Fail(loginPath, test.fault, 1)
			code := wx.Code("o1")
			if a, err := tryLogin(wx, code); !test.check(a, err) {
				t.Errorf("%v, %d, %.200s", err, a.status, a.body)
			}
			a := login(t, wx, code)
			if consumed := a.errcode() == 40163; consumed != test.consumes {
				t.Errorf("consumed %v: %s", consumed, a.body)
			}
		})
	}
}

// Faults queue up, the path's own go before those for all, and Heal ends them.
func TestFaultsQueue(t *testing.T) {
	wx := newServer(t)
	wx.Fail("", wxtest.Fault{ErrCode: 45009}, 1)
	wx.Fail(loginPath, wxtest.Fault{ErrCode: -1}, 2)
	wx.Fail(loginPath, wxtest.Fault{ErrCode: 45011}, 0)
	wx.Fail(loginPath, wxtest.Fault{ErrCode: 40226}, wxtest.Always)
	wx.Fail(loginPath, wxtest.Fault{ErrCode: 40013}, 1)
	for _, want := range []int{-1, -1, 40226, 40226} {
		if a := login(t, wx, "x"); a.errcode() != want {
			t.Errorf("want %d: %s", want, a.body)
		}
	}
	for _, want := range []int{45009, 41002} {
		if a := send(t, wx, "/cgi-bin/token", nil, ""); a.errcode() != want {
			t.Errorf("want %d: %s", want, a.body)
		}
	}
	wx.Heal()
	if a := login(t, wx, wx.Code("o1")); a.errcode() != -999 {
		t.Error(a.body)
	}
}

// A misspelt path is an error that names the right ones, is reported to the
// test, and spoils nothing.
func TestMisspeltPaths(t *testing.T) {
	var reports []string
	wx := newServer(t, wxtest.Options{Errorf: func(format string, args ...any) {
		reports = append(reports, fmt.Sprintf(format, args...))
	}})
	for _, path := range []string{"/sns/jscode2sesion", "sns/jscode2session", "/sns/jscode2session/", wx.URL + loginPath, "/wxa?secret=planted", " "} {
		reports = nil
		err := wx.Fail(path, wxtest.Fault{ErrCode: -1}, wxtest.Always)
		if err == nil || !strings.Contains(err.Error(), loginPath) || !strings.Contains(err.Error(), "Server.Fail") || strings.Contains(err.Error(), "planted") {
			t.Errorf("Fail(%q): %v", path, err)
		}
		if n := wx.Calls(path); n != 0 {
			t.Errorf("Calls(%q): %d", path, n)
		}
		if len(reports) != 2 || err != nil && reports[0] != err.Error() || !strings.Contains(reports[1], "Server.Calls") {
			t.Errorf("%q: %q", path, reports)
		}
	}
	reports = nil
	for _, path := range []string{loginPath, codePath, ""} {
		if err := wx.Fail(path, wxtest.Fault{ErrCode: 45011}, 0); err != nil || wx.Calls(path) != 0 {
			t.Errorf("%q: %v", path, err)
		}
	}
	if a := login(t, wx, wx.Code("o1")); a.errcode() != -999 || len(reports) != 0 {
		t.Errorf("%s, %q", a.body, reports)
	}
}

// Without Errorf the mistake goes to the standard logger.
func TestMisspeltPathsAreLogged(t *testing.T) {
	var buf bytes.Buffer
	log.SetOutput(&buf)
	defer log.SetOutput(os.Stderr)
	if newServer(t).Fail("/typo", wxtest.Fault{}, 1); !strings.Contains(buf.String(), `"/typo"`) {
		t.Errorf("%q", buf.String())
	}
}

// A hung request ends with the server, and Close does not wait for more.
func TestCloseEndsWhatHangs(t *testing.T) {
	wx := wxtest.NewServer()
	wx.Fail(loginPath, wxtest.Fault{Hang: true}, 3)
	wx.Fail(loginPath, wxtest.Fault{Delay: time.Hour}, 3)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := tryLogin(wx, "x"); err == nil {
				t.Error("a hung request was answered")
			}
		})
	}
	for wx.Calls(loginPath) < 6 {
		time.Sleep(time.Millisecond)
	}
	wx.Close()
	wx.Close()
	wg.Wait()
}

// A hung request ends when its client goes.
func TestHangEndsWithTheClient(t *testing.T) {
	wx := newServer(t)
	wx.Fail("", wxtest.Fault{Hang: true}, wxtest.Always)
	for i, method := range []string{http.MethodGet, http.MethodPost} {
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, method, wx.URL+"/cgi-bin/stable_token", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for wx.Calls("") <= i {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
			t.Errorf("a hung request was answered: %v", err)
		}
		for len(wx.Requests()) <= i { // written when the request has ended
			time.Sleep(time.Millisecond)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	wx := newServer(t, wxtest.Options{UnionIDs: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				id := wx.OpenID("alice")
				if a, err := tryLogin(wx, wx.Code(id)); err != nil || a.text("openid") != id {
					t.Errorf("%v, %s", err, a.body)
				}
				wx.Encrypt(id, map[string]string{"openId": id})
				wx.Sign(id, "{}")
				wx.CheckSession(id)
				wx.Advance(time.Second)
				wx.AddApp("wx2", "s").Code(id)
				wx.AccessToken()
				wx.LatestUserKey(id)
				wx.Requests()
				wx.Fail("/cgi-bin/token", wxtest.Fault{ErrCode: 1}, 1)
			}
		})
	}
	wg.Wait()
}

// Neither the log nor an error reply repeats what a request carried.
func TestNothingIsRepeated(t *testing.T) {
	wx := newServer(t)
	code := wx.Code("o1")
	for range 2 {
		login(t, wx, code)
	}
	a := send(t, wx, "/wxa/checksession", url.Values{"access_token": {"planted-token"}}, "")
	lines, err := json.Marshal(wx.Requests())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{wx.Secret, code, "planted-token", wx.SessionKey("o1")} {
		if strings.Contains(string(lines)+a.body, secret) {
			t.Errorf("%s\n%s", lines, a.body)
		}
	}
}
