package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Tencent's Wafer SDKs are abandoned, and mini programs built on them are not.
// With Config.Wafer both families of clients work unchanged: they log in by
// headers, send the token as X-WX-Skey, and know an invalid session by the body.
// One body satisfies both; it is the only one that may hold the magic member
// F2C224D4-… or a code of -1, because either makes a client throw its session
// away.
type (
	waferLogin struct {
		Magic   int          `json:"F2C224D4-2BCE-4C64-AF9F-A6D872000D1A"`
		Session waferSession `json:"session"` // Wafer 1
		Code    int          `json:"code"`    // Wafer 2, and Data
		Data    waferData    `json:"data"`
	}
	waferSession struct {
		ID   string `json:"id"`
		Skey string `json:"skey"`
	}
	waferData struct {
		Skey     string          `json:"skey"`
		Time     int64           `json:"time"`
		UserInfo json.RawMessage `json:"userinfo"`
	}
	waferFailure struct {
		Magic   int    `json:"F2C224D4-2BCE-4C64-AF9F-A6D872000D1A"`
		Error   string `json:"error"`
		Message string `json:"message"`
		Code    int    `json:"code"`
	}
)

// serveWaferLogin needs the code alone. A profile that does not decrypt is left
// out: these clients send one with every login, and WeChat has not put anything
// of interest into it for years.
//
// Frameworks answer HEAD where there is a GET. Such an answer has no body, so
// the session would be nobody's, and the code spent.
func (m *Manager) serveWaferLogin(ctx context.Context, req Request) (any, error) {
	if req.Method == http.MethodHead {
		return nil, errBadRequest("a log-in by HEAD gets no session, use GET or POST")
	}
	if err := m.LimitAddress(req); err != nil {
		return nil, &waferError{err}
	}
	token, s, profile, err := m.login(ctx, LoginRequest{
		Code:          req.header("X-Wx-Code"),
		AppID:         m.appFromReferer(req.header("Referer")),
		EncryptedData: req.header("X-Wx-Encrypted-Data"),
		IV:            req.header("X-Wx-Iv"),
		Header:        req.Header,
		lenient:       true,
	})
	if err != nil {
		return nil, &waferError{err}
	}
	r := NewReply(waferLogin{
		Magic:   1,
		Session: waferSession{ID: s.ID, Skey: token},
		Data:    waferData{Skey: token, Time: s.CreatedAt().Unix(), UserInfo: m.waferProfile(profile)},
	})
	r.Session = s
	return r, nil
}

// waferProfile leaves the user's ids out unless they may be shown.
func (m *Manager) waferProfile(profile json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(profile, &members) != nil || members == nil {
		return json.RawMessage("{}")
	}
	if m.cfg.ExposeOpenID {
		return profile
	}
	for name := range members {
		if strings.EqualFold(name, "openId") || strings.EqualFold(name, "unionId") {
			delete(members, name)
		}
	}
	text, _ := json.Marshal(members) // was decoded just now
	return text
}

// waferError marks the failure of a Wafer login.
type waferError struct{ error }

func (e *waferError) Unwrap() error { return e.error }

// isWafer reports whether a Wafer client sent a request.
func (m *Manager) isWafer(req *Request) bool {
	return m.cfg.Wafer && req.header("X-Wx-Skey") != ""
}

// waferFailure returns the body by which a Wafer client knows the failure e, or
// nil where the plain one is right. Of a request with a session it may only be
// told that it must log in again: everything else, an outage above all, is none
// of the session layer's business.
func (m *Manager) waferFailure(err error, e *Error, req *Request) *waferFailure {
	if _, login := errors.AsType[*waferError](err); login {
		return &waferFailure{Magic: 1, Error: "ERR_LOGIN_FAILED", Message: e.Message, Code: -1}
	}
	if m.isWafer(req) && e.Status() == 401 {
		return &waferFailure{Magic: 1, Error: "ERR_INVALID_SESSION", Message: e.Message, Code: -1}
	}
	return nil
}
