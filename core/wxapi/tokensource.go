package wxapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
)

// TokenSource supplies the access token that most calls need. It is asked for
// each of them, so it should remember the token, and share it between all
// instances of a service: WeChat invalidates a token when it issues another.
// It must be safe for concurrent use.
type TokenSource interface {
	// Token returns a token. stale is empty, or the token that WeChat has just
	// refused: then the result is another one, unless WeChat gives no other (see
	// Client.FetchToken). The call is made once more with whatever it is. A
	// source that panics fails the call.
	Token(ctx context.Context, stale Secret) (Secret, error)
}

var errNoTokens = errors.New("set Config.Tokens: this call needs an access token")

// authorized calls with an access token. If WeChat refuses the token, it asks
// for another one, once.
func authorized[T any](ctx context.Context, c *Client, rq *request, params url.Values, read reader[T]) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	var stale Secret
	for {
		token, err := c.accessToken(ctx, rq, stale)
		if err != nil {
			var none T
			return none, err
		}
		rq.query, rq.hide[1] = withToken(token, params), token
		out, err := call(ctx, c, rq, read)
		if stale != "" || !isKind(err, KindBadToken) {
			return out, err
		}
		stale = token
	}
}

// authorizedPost calls with a body of JSON.
func authorizedPost[T reply](ctx context.Context, c *Client, rq *request, body any) (T, error) {
	rq.body = encode(body)
	return authorized(ctx, c, rq, nil, decode[T])
}

// encode cannot fail: the bodies here consist of texts, numbers and booleans. It
// does not escape "&", as json.Marshal does for HTML.
func encode(body any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.Encode(body)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

func withToken(token Secret, params url.Values) string {
	q := "access_token=" + url.QueryEscape(token.Reveal())
	if len(params) > 0 {
		q += "&" + params.Encode()
	}
	return q
}

func (c *Client) accessToken(ctx context.Context, rq *request, stale Secret) (Secret, error) {
	if c.cfg.Tokens == nil {
		return "", rq.fail(KindMisconfigured, errNoTokens)
	}
	token, err := askFor(func() (Secret, error) { return c.cfg.Tokens.Token(ctx, stale) })
	if err == nil {
		return token, nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e != nil {
		return "", e // says better what failed: fetching a token
	}
	return "", rq.fail(KindUnavailable, err)
}
