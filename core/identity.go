package core

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// IdentityProvider proves who logs in. The default exchanges LoginRequest.Code
// with WeChat's code2Session; another one lets users of another platform in.
//
// Errors that are an *Error or a *wxapi.Error reach the client with the code
// that belongs to them, all others as CodeWeChatUnavailable. A provider checks
// the fields that it uses: the manager has bounded them, nothing more.
type IdentityProvider interface {
	Identify(ctx context.Context, r LoginRequest) (Identity, error)
}

// Identity is what an IdentityProvider found out. It prints, logs and marshals as
// nothing.
type Identity struct {
	OpenID  string // required
	UnionID string
	// SessionKey is kept to check signatures and to decrypt data; "" where the
	// platform has none.
	SessionKey wxapi.Secret

	answered int64 // when the provider said so, in the order of its answers
}

const maxIdentity = 128 // openid and unionid have 28 characters today, and no promise

var errIdentity = errors.New("the answer names no openid of a sensible form")

func (id *Identity) validate() error {
	for _, text := range []string{id.OpenID, id.UnionID, id.SessionKey.Reveal()} {
		if len(text) > maxIdentity || !printable(text) {
			return errIdentity
		}
	}
	if id.OpenID == "" {
		return errIdentity
	}
	return nil
}

// stamps orders the answers of identity providers. Two answers never have the
// same time: the session_key of the later one is the valid one.
type stamps struct{ last atomic.Int64 }

func (s *stamps) next(now int64) int64 {
	for {
		last := s.last.Load()
		t := max(now, last+1)
		if last > now+time.Second.Milliseconds() {
			t = now // the clock was set back
		}
		if s.last.CompareAndSwap(last, t) {
			return t
		}
	}
}

// identify asks the app's provider and does not trust what it answers.
func (m *Manager) identify(ctx context.Context, a *app, r LoginRequest) (id Identity, err error) {
	defer m.recoverPanic(ctx, "an identity provider panicked", &err)
	id, err = a.identity.Identify(ctx, r)
	if err != nil {
		return Identity{}, upstreamError(err)
	}
	if err := id.validate(); err != nil {
		return Identity{}, errWeChat(err)
	}
	if id.answered == 0 {
		id.answered = m.stamps.next(m.now())
	}
	return id, nil
}

// codeExchange is code2Session. A code is good for one exchange, so that
// requests with the same code at the same time (a double tap, a client that
// retries) share it.
type codeExchange struct {
	exchange func(ctx context.Context, appID, code string) (wxapi.CodeSession, error)

	// What follows is nil until a manager uses it.
	m       *Manager
	app     *app
	flights *flights
}

// newCodeExchange exchanges the codes of an app's own client.
func newCodeExchange(client *wxapi.Client) *codeExchange {
	return &codeExchange{exchange: func(ctx context.Context, _, code string) (wxapi.CodeSession, error) {
		return client.Code2Session(ctx, code)
	}}
}

// NewComponentProvider returns the IdentityProvider of apps that a WeChat
// third-party platform manages (第三方平台): it exchanges their codes in the
// platform's name. One serves any number of apps; they need no Secret then.
func NewComponentProvider(platform *wxapi.Component) IdentityProvider {
	return &codeExchange{exchange: platform.Code2Session}
}

// usedBy returns an exchange for one app of a manager.
func (x *codeExchange) usedBy(m *Manager, a *app) *codeExchange {
	own := &codeExchange{exchange: x.exchange, m: m, app: a}
	own.flights = newFlights(own.answer)
	return own
}

// Identify leaves the exchange running when its caller goes away: the others
// that wait for it need the answer, and the code is spent either way. The API's
// own time limit ends it.
func (x *codeExchange) Identify(ctx context.Context, r LoginRequest) (Identity, error) {
	if r.Code == "" {
		return Identity{}, errBadRequest("code is missing: send what wx.login returned")
	}
	if x.m == nil {
		return Identity{}, errApp(errors.New("this provider works only as an app's own, in core.Config: it cannot be wrapped"))
	}
	f := x.flights.join(ctx, flightOf{r.AppID, r.Code})
	select {
	case <-ctx.Done():
		return Identity{}, errWeChat(ctx.Err())
	case <-f.landed:
		return f.id, f.err
	}
}

// answer runs in a goroutine of its own, where a panic would end the process.
func (x *codeExchange) answer(ctx context.Context, of flightOf) (id Identity, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errPanic(p)
		}
	}()
	var found wxapi.CodeSession
	err = x.m.upstream(ctx, x.app, exchangeCalls, func() (err error) {
		found, err = x.exchange(ctx, of.appID, of.code)
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		OpenID: found.OpenID, UnionID: found.UnionID, SessionKey: found.SessionKey,
		answered: x.m.stamps.next(x.m.now()),
	}, nil
}

// upstreamTimeout bounds everything that one request asks of WeChat.
const upstreamTimeout = 5 * time.Second

func (c *Config) newClient(a App, tokens wxapi.TokenSource) (*wxapi.Client, error) {
	bases, err := splitBases(cmp.Or(a.APIBase, c.APIBase))
	if err != nil {
		return nil, err
	}
	return wxapi.New(wxapi.Config{
		AppID: a.AppID, Secret: wxapi.Secret(a.Secret.Reveal()), Tokens: tokens,
		Bases: bases, HTTPClient: c.HTTPClient, Timeout: upstreamTimeout, Now: c.Now,
		BeforeCall: beforeCall(c.Observe), OnCall: onCall(c.Observe),
	})
}

// Client returns the client of WeChat's server API for one of the configured apps
// ("" is the default one), with the access token that all instances share, for
// the calls that need no session: PaidUnionID, PluginOpenPID, CheckEncryptedMsg.
func (m *Manager) Client(appID string) (*wxapi.Client, error) {
	a, err := m.app(appID)
	if err != nil {
		return nil, err
	}
	if a.client == nil {
		return nil, &Error{Code: CodeMisconfigured, Message: "this app has no Secret to call WeChat's API with"}
	}
	return a.client, nil
}

// AskWeChat lets call ask WeChat's server API for one of the configured apps, as
// the login routes do: within Config.LimitExchanges, not while WeChat is silent,
// and with the codes of Login for its refusals. For calls that a client causes.
// Where they get no answer, logins go on.
func (m *Manager) AskWeChat(ctx context.Context, appID string, call func(c *wxapi.Client) error) error {
	return m.askWeChat(ctx, appID, otherCalls, call)
}

func (m *Manager) askWeChat(ctx context.Context, appID string, kind callKind, call func(c *wxapi.Client) error) error {
	app, err := m.app(appID)
	if err != nil {
		return err
	}
	client, err := m.Client(appID)
	if err != nil {
		return err
	}
	if err := m.upstream(ctx, app, kind, func() error { return call(client) }); err != nil {
		return upstreamError(err)
	}
	return nil
}
