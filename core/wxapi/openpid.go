package wxapi

import "context"

type openPIDReply struct {
	outcome
	OpenPID string `json:"openpid"`
}

func (r openPIDReply) complete() bool { return visible(r.OpenPID, maxIdentifier) }

// PluginOpenPID exchanges the code of wx.pluginLogin for the id that the user
// has in the plugin (/wxa/getpluginopenpid). The code is good for five minutes,
// once, and another sort of code than wx.login's.
func (c *Client) PluginOpenPID(ctx context.Context, code string) (string, error) {
	rq := &request{
		op: "getPluginOpenPId", path: "/wxa/getpluginopenpid", once: true,
		hide: [5]Secret{2: Secret(code)},
	}
	if code == "" || len(code) > MaxCode {
		return "", rq.fail(KindInvalidCode, errCodeShape)
	}
	r, err := authorizedPost[openPIDReply](ctx, c, rq, map[string]string{"code": code})
	return r.OpenPID, err
}
