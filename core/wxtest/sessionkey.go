package wxtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// SessionKey returns the session_key that is valid for the user now, and issues
// one if there is none: what the server would hold after a login. It does not
// renew the key.
func (a *App) SessionKey(openid string) string {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	return a.server.currentKey(a.user(openid)).value
}

// RotateSessionKey issues a new session_key as a login on another device may:
// the one before is displaced. It returns the new one.
func (a *App) RotateSessionKey(openid string) string {
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	u := a.user(openid)
	u.key = newSessionKey(s.now(), s.opts.KeyLifetime)
	return u.key.value
}

// CheckSession is wx.checkSession on the user's phone. It reports whether the
// session_key that belongs to the last code acquired there is still valid, and
// says nothing about the key that the app's server holds: a code that was never
// exchanged may have displaced that one.
func (a *App) CheckSession(openid string) bool {
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	u := a.user(openid)
	if u.seen != u.key.value || !u.key.alive(s.now()) {
		return false
	}
	s.renew(u)
	return true
}

// login is what wx.login does to the key: a new one takes the place of an
// expired one, and of one old enough. It needs s.mu.
func (s *Server) login(u *user) {
	now := s.now()
	if !u.key.alive(now) || now.Sub(u.key.issued) >= s.opts.KeyMinAge {
		u.key = newSessionKey(now, s.opts.KeyLifetime)
	}
	u.seen = u.key.value
	s.renew(u)
}

// currentKey needs s.mu.
func (s *Server) currentKey(u *user) sessionKey {
	if now := s.now(); !u.key.alive(now) {
		u.key = newSessionKey(now, s.opts.KeyLifetime)
	}
	return u.key
}

// renew needs s.mu.
func (s *Server) renew(u *user) { u.key.expires = s.now().Add(s.opts.KeyLifetime) }

// serveCheck serves /wxa/checksession.
func (s *Server) serveCheck(a *App, rq *request, rp *reply) {
	if errcode := s.checkSigned(a, rq); errcode != 0 {
		rp.refuse(errcode)
		return
	}
	rp.succeed(ok)
}

// serveReset serves /wxa/resetusersessionkey: the new key inherits the expiry.
func (s *Server) serveReset(a *App, rq *request, rp *reply) {
	if errcode := s.checkSigned(a, rq); errcode != 0 {
		rp.refuse(errcode)
		return
	}
	u := a.user(rq.query.Get("openid"))
	expires := u.key.expires
	u.key = newSessionKey(s.now(), s.opts.KeyLifetime)
	u.key.expires = expires
	rp.succeed(struct {
		refusal
		OpenID     string `json:"openid"`
		SessionKey string `json:"session_key"`
	}{ok, u.openid, u.key.value})
}

// checkSigned judges the signature of the session_key APIs. Wrong, displaced
// and expired keys look the same.
func (s *Server) checkSigned(a *App, rq *request) int {
	q := rq.query
	u := a.users[q.Get("openid")]
	switch {
	case u == nil:
		return errInvalidOpenID
	case q.Get("sig_method") != "hmac_sha256":
		return errSigMethod
	}
	got, err := hex.DecodeString(q.Get("signature")) // either case: both are in use
	mac := hmac.New(sha256.New, []byte(u.key.value))
	if err != nil || !u.key.alive(s.now()) || !hmac.Equal(got, mac.Sum(nil)) {
		return errSignature
	}
	return 0
}
