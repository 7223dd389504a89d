package adaptertest

import (
	"strings"

	"github.com/wxsession/wxsession/core"
)

func cookieRows() []row {
	return []row{
		{name: "a browser's cookie carries the token", check: (*rig).cookie},
		{name: "cookies are not read unless they are configured", check: (*rig).cookiesAreOff},
		{name: "another website's page does nothing with the cookie", check: (*rig).crossOrigin},
		{name: "rotate puts a browser's new token into the cookie alone", check: (*rig).rotateCookie},
		{name: "a dead token is taken from the browser", check: (*rig).deadCookie},
	}
}

const cookieName = "wx"

func withCookie(c *core.Config) { c.Cookie, c.CookieInsecure = cookieName, true }

func inCookie(token string, more ...string) []string {
	return append([]string{"Cookie", "theme=dark; " + cookieName + "=" + token}, more...)
}

func (r *rig) cookie() {
	r.start(withCookie)
	token, openID := r.login("alice")
	other, otherID := r.login("bob")
	for _, path := range []string{"/me", "/public", "/key", "/me/key"} {
		r.do("GET", path, "", inCookie(token)...).wantWho(openID)
		r.do("GET", path, "", append(bearer(other), inCookie(token)...)...).wantWho(otherID)
	}
	r.do("GET", "/with", "", inCookie(token)...).want(200)
	r.do("GET", "/wx/check", "", inCookie(token)...).wantJSON(200, "expires_in", "lifetime")
}

func (r *rig) cookiesAreOff() {
	r.start()
	token, _ := r.login("alice")
	for _, path := range []string{"/me", "/with", "/wx/check"} {
		a := r.do("GET", path, "", inCookie(token)...)
		a.wantUnauthorized(core.CodeNoSession, false)
		a.wantCookies()
	}
}

func (r *rig) crossOrigin() {
	r.start(withCookie)
	token, _ := r.login("alice")
	for _, path := range []string{"/echo", "/with", "/wx/logout"} {
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
			a := r.do("POST", path, "", inCookie(token, header...)...)
			a.wantRefusal(403, core.CodeCrossOrigin)
			a.wantCookies()
			r.do("GET", "/me", "", inCookie(token, header...)...).want(200) // reads may
		}
	}
	for _, path := range []string{"/echo", "/with", "/wx/rotate"} {
		r.do("POST", path, "", inCookie(token, "Sec-Fetch-Site", "same-origin")...).want(200)
		r.do("POST", path, "", inCookie(token, "Origin", r.url)...).want(200) // it is the request's Host
	}
	r.do("POST", "/echo", "", append(bearer(token), "Sec-Fetch-Site", "cross-site")...).want(200)
}

func (r *rig) rotateCookie() {
	r.start(withCookie)
	token, openID := r.login("alice")
	a := r.do("POST", "/wx/rotate", "", inCookie(token)...)
	a.wantJSON(200, "expires_in", "lifetime")
	cookies := a.header.Values("Set-Cookie")
	if len(cookies) != 2 || !strings.HasPrefix(cookies[1], cookieName+"=") {
		r.Fatalf("%s: Set-Cookie %q, want the application's and the session's", a.what, cookies)
	}
	value, attributes, _ := strings.Cut(strings.TrimPrefix(cookies[1], cookieName+"="), ";")
	if value == token || !strings.Contains(attributes, "HttpOnly") || !strings.Contains(attributes, "SameSite=Lax") {
		r.Errorf("%s: Set-Cookie %q", a.what, cookies)
	}
	r.do("GET", "/me", "", inCookie(value)...).wantWho(openID)
}

func (r *rig) deadCookie() {
	r.start(withCookie)
	const expired = cookieName + "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
	for _, path := range []string{"/me", "/with", "/key", "/wx/check"} {
		a := r.do("GET", path, "", inCookie(unissued)...)
		a.wantUnauthorized(core.CodeInvalidSession, true)
		a.wantCookies(expired)
	}
	token, _ := r.login("alice")
	a := r.do("POST", "/wx/logout", "", inCookie(token)...)
	a.wantEmpty()
	a.wantCookies(expired)
}
