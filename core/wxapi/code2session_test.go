package wxapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

const loginPath = "/sns/jscode2session"

func TestCode2Session(t *testing.T) {
	for _, unions := range []bool{false, true} {
		t.Run(fmt.Sprintf("unionids %v", unions), func(t *testing.T) {
			wx := newWeChat(t, wxtest.Options{UnionIDs: unions})
			openid := wx.OpenID("alice")
			s, err := newClient(t, wx).Code2Session(t.Context(), wx.Code(openid))
			if err != nil {
				t.Fatal(err)
			}
			if s.OpenID != openid || s.SessionKey.Reveal() != wx.SessionKey(openid) || (s.UnionID != "") != unions {
				t.Errorf("got %q, %q and the key right: %v", s.OpenID, s.UnionID, s.SessionKey.Reveal() == wx.SessionKey(openid))
			}
		})
	}
}

func TestCode2SessionAcceptsErrCodeZero(t *testing.T) {
	wx := newWeChat(t)
	wx.Fail(loginPath, wxtest.Fault{ErrCodeZero: true}, 1)
	if _, err := newClient(t, wx).Code2Session(t.Context(), wx.Code("o1")); err != nil {
		t.Error(err)
	}
}

// Every error of code2Session, as WeChat's servers give it, and one unknown.
func TestCode2SessionErrorCodes(t *testing.T) {
	for errcode, kind := range map[int]wxapi.Kind{
		-1:    wxapi.KindUnavailable,
		40029: wxapi.KindInvalidCode,
		40163: wxapi.KindCodeUsed,
		40226: wxapi.KindBlocked,
		45011: wxapi.KindRateLimited,
		45009: wxapi.KindRateLimited,
		40013: wxapi.KindMisconfigured,
		40125: wxapi.KindMisconfigured,
		41002: wxapi.KindMisconfigured,
		41004: wxapi.KindMisconfigured,
		41008: wxapi.KindInvalidCode,
		40002: wxapi.KindMisconfigured,
		40090: wxapi.KindMisconfigured,
		40243: wxapi.KindMisconfigured,
		40164: wxapi.KindMisconfigured,
		48001: wxapi.KindMisconfigured,
		40001: wxapi.KindMisconfigured,
		87009: wxapi.KindUnavailable,
		47001: wxapi.KindUnavailable,
		99999: wxapi.KindUnavailable,
	} {
		t.Run(fmt.Sprint(errcode), func(t *testing.T) {
			wx := newWeChat(t)
			wx.Fail(loginPath, wxtest.Fault{ErrCode: errcode}, wxtest.Always)
			_, err := newClient(t, wx).Code2Session(t.Context(), wx.Code("o1"))
			e := wantError(t, err, kind)
			if e.ErrCode != errcode || e.ErrMsg == "" || strings.Contains(e.ErrMsg, "rid") || len(e.RID) != 26 {
				t.Errorf("errcode %d, msg %q, rid %q", e.ErrCode, e.ErrMsg, e.RID)
			}
			want := 1
			if errcode == -1 {
				want = 3
			}
			if n := wx.Calls(loginPath); n != want {
				t.Errorf("%d calls, want %d", n, want)
			}
		})
	}
}

func TestCode2SessionJudgesCodesAndConfiguration(t *testing.T) {
	wx := newWeChat(t)
	other := wx.AddApp("wxfedcba9876543210", "another secret")
	used := wx.Code("o1")
	if _, err := newClient(t, wx).Code2Session(t.Context(), used); err != nil {
		t.Fatal(err)
	}
	expired := wx.Code("o1")
	wx.Advance(5 * time.Minute)
	blocked := wx.Code("blocked")
	wx.Block("blocked")

	appid := func(s string) func(*wxapi.Config) { return func(c *wxapi.Config) { c.AppID = s } }
	secret := func(s string) func(*wxapi.Config) { return func(c *wxapi.Config) { c.Secret = wxapi.Secret(s) } }
	for name, test := range map[string]struct {
		code   string
		kind   wxapi.Kind
		adjust func(*wxapi.Config)
	}{
		"a used code":           {code: used, kind: wxapi.KindCodeUsed},
		"an expired code":       {code: expired, kind: wxapi.KindInvalidCode},
		"a made-up code":        {code: "0a1", kind: wxapi.KindInvalidCode},
		"the mock code":         {code: wxtest.MockCode, kind: wxapi.KindInvalidCode},
		"a code of another app": {code: other.Code("o1"), kind: wxapi.KindInvalidCode},
		"a blocked user":        {code: blocked, kind: wxapi.KindBlocked},
		"an unknown app":        {code: wx.Code("o1"), kind: wxapi.KindMisconfigured, adjust: appid("wx1")},
		"a wrong secret":        {code: wx.Code("o1"), kind: wxapi.KindMisconfigured, adjust: secret("guess")},
		"no code":               {code: "", kind: wxapi.KindInvalidCode},
		"a long code":           {code: strings.Repeat("c", wxapi.MaxCode+1), kind: wxapi.KindInvalidCode},
	} {
		t.Run(name, func(t *testing.T) {
			if test.adjust == nil {
				test.adjust = func(*wxapi.Config) {}
			}
			_, err := newClient(t, wx, test.adjust).Code2Session(t.Context(), test.code)
			wantError(t, err, test.kind)
		})
	}
}

