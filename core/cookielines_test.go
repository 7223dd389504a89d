package core_test

import (
	"net/http"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// TestCookiesOnSeveralLinesAreRead: HTTP/2 lets a browser send each on its own, and
// not every server puts them together.
func TestCookiesOnSeveralLinesAreRead(t *testing.T) {
	w := cookieWorld(t)
	token, _ := w.login(t, "o-alice")
	req := core.Request{Method: "GET", Header: http.Header{"Cookie": {"x=1", "__Host-wx-scan=b; y=2", "__Host-wx=" + token, "__Host-wx=later"}}}
	if _, s, err := w.Require(t.Context(), req); err != nil || s.OpenID != "o-alice" {
		t.Errorf("the session on the third line: %v, %v", s, err)
	}
	if got := w.CookieValue(req, "-scan"); got != "b" {
		t.Errorf("the cookie on the second line: %q", got)
	}
	if _, _, err := w.Require(t.Context(), req.WithoutCookie()); err == nil {
		t.Error("WithoutCookie hides the first line only")
	}
	one := core.Request{Header: http.Header{"Cookie": {"x=1; __Host-wx-scan=b"}}}
	if n := testing.AllocsPerRun(100, func() { w.CookieValue(one, "") }); n != 0 {
		t.Errorf("a cookie costs %v allocations", n)
	}
}
