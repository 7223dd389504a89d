package core

import (
	"context"
	"strings"
	"time"
)

// Require is Authenticate for a middleware: it takes the token from the
// request, and returns ctx with the session in it as well. Failures go to the
// client as Refuse puts them.
func (m *Manager) Require(ctx context.Context, req Request) (context.Context, *Session, error) {
	slot, buf := m.newSlot()
	slot.Context = ctx
	if err := m.authenticate(ctx, m.token(&req), &slot.session, buf); err != nil {
		return ctx, nil, err
	}
	return slot, &slot.session, nil
}

// AuthenticateRequest is Require for a handler that gets the session as an
// argument, and needs no context that carries it.
func (m *Manager) AuthenticateRequest(ctx context.Context, req Request) (*Session, error) {
	return m.Authenticate(ctx, m.token(&req))
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

// token takes the 3rd_session from the headers: "Authorization: Bearer …", or
// X-WX-Session where something else claims that header, or X-WX-Skey of a Wafer
// client.
func (m *Manager) token(req *Request) string {
	const scheme = "bearer "
	if a := req.header("Authorization"); len(a) >= len(scheme) && strings.EqualFold(a[:len(scheme)], scheme) {
		return strings.TrimSpace(a[len(scheme):])
	}
	token := req.header("X-Wx-Session")
	if token == "" && m.cfg.Wafer {
		token = req.header("X-Wx-Skey")
	}
	return token
}
