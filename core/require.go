package core

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Require is Authenticate for a middleware: it takes the token from the
// request, and returns ctx with the session in it as well. Whoever keeps that session
// keeps ctx. Failures go to the client as Refuse puts them.
//
// A request with an unsafe method that comes by the cookie must be of this
// website or of a trusted one; else CodeCrossOrigin, before the store is asked.
func (m *Manager) Require(ctx context.Context, req Request) (context.Context, *Session, error) {
	c, err := m.credential(&req)
	if err != nil {
		return ctx, nil, err
	}
	known, buf := m.newSessionIn(ctx)
	if err := m.authenticate(ctx, c.token, known.session, buf); err != nil {
		return ctx, nil, c.failure(err)
	}
	return known, known.session, nil
}

// RequireHTTP is Require for a middleware of net/http: it returns a copy of the
// request with the session in its context, as WithContext would. The session may be
// kept: it keeps neither the request nor its context.
//
// A server removes the files of uploads by the MultipartForm of the request that it
// made itself. A handler parses the copy; so a middleware that hands it on sets
// r.MultipartForm to the copy's when the handlers are done, also if they panic.
func (m *Manager) RequireHTTP(r *http.Request) (*http.Request, error) {
	s, err := m.AuthenticateRequest(r.Context(), Request{Method: r.Method, Host: r.Host, Header: r.Header})
	if err != nil {
		return nil, err
	}
	return attach(r, s), nil
}

// AuthenticateRequest is Require for a handler that gets the session as an
// argument, and needs no context that carries it.
func (m *Manager) AuthenticateRequest(ctx context.Context, req Request) (*Session, error) {
	c, err := m.credential(&req)
	if err != nil {
		return nil, err
	}
	s, buf := m.newSession()
	if err := m.authenticate(ctx, c.token, s, buf); err != nil {
		return nil, c.failure(err)
	}
	return s, nil
}

// RequireSessionKey is Require for routes that decrypt: the session must be
// live, and its session_key one that WeChat took within the last maxAge, or
// takes now; see CheckSessionKey. Behind another middleware it takes the session
// from ctx.
func (m *Manager) RequireSessionKey(ctx context.Context, req Request, maxAge time.Duration) (context.Context, *Session, error) {
	known, s := ctx, FromContext(ctx)
	if s == nil {
		var err error
		if known, s, err = m.Require(ctx, req); err != nil {
			return ctx, nil, err
		}
	}
	if err := m.checkSessionKey(ctx, s, maxAge); err != nil {
		return ctx, nil, err
	}
	return known, s, nil
}

// Optional is Require for pages that are public: whatever is wrong with the
// session, or with the store, they are served to a stranger, with a nil
// session. It does not ask the store where there is no token.
func (m *Manager) Optional(ctx context.Context, req Request) (context.Context, *Session) {
	known, s, err := m.Require(ctx, req)
	if CodeOf(err) == CodeStoreUnavailable {
		m.report(ctx, asError(err))
	}
	return known, s
}

// credential is a token and how it came.
type credential struct {
	token  string
	cookie bool
}

// credential takes the 3rd_session from the headers: "Authorization: Bearer …", or
// X-WX-Session where something else claims that header, or X-WX-Skey of a Wafer
// client; or else from the cookie, if the request may use it.
func (m *Manager) credential(req *Request) (credential, error) {
	if token, given := m.headerToken(req); given {
		return credential{token: token}, nil
	}
	token := m.cookies.token(req)
	if token == "" {
		return credential{}, nil
	}
	if !m.cookies.admits(req) {
		return credential{}, errCrossOrigin()
	}
	return credential{token, true}, nil
}

func (m *Manager) headerToken(req *Request) (token string, given bool) {
	const scheme = "bearer "
	if a := req.header("Authorization"); len(a) >= len(scheme) && (a[:len(scheme)] == "Bearer " || strings.EqualFold(a[:len(scheme)], scheme)) {
		return strings.TrimSpace(a[len(scheme):]), true
	}
	token = req.header("X-Wx-Session")
	if token == "" && m.cfg.Wafer {
		token = req.header("X-Wx-Skey")
	}
	return token, token != ""
}

// failure notes that an error is about the token in the cookie, which then is
// taken from the browser.
func (c credential) failure(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !c.cookie || !ok {
		return err
	}
	switch e.Code {
	case CodeNoSession, CodeInvalidSession, CodeSessionRevoked:
		spent := *e
		spent.cookie = true
		return &spent
	}
	return err
}
