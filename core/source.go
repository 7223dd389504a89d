package core

import (
	"cmp"
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wxsession/wxsession/core/wxapi"
)

// Source proves who logs in. The default exchanges LoginRequest.Code with
// WeChat's code2Session; another one lets users of another platform in.
//
// Errors that are an *Error or a *wxapi.Error reach the client with the code
// that belongs to them, all others as WeChatUnavailable. A Source checks the
// fields that it uses: the manager has bounded them, nothing more.
type Source interface {
	Identify(ctx context.Context, r LoginRequest) (Identity, error)
}

// Identity is what a Source found out.
type Identity struct {
	OpenID  string // required
	UnionID string
	// SessionKey is kept, encrypted, to check signatures and to decrypt data;
	// "" where the platform has none.
	SessionKey wxapi.Secret
}

// identify asks the app's source and does not trust what it answers.
func (a *app) identify(ctx context.Context, r LoginRequest) (Identity, error) {
	id, err := a.source.Identify(ctx, r)
	if err != nil {
		return Identity{}, sourceError(err)
	}
	for _, text := range []string{id.OpenID, id.UnionID, id.SessionKey.Reveal()} {
		if len(text) > maxIdentity || !printable(text) {
			return Identity{}, errWeChat(errIdentity)
		}
	}
	if id.OpenID == "" {
		return Identity{}, errWeChat(errIdentity)
	}
	return id, nil
}

var errIdentity = errors.New("the answer names no openid of a sensible form")

// codeSource is code2Session. A code is good for one exchange, so that
// requests with the same code at the same time (a double tap, a client that
// retries) share it.
type codeSource struct {
	exchange func(ctx context.Context, appID, code string) (wxapi.CodeSession, error)
	flights  singleflight.Group
}

// newCodeSource exchanges the codes of api's own app.
func newCodeSource(api *wxapi.Client) *codeSource {
	return &codeSource{exchange: func(ctx context.Context, _, code string) (wxapi.CodeSession, error) {
		return api.Code2Session(ctx, code)
	}}
}

// ComponentSource returns the Source of apps that a WeChat third-party platform
// manages (第三方平台): it exchanges their codes in the platform's name. One
// Source serves any number of apps; they need no Secret then.
func ComponentSource(platform *wxapi.Component) Source {
	return &codeSource{exchange: platform.Code2Session}
}

// upstreamTimeout bounds everything that one request asks of WeChat.
const upstreamTimeout = 5 * time.Second

func (c *Config) newClient(a App, tokens wxapi.TokenSource) (*wxapi.Client, error) {
	bases, err := splitBases(cmp.Or(a.APIBase, c.APIBase))
	if err != nil {
		return nil, err
	}
	return wxapi.New(wxapi.Config{
		AppID: a.AppID, Secret: wxapi.Secret(a.Secret), Tokens: tokens,
		Bases: bases, HTTPClient: c.HTTPClient, Timeout: upstreamTimeout, Now: c.Now,
	})
}

// Identify leaves the exchange running when its caller goes away: the others
// that wait for it need the answer, and the code is spent either way. The API's
// own time limit ends it.
func (s *codeSource) Identify(ctx context.Context, r LoginRequest) (Identity, error) {
	if r.Code == "" {
		return Identity{}, errBadRequest("code is missing: send what wx.login returned")
	}
	done := s.flights.DoChan(r.AppID+" "+r.Code, func() (any, error) {
		return s.exchange(context.WithoutCancel(ctx), r.AppID, r.Code)
	})
	select {
	case <-ctx.Done():
		return Identity{}, errWeChat(ctx.Err())
	case result := <-done:
		if result.Err != nil {
			return Identity{}, result.Err
		}
		found := result.Val.(wxapi.CodeSession)
		return Identity{OpenID: found.OpenID, UnionID: found.UnionID, SessionKey: found.SessionKey}, nil
	}
}

// Waits that help: WeChat's quotas count per minute and per day, and its own
// troubles pass within seconds.
const (
	wechatRetry      = 3 * time.Second
	minuteQuotaRetry = time.Minute
	dayQuotaRetry    = time.Hour

	errcodeDayQuota = 45009
	errcodeOpenID   = 40003
)

func errWeChat(cause error) *Error {
	return &Error{Code: WeChatUnavailable, Message: "WeChat did not answer as it should, try again", RetryAfter: wechatRetry, cause: cause}
}

// sourceError is the one place where WeChat's refusals become codes.
func sourceError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	refusal, ok := errors.AsType[*wxapi.Error](err)
	if !ok {
		return errWeChat(err)
	}
	e := &Error{ErrCode: refusal.ErrCode, RID: refusal.RID, cause: err}
	switch refusal.Kind {
	case wxapi.KindInvalidCode:
		e.Code, e.Message = InvalidCode, "WeChat does not accept the code: it has expired or belongs to another app, call wx.login again"
	case wxapi.KindCodeUsed:
		e.Code, e.Message = CodeUsed, "the code was used before, call wx.login again"
	case wxapi.KindBlocked:
		e.Code, e.Message = UserBlocked, "WeChat has blocked this user as high-risk"
	case wxapi.KindRateLimited:
		e.Code, e.Message, e.RetryAfter = RateLimited, "WeChat's quota is used up, wait before the next try", minuteQuotaRetry
		if refusal.ErrCode == errcodeDayQuota {
			e.RetryAfter = dayQuotaRetry
		}
	case wxapi.KindInvalidSignature:
		e.Code, e.Message = SessionKeyExpired, sessionKeyGone
	case wxapi.KindMisconfigured:
		e.Code, e.Message = Misconfigured, "WeChat refuses this backend's configuration, see its log"
	default:
		e.Code, e.Message, e.RetryAfter = WeChatUnavailable, "WeChat did not answer as it should, try again", wechatRetry
	}
	return e
}
