package core

import "context"

// Route is something that an adapter mounts: those of Manager.Routes, those of
// other packages, and the application's own. Path may hold {id}, one parameter.
type Route struct {
	Method, Path string
	// Serve answers a request. It reports every failure in the reply.
	Serve func(ctx context.Context, req Request) Reply
}

// Route makes a route under Config.Prefix of a function that returns what is to
// be sent as JSON: nil for 204, or a Reply, which is sent as it is. Its errors
// are answered as Refuse does.
func (m *Manager) Route(method, path string, serve func(ctx context.Context, req Request) (any, error)) Route {
	return Route{method, m.cfg.Prefix + path, func(ctx context.Context, req Request) Reply {
		req.Address = clientAddress(req, m.cfg.TrustedProxies)
		body, err := serve(ctx, req)
		if err != nil {
			return m.Refuse(ctx, req, err)
		}
		r, ok := body.(Reply)
		if !ok {
			r = NewReply(body)
		}
		return m.reshape(ctx, req, r)
	}}
}

// Routes returns the login routes that an adapter mounts.
func (m *Manager) Routes() []Route {
	routes := []Route{
		m.Route("POST", "/login", m.serveLogin),
		m.Route("GET", "/check", m.serveCheck),
		m.Route("POST", "/logout", m.serveLogout),
		m.Route("GET", "/sessions", m.serveSessions),
		m.Route("DELETE", "/sessions/{id}", m.serveRevoke),
		m.Route("POST", "/rotate", m.serveRotate),
	}
	if m.cfg.PhoneRoute {
		routes = append(routes, m.Route("POST", "/phone", m.servePhone))
	}
	if m.cfg.Wafer {
		routes = append(routes,
			m.Route("GET", "/wafer/login", m.serveWaferLogin),
			m.Route("POST", "/wafer/login", m.serveWaferLogin))
	}
	return routes
}

type (
	loginReply struct {
		Token     string `json:"3rd_session,omitempty"`
		ExpiresIn int64  `json:"expires_in"` // seconds it lives unused
		Lifetime  int64  `json:"lifetime"`   // seconds it can live at most
		OpenID    string `json:"openid,omitempty"`
	}
	checkReply struct {
		ExpiresIn int64 `json:"expires_in"`
		Lifetime  int64 `json:"lifetime"`
		// KeyValid is set by deep=1: whether WeChat still takes the session_key.
		KeyValid *bool `json:"session_key_valid,omitempty"`
	}
	sessionsReply struct {
		Sessions []sessionReply `json:"sessions"`
	}
	sessionReply struct {
		shownInfo
		Current bool `json:"current"`
	}
)

func (m *Manager) serveLogin(ctx context.Context, req Request) (any, error) {
	if err := m.LimitAddress(req); err != nil {
		return nil, err
	}
	var body struct {
		Code          string `json:"code"`
		AppID         string `json:"appid"`
		Device        string `json:"device"`
		RawData       string `json:"rawData"`
		Signature     string `json:"signature"`
		EncryptedData string `json:"encryptedData"`
		IV            string `json:"iv"`
	}
	if err := req.Decode(&body); err != nil {
		return nil, err
	}
	if body.AppID == "" {
		body.AppID = m.appFromReferer(req.header("Referer"))
	}
	token, s, err := m.Login(ctx, LoginRequest{
		Code: body.Code, AppID: body.AppID, Device: body.Device,
		RawData: body.RawData, Signature: body.Signature,
		EncryptedData: body.EncryptedData, IV: body.IV,
		Header: req.Header,
	})
	if err != nil {
		return nil, err
	}
	return m.loginReply(token, s), nil
}

// loginReply counts from the login or rotation, which is the session's lastSeen:
// the clock has moved on since, and would cut the round numbers short.
func (m *Manager) loginReply(token string, s *Session) Reply {
	body := loginReply{Token: token}
	body.ExpiresIn, body.Lifetime = s.remaining(s.rec.LastSeen())
	if m.cfg.ExposeOpenID {
		body.OpenID = s.OpenID
	}
	r := NewReply(body)
	r.Session = s
	return r
}

