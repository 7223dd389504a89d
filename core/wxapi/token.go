package wxapi

import (
	"context"
	"net/url"
	"time"
)

// TokenMode says which of WeChat's two endpoints issues access tokens. Their
// tokens are interchangeable, and do not invalidate each other.
type TokenMode int

const (
	// StableToken is /cgi-bin/stable_token: asked again, it gives the same token
	// as long as that has more than five minutes to live. The right choice
	// unless something stands against it.
	StableToken TokenMode = iota
	// NormalToken is /cgi-bin/token: every call gives a new token, and the one
	// before works for five minutes more.
	NormalToken
)

type tokenReply struct {
	outcome
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

const (
	maxToken     = 2048              // bytes; WeChat asks for room for 512
	maxTokenLife = 30 * 24 * 60 * 60 // seconds; WeChat's is 7200
)

func (r tokenReply) complete() bool {
	return visible(r.AccessToken, maxToken) && 0 < r.ExpiresIn && r.ExpiresIn <= maxTokenLife
}

// ForceInterval is how long WeChat does not replace a token that was forced.
const ForceInterval = 30 * time.Second

// FetchToken asks WeChat for an access token and the time it has left.
//
// Without force, StableToken gives the token that is valid already. After WeChat
// has refused a token (KindBadToken: 40001, 40014, 42001), ask without force
// first: somebody else may have replaced it. If the result equals the refused
// token, force makes WeChat replace it, 20 times a day at most. Forced again
// within ForceInterval, WeChat gives the token that is valid already, so a
// younger token is not worth the attempt. NormalToken replaces it always.
//
// A whitelist of IP addresses in WeChat's console applies to this call: 40164,
// whose ErrMsg names the address.
func (c *Client) FetchToken(ctx context.Context, mode TokenMode, force bool) (Secret, time.Duration, error) {
	r, err := call(ctx, c, c.tokenRequest(mode, force), decode[tokenReply])
	if err != nil {
		return "", 0, err
	}
	return Secret(r.AccessToken), time.Duration(r.ExpiresIn) * time.Second, nil
}

func (c *Client) tokenRequest(mode TokenMode, force bool) *request {
	secret := c.reveal().secret
	rq := &request{once: true, narrow: tokenKind, hide: [5]Secret{secret}}
	if mode == NormalToken {
		rq.op, rq.path = "getAccessToken", "/cgi-bin/token"
		rq.query = url.Values{
			"grant_type": {"client_credential"}, "appid": {c.cfg.AppID}, "secret": {secret.Reveal()},
		}.Encode()
		return rq
	}
	rq.op, rq.path = "getStableAccessToken", "/cgi-bin/stable_token"
	rq.body = encode(map[string]any{
		"grant_type": "client_credential", "appid": c.cfg.AppID,
		"secret": secret.Reveal(), "force_refresh": force,
	})
	return rq
}
