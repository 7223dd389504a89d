package wxapi

import (
	"context"
	"errors"
	"net/url"
)

// Component logs in the users of apps that a WeChat third-party platform
// (第三方平台) manages. It is safe for concurrent use.
type Component struct {
	api   *Client
	token func(ctx context.Context) (Secret, error)
}

// NewComponent returns a Component for the platform whose component_appid is
// cfg.AppID. cfg.Secret is not used: token supplies the component_access_token,
// which the platform has from its own life with WeChat. It is called once for
// every login and must be safe for concurrent use.
func NewComponent(cfg Config, token func(ctx context.Context) (Secret, error)) (*Component, error) {
	if token == nil {
		return nil, errors.New("wxapi: pass the source of the component_access_token")
	}
	cfg.Secret = ""
	api, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	return &Component{api, token}, nil
}

// Code2Session exchanges the code of wx.login in the app called appid
// (/sns/component/jscode2session). Errors are those of Client.Code2Session; a
// platform that the app has not authorised is KindMisconfigured (61003).
func (p *Component) Code2Session(ctx context.Context, appid, code string) (CodeSession, error) {
	rq := &request{op: "component code2Session", path: "/sns/component/jscode2session", once: true, narrow: loginKind}
	if code == "" || len(code) > MaxCode {
		return CodeSession{}, rq.fail(KindInvalidCode, errCodeShape)
	}
	rq.hide[2] = Secret(code)
	ctx, cancel := context.WithTimeout(ctx, p.api.cfg.Timeout) // the token's source included
	defer cancel()
	token, err := askFor(func() (Secret, error) { return p.token(ctx) })
	if err != nil {
		return CodeSession{}, rq.fail(KindUnavailable, err)
	}
	rq.hide[1] = token
	rq.query = url.Values{
		"appid": {appid}, "js_code": {code}, "grant_type": {"authorization_code"},
		"component_appid": {p.api.cfg.AppID}, "component_access_token": {token.Reveal()},
	}.Encode()
	r, err := call(ctx, p.api, rq, decode[sessionReply])
	if err != nil {
		return CodeSession{}, err
	}
	return r.session(), nil
}