// A code cannot smuggle parameters into the query.
func TestCode2SessionEscapesEverything(t *testing.T) {
	var got http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = *r
		fmt.Fprint(w, `{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`)
	}))
	defer srv.Close()
	const code, secret = "a&appid=evil#?%2f +\r\nX: y;", "s=1&%zz+/"
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: secret, Bases: []string{srv.URL + "/prefix/"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Code2Session(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	q := got.URL.Query()
	if len(q) != 4 || q.Get("js_code") != code || q.Get("secret") != secret || q.Get("appid") != "wx1" ||
		q.Get("grant_type") != "authorization_code" || got.URL.Path != "/prefix"+loginPath {
		t.Errorf("path %q, query %q", got.URL.Path, q)
	}
}

// Whatever is no answer of WeChat is Unavailable, after a single call.
func TestCode2SessionFaults(t *testing.T) {
	success := func(s string) wxtest.Fault { return wxtest.Fault{Body: s} }
	key := func(s string) string { return `{"openid":"o1","session_key":"` + s + `"}` }
	for name, fault := range map[string]wxtest.Fault{
		"hang":                    {Hang: true},
		"reset":                   {Reset: true},
		"lost reply":              {LoseReply: true},
		"502 with HTML":           {Status: http.StatusBadGateway},
		"404 with HTML":           {Status: http.StatusNotFound},
		"redirect":                {Status: http.StatusFound},
		"truncated":               {Truncate: true},
		"huge":                    {Huge: true},
		"HTML with 200":           success("<html>"),
		"null":                    success("null"),
		"array":                   success("[]"),
		"empty object":            success("{}"),
		"two objects":             success(`{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}{}`),
		"no openid":               success(`{"session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`),
		"no session_key":          success(`{"openid":"o1"}`),
		"empty session_key":       success(`{"openid":"o1","session_key":"","errcode":0}`),
		"openid a number":         success(`{"openid":1,"session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`),
		"openid with line break":  success(`{"openid":"o\n1","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`),
		"openid too long":         success(`{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"` + strings.Repeat("o", 129) + `"}`),
		"key of 15 bytes":         success(key("tiihtNczf5v6AKRyjwEU")),
		"key of 17 bytes":         success(key("tiihtNczf5v6AKRyjwEUhQA=")),
		"key of 24 bytes":         success(key("tiihtNczf5v6AKRyjwEUhQAAAAAAAAAA")),
		"key without padding":     success(key("tiihtNczf5v6AKRyjwEUhQ")),
		"key with stray bits":     success(key("tiihtNczf5v6AKRyjwEUhR==")),
		"key for URLs":            success(key("tiihtNczf5v6AKRyjwEU-_==")),
		"key with line break":     success(key(`tiihtNczf5v6AKRyjwEUh\nQ==`)),
		"key that is no base64":   success(key("tiihtNczf5v6AKRyjwEUh*==")),
		"unionid with blank":      success(`{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ==","unionid":" "}`),
		"errcode a string":        success(`{"errcode":"40029"}`),
		"errcode a fraction":      success(`{"errcode":40029.5}`),
		"errmsg an object":        success(`{"errcode":40029,"errmsg":{}}`),
		"errcode beyond an int64": success(`{"errcode":99999999999999999999}`),
	} {
		t.Run(name, func(t *testing.T) {
			wx := newWeChat(t)
			wx.Fail(loginPath, fault, wxtest.Always)
			c := newClient(t, wx, func(c *wxapi.Config) {
				if fault.Hang {
					c.Timeout = 20 * time.Millisecond
				}
			})
			_, err := c.Code2Session(t.Context(), wx.Code("o1"))
			e := wantError(t, err, wxapi.KindUnavailable)
			if e.ErrCode != 0 || e.Unwrap() == nil {
				t.Errorf("errcode %d, cause %v", e.ErrCode, e.Unwrap())
			}
			if n := wx.Calls(loginPath); n != 1 && !(fault.Hang && n == 0) {
				t.Errorf("%d calls, want 1", n)
			}
			if fault.Hang && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("not a passed deadline: %v", err)
			}
		})
	}
}

// A good body does not make up for a bad status or a size beyond the limit.
func TestCode2SessionLimits(t *testing.T) {
	const body = `{"openid":"o1","session_key":"tiihtNczf5v6AKRyjwEUhQ=="}`
	for name, test := range map[string]struct {
		status, size int
		good         bool
	}{
		"200":                {200, len(body), true},
		"201":                {201, len(body), false},
		"500":                {500, len(body), false},
		"64 KiB":             {200, 64 << 10, true},
		"64 KiB and a blank": {200, 64<<10 + 1, false},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			fmt.Fprintf(w, "%-*s", test.size, body)
		}))
		defer srv.Close()
		c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: "s", Bases: []string{srv.URL}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.Code2Session(t.Context(), "c"); test.good != (err == nil) {
			t.Errorf("%s: %v", name, err)
		} else if !test.good {
			wantError(t, err, wxapi.KindUnavailable)
		}
	}
}

func TestCode2SessionIgnoresContentType(t *testing.T) {
	wx := newWeChat(t)
	for _, ct := range []string{"text/html", "application/octet-stream", "image/jpeg"} {
		wx.Fail(loginPath, wxtest.Fault{ContentType: ct}, 1)
		if _, err := newClient(t, wx).Code2Session(t.Context(), wx.Code("o1")); err != nil {
			t.Errorf("%s: %v", ct, err)
		}
	}
}

func TestConcurrentLogins(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			openid := fmt.Sprint("user", i%5)
			s, err := c.Code2Session(t.Context(), wx.Code(openid))
			if err != nil || s.OpenID != openid {
				t.Errorf("%q: %v", s.OpenID, err)
			}
		})
	}
	wg.Wait()
}
