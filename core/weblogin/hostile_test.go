package weblogin_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// hostile are targets that must never be redirected to.
var hostile = []string{
	"", " ", "h5", "h5/order", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`,
	"https://evil.example/", "https:evil.example", "javascript:alert(1)", "?x=1", "#x", ".", "..//evil.example",
	"/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r/evil.example", " //evil.example", "\x00//evil.example",
	"/a\r\nSet-Cookie: x=1", "/a\x00", "/a\x1f", "/a\x7f", "/a\u0080", "/a\u0085b", "/a\u009f", `/a\b`, `/a?x=\`, `/a#\`,
	"/a\xff", "/a\xc2", "/\xc0\xaf/evil.example", "/a\xed\xa0\x80", "/" + strings.Repeat("a", 1024), "/" + strings.Repeat("字", 342),
}

// fine are targets that look odd, and stay on this host.
var fine = map[string]string{ // what the header holds
	"/":                             "/",
	"/h5/order?id=7":                "/h5/order?id=7",
	"/h5/#/order?id=7":              "/h5/#/order?id=7",
	"/a//b":                         "/a//b",
	"/.//evil.example":              "/.//evil.example",
	"/..//evil.example":             "/..//evil.example",
	"/%2f/evil.example":             "/%2f/evil.example",
	"/%5cevil.example":              "/%5cevil.example",
	"/%09/evil.example":             "/%09/evil.example",
	"/@evil.example":                "/@evil.example",
	"/:80/x":                        "/:80/x",
	"/a b":                          "/a%20b",
	"/ ":                            "/%20",
	"/100%":                         "/100%25",
	"/%zz%4":                        "/%25zz%254",
	"/订单?名=值":                       "/%E8%AE%A2%E5%8D%95?%E5%90%8D=%E5%80%BC",
	"/\u2028":                       "/%E2%80%A8",
	"/\u00a0":                       "/%C2%A0",
	"/\uff0f\uff0fevil.example":     "/%EF%BC%8F%EF%BC%8Fevil.example",
	"/a\"<>^`{|}":                   "/a%22%3C%3E%5E%60%7B%7C%7D",
	"/" + strings.Repeat("a", 1023): "/" + strings.Repeat("a", 1023),
}

func TestHostileTargetsAreRefusedAndUseNothingUp(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: -1} })
	phone := w.phone(t, w.site, "o-alice")
	ticket := w.ticket(t, phone, "").member("ticket")
	for _, to := range hostile {
		if strings.ToValidUTF8(to, "") == to { // JSON cannot hold others
			w.ticket(t, phone, jsonOf(t, map[string]string{"to": to})).want(t, "a ticket to "+to, 400, "bad_request")
		}
		target := "/wx/enter?ticket=" + ticket + "&to=" + url.QueryEscape(to)
		w.newBrowser().send(t.Context(), "GET", target).want(t, "entering "+url.QueryEscape(to), 400, "bad_request")
	}
	for _, target := range []string{"/wx/enter?ticket=" + ticket + "&to=%zz", "/wx/enter?ticket=" + ticket + "&to=/&a;b"} {
		w.newBrowser().send(t.Context(), "GET", target).want(t, target, 400, "bad_request")
	}
	for _, body := range []string{"{", "[]", `{"to":7}`, `"/"`} {
		w.ticket(t, phone, body).want(t, body, 400, "bad_request")
	}
	w.ticket(t, phone, `{"x":"`+strings.Repeat("a", 64<<10)+`"}`).want(t, "a long body", 413, "request_too_large")
	if a := w.newBrowser().send(t.Context(), "GET", "/wx/enter?ticket="+ticket); a.status != 303 {
		t.Errorf("after all of that the ticket gives %d %s", a.status, a.body)
	}
}

func TestOddTargetsStayOnThisHost(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: -1} })
	phone := w.phone(t, w.site, "o-alice")
	for to, want := range fine {
		a := w.ticket(t, phone, jsonOf(t, map[string]string{"to": to}))
		a.want(t, "a ticket to "+to, 200, "")
		if a = w.newBrowser().send(t.Context(), "GET", a.member("url")); a.status != 303 || a.header.Get("Location") != want {
			t.Errorf("%q leads to %q, want %q; status %d", to, a.header.Get("Location"), want, a.status)
		}
	}
}
