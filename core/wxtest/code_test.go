package wxtest_test

import (
	"regexp"
	"testing"
	"time"
)

func TestCodes(t *testing.T) {
	wx := newServer(t)
	code := wx.Code("o1")
	if !regexp.MustCompile(`^0[0-9]{2}[0-9A-Za-z]{29}$`).MatchString(code) || code[3:7] != code[27:31] {
		t.Errorf("code %q", code)
	}
	if code == wx.Code("o1") {
		t.Error("the same code twice")
	}
	if a := login(t, wx, code); a.text("openid") != "o1" {
		t.Error(a.body)
	}
	if a := login(t, wx, code); a.errcode() != 40163 {
		t.Errorf("a second time: %s", a.body)
	}
	late, later := wx.Code("o1"), wx.Code("o1")
	wx.Advance(5*time.Minute - time.Second)
	if a := login(t, wx, late); a.errcode() != -999 {
		t.Errorf("after 299 s: %s", a.body)
	}
	wx.Advance(time.Second)
	if a := login(t, wx, later); a.errcode() != 40029 {
		t.Errorf("after 300 s: %s", a.body)
	}
	wx.Block("o2")
	if a := login(t, wx, wx.Code("o2")); a.errcode() != 40226 {
		t.Errorf("a blocked user: %s", a.body)
	}
}

// A server that runs for long forgets old codes, and no others.
func TestOldCodesAreForgotten(t *testing.T) {
	wx := newServer(t)
	old := wx.Code("o1")
	login(t, wx, old)
	wx.Advance(24 * time.Hour)
	recent := wx.Code("o1")
	login(t, wx, recent)
	for range 5000 {
		wx.Code("o1")
	}
	if a := login(t, wx, old); a.errcode() != 40029 {
		t.Errorf("the old one: %s", a.body)
	}
	if a := login(t, wx, recent); a.errcode() != 40163 {
		t.Errorf("the recent one: %s", a.body)
	}
}
