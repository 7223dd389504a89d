package weblogin

import (
	"context"
	"errors"

	"github.com/wxsession/wxsession/core"
)

// actionReply is what users should see before they confirm: whose browser it is
// that they are about to log in.
type actionReply struct {
	State     state  `json:"state"`
	Browser   string `json:"browser"`
	IP        string `json:"ip"`
	CreatedAt int64  `json:"created_at"`
}

func (l *Login) serveAction(ctx context.Context, req core.Request) (any, error) {
	s, err := l.user(ctx, req)
	if err != nil {
		return nil, err
	}
	var body struct {
		Action action `json:"action"`
	}
	if err := req.Decode(&body); err != nil {
		return nil, err
	}
	if outcome[body.Action] == "" {
		return nil, errBadRequest("action is one of scan, confirm, deny")
	}
	a, err := l.act(ctx, req.ID, s, body.Action)
	if err != nil {
		return nil, err
	}
	return actionReply{a.shown(), a.Browser, a.IP, a.Created / 1000}, nil
}

// act moves the attempt as the user wants, and returns it.
func (l *Login) act(ctx context.Context, id string, s *core.Session, do action) (attempt, error) {
	for range maxMoves {
		f, err := l.attempts.find(ctx, id)
		if err != nil {
			return attempt{}, err
		}
		next, err := f.after(do, s.AppID, s.OpenID)
		if err != nil || next.State == f.State {
			return next, err
		}
		if next.State == confirmed {
			// The approval comes before the move: a log-out everywhere that is
			// answered after it makes it void.
			if next.By, err = l.wx.Approve(ctx, s); err != nil {
				return attempt{}, err
			}
		}
		err = l.attempts.move(ctx, id, f, next)
		if !errors.Is(err, core.ErrConflict) {
			return next, err
		}
	}
	return attempt{}, errMoves
}
