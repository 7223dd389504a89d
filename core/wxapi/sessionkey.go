package wxapi

import (
	"context"
	"net/url"
)

// CheckSessionKey asks WeChat whether key is still the session_key of the user
// (/wxa/checksession). If it is, the result is nil; if it is wrong, displaced
// or expired, an Error of kind KindInvalidSignature. wx.checkSession on the phone
// answers another question: it knows nothing of the key that the server holds.
func (c *Client) CheckSessionKey(ctx context.Context, openid string, key Secret) error {
	_, err := signed[acknowledged](ctx, c, &request{op: "checkSessionKey", path: "/wxa/checksession"}, openid, key)
	return err
}

// ResetSessionKey replaces the user's session_key (/wxa/resetusersessionkey)
// and returns the new one. The old one dies at once; the new one expires when
// the old one would have.
func (c *Client) ResetSessionKey(ctx context.Context, openid string, key Secret) (Secret, error) {
	r, err := signed[sessionReply](ctx, c, &request{op: "ResetUserSessionKey", path: "/wxa/resetusersessionkey", once: true}, openid, key)
	if err != nil {
		return "", err
	}
	return Secret(r.SessionKey), nil
}

// signed calls one of the APIs that want proof of the session_key: a signature
// of the empty text.
func signed[T reply](ctx context.Context, c *Client, rq *request, openid string, key Secret) (T, error) {
	signature := SessionSignature(key, nil)
	rq.hide[2], rq.hide[3] = key, Secret(signature)
	return authorized(ctx, c, rq, url.Values{
		"openid": {openid}, "signature": {signature}, "sig_method": {"hmac_sha256"},
	}, decode[T])
}
