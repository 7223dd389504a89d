package weblogin

import (
	"context"

	"github.com/wxsession/wxsession/core"
)

// scanCookie is the suffix of the cookie that holds a browser's secret.
const scanCookie = "-scan"

type startReply struct {
	ID        string `json:"id"`
	ExpiresIn int64  `json:"expires_in"`
	Image     string `json:"image"`
}

// serveStart begins an attempt for a stranger. The browser gets a secret of its
// own each time: one that it brought along might be somebody else's, who has
// planted it there to see the login through in their own browser. Another website's
// page must not begin one: it would end the one that the browser has, and use up
// what its address may begin.
func (l *Login) serveStart(ctx context.Context, req core.Request) (any, error) {
	if err := l.wx.SameOrigin(req); err != nil {
		return nil, err
	}
	if err := l.wx.LimitAddress(req); err != nil {
		return nil, err
	}
	id, secret, client, now := randomText(idBytes), randomText(secretBytes), clientOf(req.Address), l.wx.Now()
	if err := l.tally.add(id, client, now); err != nil {
		return nil, err
	}
	a := attempt{
		Version: attemptVersion, State: pending, Secret: hashOf(secret), Created: now.UnixMilli(),
		Browser: browserName(userAgent(req)), IP: addressText(req.Address),
	}
	if stored, err := l.attempts.create(ctx, id, a); err != nil {
		// Nobody knows its secret. But what may be in the store counts as long as it is
		// there: else who leaves before the answer could store as much as they like.
		if !stored {
			l.tally.remove(id)
		}
		return nil, err
	}
	r := core.NewReply(startReply{
		ID: id, ExpiresIn: int64(attemptLife.Seconds()),
		Image: l.beside(req, "/scan", "/scan/"+id+"/code"),
	})
	r.Header = append(r.Header, l.wx.NewCookie(scanCookie, secret, attemptLife))
	return r, nil
}

func userAgent(req core.Request) string {
	if req.Header == nil {
		return ""
	}
	return req.Header.Get("User-Agent")
}

// visitor is a browser that asks for an attempt.
type visitor struct {
	id   string
	hash []byte // of its secret
}

// visitor takes the browser's secret from its cookie. Without one that could be a
// secret there is nothing to be found.
func (l *Login) visitor(req core.Request) (visitor, error) {
	secret := l.wx.CookieValue(req, scanCookie)
	if !textOf(secret, secretBytes) || !textOf(req.ID, idBytes) {
		return visitor{}, errNotFound()
	}
	return visitor{req.ID, hashOf(secret)}, nil
}

// findFor is find for a browser: CodeNotFound as well where it is another one, or
// where the login has been used.
func (l *Login) findFor(ctx context.Context, v visitor) (found, error) {
	f, err := l.attempts.find(ctx, v.id)
	if err == nil && (!sameHash(f.Secret, v.hash) || f.State == used) {
		return found{}, errNotFound()
	}
	return f, err
}
