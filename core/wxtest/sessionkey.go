package wxtest

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
