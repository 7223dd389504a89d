package weblogin_test

import (
	"testing"

	"github.com/wxsession/wxsession/core"
)

// A ticket is a password for a minute: another website could lead a visitor here by
// its own one, who would then fill in somebody else's account.
func TestAnotherWebsiteLeadsNobodyIntoItsAccount(t *testing.T) {
	w := newWorld(t, nil)
	victim, evil := w.phone(t, w.site, "o-victim"), w.phone(t, w.site, "o-attacker")
	b := w.newBrowser()
	b.send(t.Context(), "GET", w.ticket(t, victim, "").member("url"))
	url := w.ticket(t, evil, `{"to":"/account/add-card"}`).member("url")
	b.header = []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}
	a := b.send(t.Context(), "GET", url)
	b.header = nil
	if who := b.loggedIn(t); a.status != 403 || a.member("error") != "cross_origin" || who != "o-victim" {
		t.Errorf("%d %s: the browser is logged in as %s", a.status, a.body, who)
	}
	for _, site := range []string{"none", "same-origin"} { // a mini program; the page itself
		url := w.ticket(t, victim, "").member("url")
		b.header = []string{"Sec-Fetch-Site", site}
		if a := b.send(t.Context(), "GET", url); a.status != 303 {
			t.Errorf("from %s: %d %s", site, a.status, a.body)
		}
	}
	if a := w.newBrowser().send(t.Context(), "GET", url); a.status != 303 {
		t.Errorf("the refusal used the ticket up: %d %s", a.status, a.body)
	}
}

// TestWhoLeadsIntoTheHandOver: by what a browser says of the page that leads here.
// One that says nothing is a web-view that a mini program opens.
func TestWhoLeadsIntoTheHandOver(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.TrustedOrigins = []string{"https://h5.example.com"}
		c.LimitUser = core.Rate{N: -1}
	})
	phone := w.phone(t, w.site, "o-alice")
	const site, origin, referer = "Sec-Fetch-Site", "Origin", "Referer"
	for what, c := range map[string]struct {
		header []string
		want   int
	}{
		"a web-view":                        {nil, 303},
		"a web-view of a browser":           {[]string{site, "none"}, 303},
		"one whose host names a referer":    {[]string{site, "none", referer, "https://servicewechat.com/"}, 303},
		"this website":                      {[]string{site, "same-origin", referer, "https://shop.example.com/h5"}, 303},
		"a sibling":                         {[]string{site, "same-site", referer, "https://blog.shop.example.com/"}, 403},
		"a sibling without a referer":       {[]string{site, "same-site"}, 403},
		"a sibling in clear":                {[]string{site, "same-site", referer, "http://shop.example.com/"}, 403},
		"a trusted sibling":                 {[]string{site, "same-site", referer, "https://h5.example.com/shop"}, 303},
		"a trusted one, by its origin":      {[]string{site, "same-site", origin, "https://h5.example.com"}, 303},
		"two words, one trusted":            {[]string{site, "same-site", origin, "https://evil.example", referer, "https://h5.example.com/"}, 403},
		"another website":                   {[]string{site, "cross-site", referer, "https://evil.example/"}, 403},
		"a word of tomorrow":                {[]string{site, "sibling"}, 403},
		"an old browser, this website":      {[]string{referer, "https://shop.example.com/h5?x=1"}, 303},
		"an old one, a trusted website":     {[]string{referer, "https://h5.example.com/"}, 303},
		"an old one, another website":       {[]string{referer, "https://evil.example/page"}, 403},
		"an old one, another's origin":      {[]string{origin, "https://evil.example"}, 403},
		"an old one, both of another":       {[]string{origin, "https://evil.example", referer, "https://evil.example/page"}, 403},
		"an old one, this and another":      {[]string{origin, "https://shop.example.com", referer, "https://evil.example/page"}, 403},
		"an old one, another and this":      {[]string{origin, "https://evil.example", referer, "https://shop.example.com/"}, 403},
		"an old one, a sandbox":             {[]string{origin, "null"}, 403},
		"an old one, a sibling":             {[]string{referer, "https://blog.shop.example.com/"}, 403},
		"an old one, another port":          {[]string{referer, "https://shop.example.com:8443/"}, 403},
		"an old one, a name with ours":      {[]string{referer, "https://shop.example.com.evil.example/"}, 403},
		"an old one, a user with ours":      {[]string{referer, "https://shop.example.com@evil.example/"}, 403},
		"an old one, what is no URL":        {[]string{referer, "%zz"}, 403},
		"an old one, what has no host":      {[]string{referer, "about:blank"}, 403},
		"an old web-view, its mini program": {[]string{referer, "https://servicewechat.com/wx0123456789abcdef/7/page-frame.html"}, 303},
		"an old web-view, WeChat alone":     {[]string{referer, "https://servicewechat.com/"}, 303},
		"an old one, WeChat's name":         {[]string{referer, "https://servicewechat.com.evil.example/"}, 403},
		"WeChat's name across websites":     {[]string{site, "cross-site", referer, "https://servicewechat.com/"}, 403},
	} {
		b := w.newBrowser()
		b.header = c.header
		ticket := w.ticket(t, phone, "").member("url")
		a := b.send(t.Context(), "GET", ticket)
		if a.status != c.want || c.want == 403 && a.member("error") != "cross_origin" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
		if set := a.cookie("__Host-wx") != nil; set != (c.want == 303) {
			t.Errorf("%s: a cookie is set: %v", what, set)
		}
	}
}

// A link has no Origin. The page that it is on is in its Referer, if anywhere.
func TestAWebsiteThatIsTrustedMayLeadIntoTheHandOver(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.TrustedOrigins = []string{"https://h5.example.com"} })
	phone := w.phone(t, w.site, "o-alice")
	for from, want := range map[string]int{
		"https://h5.example.com/": 303, "https://h5.example.com/shop?id=7": 303,
		"": 403, "https://evil.example/": 403, "https://h5.example.com.evil.example/": 403, "https://evil.example/https://h5.example.com": 403,
		"http://h5.example.com/": 403, "https://h5.example.com@evil.example/": 403, "%zz": 403,
	} {
		b := w.newBrowser()
		b.header = []string{"Sec-Fetch-Site", "cross-site", "Referer", from}
		if a := b.send(t.Context(), "GET", w.ticket(t, phone, "").member("url")); a.status != want {
			t.Errorf("from %q: %d %s", from, a.status, a.body)
		}
	}
}
