package seams

import (
	"context"
	"crypto/subtle"

	"github.com/wxsession/wxsession/core"
)

// InviteRoute logs in whoever has been invited, without WeChat: POST
// /wx/invited {"openid":"…","invitation":"…"}. The reply is that of a login.
func InviteRoute(wx *core.Manager, invitations map[string]string) core.Route {
	return wx.Route("POST", "/invited", func(ctx context.Context, req core.Request) (any, error) {
		if err := wx.LimitAddress(req); err != nil {
			return nil, err
		}
		var in struct {
			OpenID     string `json:"openid"`
			Invitation string `json:"invitation"`
		}
		if err := req.Decode(&in); err != nil {
			return nil, err
		}
		right, invited := invitations[in.OpenID]
		if !invited || subtle.ConstantTimeCompare([]byte(right), []byte(in.Invitation)) != 1 {
			return nil, core.NewError(403, "not_invited", "ask for an invitation")
		}
		token, s, err := wx.Issue(ctx, "", core.Identity{OpenID: in.OpenID}, "invited")
		if err != nil {
			return nil, err
		}
		return map[string]any{"3rd_session": token, "id": s.ID}, nil
	})
}
