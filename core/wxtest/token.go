package wxtest

import (
	"encoding/json"
	"net/netip"
	"time"
)

const (
	tokenLife    = 2 * time.Hour
	tokenOverlap = 5 * time.Minute // in which a displaced token still works
	forceGap     = 30 * time.Second
	forcePerDay  = 20
)

type token struct {
	value   string
	app     *App
	expires time.Time
	ends    time.Time // displaced: when it stops working; zero while it is current
}

// pool holds the tokens of one endpoint: those of /cgi-bin/token and of
// /cgi-bin/stable_token do not displace each other.
type pool struct{ current, previous *token }

// forced counts the forced refreshes of stable_token.
type forced struct {
	last time.Time
	day  string
	n    int
}

// AccessToken returns a valid access token of the app, as /cgi-bin/stable_token
// would give it.
func (a *App) AccessToken() string {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	return a.server.stableToken(a).value
}

// RevokeTokens makes all access tokens of the app invalid at once, as if
// somebody else had fetched new ones: calls with them get 40001.
func (a *App) RevokeTokens() {
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	for value, t := range s.tokens {
		if t.app == a {
			delete(s.tokens, value)
		}
	}
	a.stable, a.normal = pool{}, pool{}
}

// replace needs s.mu. The token before the previous one dies at once.
func (s *Server) replace(p *pool, a *App) *token {
	now := s.now()
	if p.previous != nil {
		delete(s.tokens, p.previous.value)
	}
	if p.previous = p.current; p.previous != nil {
		p.previous.ends = now.Add(tokenOverlap)
	}
	p.current = &token{value: text(136, alphanumeric), app: a, expires: now.Add(tokenLife)}
	s.tokens[p.current.value] = p.current
	return p.current
}

// stableToken needs s.mu.
func (s *Server) stableToken(a *App) *token {
	if t := a.stable.current; t != nil && t.expires.Sub(s.now()) > tokenOverlap {
		return t
	}
	return s.replace(&a.stable, a)
}

type tokenReply struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

func (s *Server) giveToken(t *token, rp *reply) {
	rp.succeed(tokenReply{t.value, int64(t.expires.Sub(s.now()) / time.Second)})
}

// serveToken serves /cgi-bin/token.
func (s *Server) serveToken(rq *request, rp *reply) {
	q := rq.query
	if app := s.credentials(rq, q.Get("appid"), q.Get("secret"), q.Get("grant_type"), rp); app != nil {
		s.giveToken(s.replace(&app.normal, app), rp)
	}
}

// serveStable serves /cgi-bin/stable_token.
func (s *Server) serveStable(rq *request, rp *reply) {
	var in struct {
		GrantType    string `json:"grant_type"`
		AppID        string `json:"appid"`
		Secret       string `json:"secret"`
		ForceRefresh bool   `json:"force_refresh"`
	}
	if !rq.into(&in, rp) {
		return
	}
	app := s.credentials(rq, in.AppID, in.Secret, in.GrantType, rp)
	if app == nil {
		return
	}
	if in.ForceRefresh && !s.force(app, rp) {
		return
	}
	s.giveToken(s.stableToken(app), rp)
}

// force replaces the stable token; too soon after the last time it does
// nothing. It reports whether the day's quota allowed it.
func (s *Server) force(a *App, rp *reply) bool {
	now := s.now()
	day := now.In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	if f := &a.forced; f.day != day {
		f.day, f.n = day, 0
	}
	if a.forced.n >= forcePerDay {
		rp.refuse(errDayQuota)
		return false
	}
	if a.stable.current != nil && now.Sub(a.forced.last) >= forceGap {
		a.forced.last = now
		a.forced.n++
		s.replace(&a.stable, a)
	}
	return true
}

// credentials is what both token endpoints check.
func (s *Server) credentials(rq *request, appid, secret, grant string, rp *reply) *App {
	rq.appid = appid
	app := s.apps[appid]
	switch {
	case appid == "":
		rp.refuse(errAppIDMissing)
	case app == nil:
		rp.refuse(errInvalidAppID)
	case grant != "client_credential":
		rp.refuse(errGrantType)
	case secret == "":
		rp.refuse(errSecretMissing)
	case secret != app.Secret:
		rp.refuse(errInvalidSecret)
	case !s.listed(rq.from):
		rp.refuseAs(errWhitelist, "invalid ip "+rq.from.String()+" ipv6 ::ffff:"+rq.from.String()+", not in whitelist")
	default:
		return app
	}
	return nil
}

func (s *Server) listed(from netip.Addr) bool {
	for _, entry := range s.opts.Whitelist {
		if addr, err := netip.ParseAddr(entry); err == nil && addr.Unmap() == from {
			return true
		}
		if prefix, err := netip.ParsePrefix(entry); err == nil && prefix.Contains(from) {
			return true
		}
	}
	return len(s.opts.Whitelist) == 0
}

// authorize finds the app that the access token in the query belongs to.
func (s *Server) authorize(rq *request, rp *reply) *App {
	value, now := rq.query.Get("access_token"), s.now()
	t := s.tokens[value]
	switch {
	case value == "":
		rp.refuse(errTokenMissing)
	case t == nil || !t.ends.IsZero() && !now.Before(t.ends):
		rp.refuse(errBadToken)
	case !now.Before(t.expires):
		rp.refuse(errTokenExpired)
	default:
		rq.appid = t.app.AppID
		return t.app
	}
	return nil
}

// into decodes a body that has to be JSON.
func (rq *request) into(v any, rp *reply) bool {
	if len(rq.body) == 0 {
		rp.refuse(errEmptyBody)
		return false
	}
	if json.Unmarshal(rq.body, v) != nil {
		rp.refuse(errBadFormat)
		return false
	}
	return true
}
