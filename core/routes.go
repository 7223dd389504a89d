package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
)

// The replies of the login routes, as they stand on the wire.
type (
	loginReply struct {
		Token     string `json:"3rd_session"`
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
		ID        string `json:"id"`
		CreatedAt int64  `json:"created_at"`
		LastSeen  int64  `json:"last_seen"`
		Device    string `json:"device"`
		Current   bool   `json:"current"`
	}
)

func (m *Manager) serveLogin(ctx context.Context, req Request) (any, error) {
	var body struct {
		Code          string `json:"code"`
		AppID         string `json:"appid"`
		Device        string `json:"device"`
		RawData       string `json:"rawData"`
		Signature     string `json:"signature"`
		EncryptedData string `json:"encryptedData"`
		IV            string `json:"iv"`
	}
	if err := decode(req, &body); err != nil {
		return nil, err
	}
	if body.AppID == "" {
		body.AppID = m.appFromReferer(req.Header.Get("Referer"))
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
func (m *Manager) loginReply(token string, s *Session) loginReply {
	r := loginReply{Token: token}
	r.ExpiresIn, r.Lifetime = s.remaining(s.rec.lastSeen())
	if m.cfg.ExposeOpenID {
		r.OpenID = s.OpenID
	}
	return r
}

// remaining returns the seconds from now until s ends unused, and at most.
func (s *Session) remaining(now int64) (expiresIn, lifetime int64) {
	return wholeSeconds(s.rec.expiresAt() - now), wholeSeconds(s.rec.endsAt() - now)
}

func (m *Manager) serveCheck(ctx context.Context, req Request) (any, error) {
	deep, err := flag(req, "deep")
	if err != nil {
		return nil, err
	}
	s, err := m.Check(ctx, m.token(req.Header))
	if err != nil {
		return nil, err
	}
	var r checkReply
	r.ExpiresIn, r.Lifetime = s.remaining(m.now())
	if deep {
		err := m.CheckSessionKey(ctx, s)
		if err != nil && CodeOf(err) != SessionKeyExpired {
			return nil, err
		}
		valid := err == nil
		r.KeyValid = &valid
	}
	return r, nil
}

// flag reports whether the query sets name to 1.
func flag(req Request, name string) (bool, error) {
	query, err := url.ParseQuery(req.Query)
	if err != nil {
		return false, errBadRequest("the query is malformed")
	}
	return query.Get(name) == "1", nil
}

func (m *Manager) serveLogout(ctx context.Context, req Request) (any, error) {
	token := m.token(req.Header)
	all, err := flag(req, "all")
	if err != nil {
		return nil, err
	}
	if !all {
		return nil, m.Logout(ctx, token)
	}
	s, err := m.Check(ctx, token)
	if code := CodeOf(err); code == InvalidSession || code == SessionRevoked {
		return nil, m.Logout(ctx, token) // a dead token ends nobody else's session
	}
	if err != nil {
		return nil, err
	}
	return nil, m.logoutAll(ctx, s, token)
}

func (m *Manager) serveSessions(ctx context.Context, req Request) (any, error) {
	_, s, err := m.Authorize(ctx, req.Header)
	if err != nil {
		return nil, err
	}
	list, err := m.Sessions(ctx, s.AppID, s.OpenID)
	if err != nil {
		return nil, err
	}
	r := sessionsReply{Sessions: []sessionReply{}}
	for _, info := range list {
		r.Sessions = append(r.Sessions, sessionReply{
			ID: info.ID, CreatedAt: info.CreatedAt.Unix(), LastSeen: info.LastSeen.Unix(),
			Device: info.Device, Current: info.ID == s.ID,
		})
	}
	return r, nil
}

func (m *Manager) serveRevoke(ctx context.Context, req Request) (any, error) {
	_, s, err := m.Authorize(ctx, req.Header)
	if err != nil {
		return nil, err
	}
	return nil, m.Revoke(ctx, s.AppID, s.OpenID, req.ID)
}

func (m *Manager) serveRotate(ctx context.Context, req Request) (any, error) {
	token, s, err := m.Rotate(ctx, m.token(req.Header))
	if err != nil {
		return nil, err
	}
	return m.loginReply(token, s), nil
}

func (m *Manager) servePhone(ctx context.Context, req Request) (any, error) {
	_, s, err := m.Authorize(ctx, req.Header)
	if err != nil {
		return nil, err
	}
	var body struct {
		Code string `json:"code"`
	}
	if err := decode(req, &body); err != nil {
		return nil, err
	}
	return m.phoneNumber(ctx, s.AppID, s.OpenID, body.Code)
}

// errJSON says what is wrong with a body, and repeats nothing of it.
func errJSON(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return errBadRequest("the JSON member " + e.Field + " has the wrong type")
	}
	return errBadRequest("the body is not a JSON object")
}
