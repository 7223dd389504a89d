package core

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// cookies is how browsers carry tokens; nil where they do not.
type cookies struct {
	name    string
	secure  bool
	origins *http.CrossOriginProtection
}

func (c *Config) newCookies() (*cookies, error) {
	if c.Cookie == "" {
		if c.CookieInsecure || len(c.TrustedOrigins) > 0 {
			return nil, errors.New("set Cookie (WX_COOKIE): CookieInsecure and TrustedOrigins belong to it")
		}
		return nil, nil
	}
	if !cookieNamed(c.Cookie) {
		return nil, errors.New("set Cookie (WX_COOKIE) to a name of up to 64 letters, digits, - and _, such as __Host-wx")
	}
	if c.CookieInsecure && (hasPrefixFold(c.Cookie, "__Host-") || hasPrefixFold(c.Cookie, "__Secure-")) {
		return nil, errors.New("browsers refuse a cookie that begins with __Host- or __Secure- and is not secure: take another name for Cookie (WX_COOKIE), or leave out CookieInsecure (WX_COOKIE_INSECURE)")
	}
	all := &cookies{name: c.Cookie, secure: !c.CookieInsecure, origins: http.NewCrossOriginProtection()}
	for i, origin := range c.TrustedOrigins {
		if err := all.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin %d of TrustedOrigins (WX_TRUSTED_ORIGINS) is none: write it like https://h5.example.com", i+1)
		}
	}
	return all, nil
}

func cookieNamed(name string) bool {
	return len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// token returns the token in the request's cookie.
func (c *cookies) token(req *Request) string {
	if c == nil {
		return ""
	}
	return requestCookie(req, c.name)
}

// requestCookie looks at every line of an http.Header: HTTP/2 lets a browser send
// each cookie on its own. Other headers give one line only.
func requestCookie(req *Request, name string) string {
	std, ok := req.Header.(http.Header)
	if !ok {
		return cookieValue(req.header("Cookie"), name)
	}
	for _, line := range std["Cookie"] {
		if value := cookieValue(line, name); value != "" {
			return value
		}
	}
	return ""
}

// cookieValue returns the first cookie of that name. Other spaces than those of
// HTTP belong to the name: a page of a sibling host can set a cookie called
// "\u2000__Host-wx" for this one, which must not pass for one with the prefix.
func cookieValue(header, name string) string {
	for header != "" {
		var item string
		item, header, _ = strings.Cut(header, ";")
		if n, value, found := strings.Cut(strings.Trim(item, " \t"), "="); found && n == name {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// admits reports whether a request that is authenticated by the cookie may do
// what it asks for: by Sec-Fetch-Site, then by Origin against Host.
func (c *cookies) admits(req *Request) bool {
	h := http.Header{}
	for _, name := range []string{"Sec-Fetch-Site", "Origin"} {
		if value := req.header(name); value != "" {
			h.Set(name, value)
		}
	}
	return c.origins.Check(&http.Request{Method: req.Method, Host: req.Host, Header: h}) == nil
}

// SameOrigin holds a request that sets a cookie, and needs none, to the rule for
// those that come by the cookie: CodeCrossOrigin if it has an unsafe method and is
// another website's.
func (m *Manager) SameOrigin(req Request) error {
	if m.cookies == nil || m.cookies.admits(&req) {
		return nil
	}
	return errCrossOrigin()
}

func errCrossOrigin() *Error {
	return &Error{Code: CodeCrossOrigin, Message: "another website's page may not do this with the user's cookie: send the token as \"Authorization: Bearer <token>\", or trust the origin (WX_TRUSTED_ORIGINS). A proxy that changes Host causes this too: let it pass Host on"}
}

// CookieName returns the name of the session cookie; "" where browsers have none.
func (m *Manager) CookieName() string {
	if m.cookies == nil {
		return ""
	}
	return m.cookies.name
}

// SessionCookie returns the header field that gives a browser its session. For no
// session, nil or the zero one, it expires the cookie. Without Config.Cookie it is
// the zero HeaderField, which must not be sent.
func (m *Manager) SessionCookie(token string, s *Session) HeaderField {
	if !s.made() {
		return m.NewCookie("", "", 0)
	}
	return m.NewCookie("", token, time.UnixMilli(endsAt(s.rec)).Sub(time.UnixMilli(m.now())))
}

// NewCookie returns the header field that sets a cookie beside the session's,
// with the same attributes: its name is that one's with a suffix. maxAge is cut
// to whole seconds; one below a second expires the cookie. Without Config.Cookie it
// is the zero HeaderField, which must not be sent.
func (m *Manager) NewCookie(suffix, value string, maxAge time.Duration) HeaderField {
	if m.cookies == nil {
		return HeaderField{}
	}
	c := http.Cookie{
		Name: m.cookies.name + suffix, Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		HttpOnly: true, Secure: m.cookies.secure, SameSite: http.SameSiteLaxMode,
	}
	if c.MaxAge <= 0 {
		c.MaxAge = -1 // as Max-Age=0
	}
	return HeaderField{"Set-Cookie", c.String()}
}

// CookieValue returns the request's cookie of that suffix; "" if there is none.
func (m *Manager) CookieValue(req Request, suffix string) string {
	if m.cookies == nil {
		return ""
	}
	return requestCookie(&req, m.cookies.name+suffix)
}
