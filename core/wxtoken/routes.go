package wxtoken

import (
	"context"
	"time"

	"github.com/wxsession/wxsession/core"
)

// Routes returns what an adapter's MountRoutes mounts, under the manager's
// prefix: POST /wx/token and GET /wx/jwks. None without SigningKeys.
func (i *Issuer) Routes() []core.Route {
	if i.sign == nil {
		return nil
	}
	jwks := i.wx.Route("GET", "/jwks", nil) // for its path: Config.Reply must not reshape a standard's format
	jwks.Serve = i.serveKeys
	return []core.Route{i.wx.Route("POST", "/token", i.serveToken), jwks}
}

type tokenReply struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

func (i *Issuer) serveToken(ctx context.Context, req core.Request) (any, error) {
	s, err := i.wx.AuthenticateRequest(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := i.wx.LimitUser(s); err != nil {
		return nil, err
	}
	var body struct {
		Audience *string `json:"audience"`
	}
	if err := req.DecodeOptional(&body); err != nil {
		return nil, err
	}
	var audience string
	if body.Audience != nil {
		if audience = *body.Audience; audience == "" { // asked for, and none
			return nil, errAudience()
		}
	}
	token, expiresIn, err := i.Token(ctx, s, audience)
	if err != nil {
		return nil, err
	}
	return tokenReply{token, "Bearer", int64(expiresIn / time.Second)}, nil
}

func (i *Issuer) serveKeys(context.Context, core.Request) core.Reply {
	return core.Reply{
		Status: 200,
		Header: []core.HeaderField{
			{Name: "Cache-Control", Value: "public, max-age=300"},
			{Name: "Content-Type", Value: "application/json"},
		},
		Body: i.keys,
	}
}
