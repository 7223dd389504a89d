package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestASessionCookieOfNoSessionExpires: it must not outlive what it stands for.
func TestASessionCookieOfNoSessionExpires(t *testing.T) {
	w := cookieWorld(t)
	for _, s := range []*core.Session{nil, {}} {
		if got, want := w.SessionCookie("marker", s), w.NewCookie("", "", 0); got != want || !strings.Contains(got.Value, "Max-Age=0") {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func TestWithoutANameThereIsNoCookieToSet(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	if got := w.NewCookie("-scan", "b", time.Minute); got != (core.HeaderField{}) {
		t.Errorf("a cookie beside the session: %v", got)
	}
	for _, s := range []*core.Session{s, nil} {
		if got := w.SessionCookie(token, s); got != (core.HeaderField{}) {
			t.Errorf("a session: %v", got)
		}
	}
}
