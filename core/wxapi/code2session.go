package wxapi

import (
	"context"
	"errors"
	"net/url"
)

// MaxCode is the longest code, in bytes, that is sent to WeChat. Real ones
// have 32 characters; nothing promises that.
const MaxCode = 128

// CodeSession is what WeChat gives for a login code.
type CodeSession struct {
	OpenID  string // the user, within this app
	UnionID string // the user, across the apps of one Open Platform account; empty if the app is not bound to one
	// SessionKey signs and encrypts what the mini program brings from WeChat.
	// It must not leave the server.
	SessionKey Secret
}

type sessionReply struct {
	outcome
	OpenID     string `json:"openid"`
	UnionID    string `json:"unionid"`
	SessionKey string `json:"session_key"`
}

const maxIdentifier = 128 // bytes; WeChat's have 28, and no promised length

func (r sessionReply) complete() bool {
	return visible(r.OpenID, maxIdentifier) && isKey(r.SessionKey) &&
		(r.UnionID == "" || visible(r.UnionID, maxIdentifier))
}

func (r sessionReply) session() CodeSession {
	return CodeSession{OpenID: r.OpenID, UnionID: r.UnionID, SessionKey: Secret(r.SessionKey)}
}

var errCodeShape = errors.New("the code is empty or too long")

// Code2Session exchanges the code of wx.login (/sns/jscode2session). A code is
// good for one exchange within five minutes. The kinds of its errors are
// KindInvalidCode, KindCodeUsed, KindBlocked, KindRateLimited, KindUnavailable and KindMisconfigured.
// After a time-out the code may be consumed: only a new one is sure to work.
func (c *Client) Code2Session(ctx context.Context, code string) (CodeSession, error) {
	own := c.reveal()
	rq := &request{
		op: "code2Session", path: "/sns/jscode2session", once: true, narrow: loginKind,
		hide: [5]Secret{own.secret, 2: Secret(code)},
	}
	if code == "" || len(code) > MaxCode {
		return CodeSession{}, rq.fail(KindInvalidCode, errCodeShape)
	}
	rq.query = own.loginQuery + url.QueryEscape(code)
	r, err := call(ctx, c, rq, decode[sessionReply])
	if err != nil {
		return CodeSession{}, err
	}
	return r.session(), nil
}