func (m *Manager) serveCheck(ctx context.Context, req Request) (any, error) {
	deep, err := req.flag("deep")
	if err != nil {
		return nil, err
	}
	c, err := m.credential(&req)
	if err != nil {
		return nil, err
	}
	s, err := m.Check(ctx, c.token)
	if err != nil {
		return nil, c.failure(err)
	}
	var body checkReply
	body.ExpiresIn, body.Lifetime = s.remaining(m.now())
	if deep {
		if err := m.LimitUser(s); err != nil {
			return nil, err
		}
		err := m.CheckSessionKey(ctx, s)
		if err != nil && CodeOf(err) != CodeSessionKeyExpired {
			return nil, err
		}
		valid := err == nil
		body.KeyValid = &valid
	}
	return body, nil
}

func (m *Manager) serveLogout(ctx context.Context, req Request) (any, error) {
	all, err := req.flag("all")
	if err != nil {
		return nil, err
	}
	c, err := m.credential(&req)
	if err != nil {
		return nil, err
	}
	// The end of a session that is none is written again, too: strangers make them up.
	dead := func() error { return m.limitDead(req) }
	if err := m.logout(ctx, c.token, all, dead); err != nil {
		return nil, c.failure(err)
	}
	r := NewReply(nil)
	if c.cookie {
		r.Header = append(r.Header, m.NewCookie("", "", 0))
	}
	return r, nil
}

func (m *Manager) logout(ctx context.Context, token string, all bool, dead func() error) error {
	if !all {
		return m.endToken(ctx, token, dead)
	}
	s, err := m.findStored(ctx, token)
	if err == nil {
		err = m.logoutAll(ctx, s)
	}
	switch CodeOf(err) {
	case CodeInvalidSession, CodeSessionRevoked: // a dead token ends nobody else's session
		return m.endToken(ctx, token, dead)
	}
	return err
}

func (m *Manager) serveSessions(ctx context.Context, req Request) (any, error) {
	s, err := m.AuthenticateRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	list, err := m.Sessions(ctx, s.AppID, s.OpenID)
	if err != nil {
		return nil, err
	}
	body := sessionsReply{Sessions: []sessionReply{}}
	for _, info := range list {
		body.Sessions = append(body.Sessions, sessionReply{info.shown(), info.ID == s.ID})
	}
	return body, nil
}

func (m *Manager) serveRevoke(ctx context.Context, req Request) (any, error) {
	s, err := m.AuthenticateRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := m.lives(ctx, s); err != nil {
		return nil, err
	}
	// Who makes ids up takes no turn of those who have something to change.
	if u, err := m.readUser(ctx, s.userKey()); err != nil {
		return nil, err
	} else if u.find(req.ID) == nil && !u.unfinished() {
		return nil, errNoSuchSession()
	}
	return nil, m.Revoke(ctx, s.AppID, s.OpenID, req.ID)
}

// serveRotate gives a browser its new token in the cookie, and not in the body,
// which scripts can read.
func (m *Manager) serveRotate(ctx context.Context, req Request) (any, error) {
	c, err := m.credential(&req)
	if err != nil {
		return nil, err
	}
	token, s, err := m.Rotate(ctx, c.token)
	if err != nil {
		return nil, c.failure(err)
	}
	if !c.cookie {
		return m.loginReply(token, s), nil
	}
	r := m.loginReply("", s)
	r.Header = append(r.Header, m.SessionCookie(token, s))
	return r, nil
}

func (m *Manager) servePhone(ctx context.Context, req Request) (any, error) {
	if err := m.LimitAddress(req); err != nil {
		return nil, err
	}
	s, err := m.AuthenticateRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := m.LimitUser(s); err != nil {
		return nil, err
	}
	var body struct {
		Code string `json:"code"`
	}
	if err := req.Decode(&body); err != nil {
		return nil, err
	}
	return m.phoneNumber(ctx, s.AppID, s.OpenID, body.Code)
}
