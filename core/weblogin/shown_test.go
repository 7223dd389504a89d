package weblogin_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wxsession/wxsession/core"
)

// TestWhatTheUserSeesIsWhatCanBeShown: text from outside, on a phone.
func TestWhatTheUserSeesIsWhatCanBeShown(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: -1} })
	phone := w.phone(t, w.site, "o-alice")
	for agent, want := range map[string][2]string{ // as the user sees it, as it is listed
		chrome:                              {chrome, chrome},
		"":                                  {"", "web"},
		strings.Repeat("x", 5000):           {strings.Repeat("x", 200), strings.Repeat("x", 128)},
		strings.Repeat("微", 201):            {strings.Repeat("微", 200), strings.Repeat("微", 42)},
		"a\u202ebc\u200bd\x07e\xff\x00f":    {"abcdef", "abcdef"},
		" \t ":                              {"", "web"},
		"<script>alert(1)</script>":         {"<script>alert(1)</script>", "<script>alert(1)</script>"},
		strings.Repeat("x", 127) + " 微":     {strings.Repeat("x", 127) + " 微", strings.Repeat("x", 127)},
		strings.Repeat("\u200b", 300) + "x": {"x", "x"},
	} {
		b := w.newBrowser("User-Agent", agent)
		b.begin(t)
		a := w.act(t.Context(), phone.Token, b.id, "scan")
		if a.member("browser") != want[0] {
			t.Errorf("%.20q is shown as %q, want %q", agent, a.member("browser"), want[0])
		}
		w.act(t.Context(), phone.Token, b.id, "confirm").want(t, "confirm", 200, "")
		wantState(t, b.poll(t.Context(), ""), "confirmed", true)
		list := must[[]core.SessionInfo](t)(w.wx.Sessions(t.Context(), "", "o-alice"))
		if last := list[len(list)-1].Device; last != want[1] || !utf8.ValidString(last) {
			t.Errorf("%.20q is listed as %q, want %q", agent, last, want[1])
		}
		w.clock.advance(time.Second)
	}
	for address, want := range map[string]string{
		"203.0.113.5:99": "203.0.113.5", "[2001:db8::1]:99": "2001:db8::1", "[::ffff:203.0.113.5]:99": "203.0.113.5",
		"[fe80::1%eth0]:99": "fe80::1", "@": "", "<b>": "",
	} {
		b := w.newBrowser("Test-Address", address, "X-Forwarded-For", "198.51.100.77")
		b.begin(t)
		a := w.act(t.Context(), phone.Token, b.id, "scan")
		if a.member("ip") != want || !strings.Contains(string(a.body), `"ip":`) {
			t.Errorf("from %s: %s", address, a.body)
		}
	}
}
