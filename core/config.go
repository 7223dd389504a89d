package core

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
)

// Config says which apps log in and how long their sessions live. Its zero
// value plus an AppID and a Secret is a good configuration; fields are not read
// again after New. Config prints and marshals without its secrets.
type Config struct {
	// AppID and Secret identify the default app, from the WeChat console.
	AppID  string `env:"WX_APPID" json:"appid" yaml:"appid"`
	Secret Secret `env:"WX_SECRET" json:"secret,omitzero" yaml:"secret,omitempty"`
	// Apps are further apps that log in through the same routes. Their sessions
	// never mix. Without an AppID the first of them is the default.
	Apps []App `env:"WX_APPS" json:"apps,omitempty" yaml:"apps,omitempty"`
	// IdentityProvider proves who logs in to the default app; nil: code2Session.
	IdentityProvider IdentityProvider `json:"-" yaml:"-"`

	// Store is the DSN of the session store, for stores.Open; "" means memory://.
	Store string `env:"WX_STORE" json:"store,omitempty" yaml:"store,omitempty"`
	// Keys seal every value in a store outside this process with AES-256-GCM: 32
	// bytes each, in base64, newest first; the first seals, all open. An older key
	// can go one IdleTimeout after the newer one came. Without keys values are in
	// clear.
	Keys []Secret `env:"WX_KEYS" json:"keys,omitempty" yaml:"keys,omitempty"`
	// AcceptClear reads values in clear although there are Keys: while they are
	// being introduced, for one Lifetime. Otherwise such values count as absent.
	AcceptClear bool `env:"WX_ACCEPT_CLEAR" json:"accept_clear,omitempty" yaml:"accept_clear,omitempty"`

	// IdleTimeout ends a session that is not used; 0: 72 h.
	IdleTimeout time.Duration `env:"WX_IDLE_TIMEOUT" json:"idle_timeout,omitempty" yaml:"idle_timeout,omitempty"`
	// Lifetime ends a session however much it is used; 0: 30 days.
	Lifetime time.Duration `env:"WX_LIFETIME" json:"lifetime,omitempty" yaml:"lifetime,omitempty"`
	// RotateGrace is how long a token works after the first use of the one that it
	// was rotated to; 0: 30 s.
	RotateGrace time.Duration `env:"WX_ROTATE_GRACE" json:"rotate_grace,omitempty" yaml:"rotate_grace,omitempty"`
	// MaxSessions bounds a user's sessions, the oldest gives way; 0: 10.
	MaxSessions int `env:"WX_MAX_SESSIONS" json:"max_sessions,omitempty" yaml:"max_sessions,omitempty"`

	// APIBase is where WeChat's API is; "": https://api.weixin.qq.com. Further
	// hosts, separated by commas, are tried where the first cannot be connected to.
	APIBase string `env:"WX_API_BASE" json:"api_base,omitempty" yaml:"api_base,omitempty"`
	// AccessToken says which endpoint issues access tokens; the zero value is
	// stable_token. Logins need no access token.
	AccessToken wxapi.TokenMode `json:"-" yaml:"-"`
	// HTTPClient talks to WeChat; nil: a client with time limits and a connection
	// pool sized for load.
	HTTPClient *http.Client `json:"-" yaml:"-"`

	// Prefix is where the login routes are mounted; "": /wx, "/": at the root.
	Prefix string `env:"WX_PREFIX" json:"prefix,omitempty" yaml:"prefix,omitempty"`
	// ExposeOpenID adds openid to the login's reply, and openid and unionid to a
	// Wafer client's profile.
	ExposeOpenID bool `env:"WX_EXPOSE_OPENID" json:"expose_openid,omitempty" yaml:"expose_openid,omitempty"`
	// PhoneRoute mounts POST /wx/phone.
	PhoneRoute bool `env:"WX_PHONE_ROUTE" json:"phone_route,omitempty" yaml:"phone_route,omitempty"`
	// Cookie is the name of the cookie in which a browser carries its token, such as
	// __Host-wx; "": cookies are neither read nor set.
	Cookie string `env:"WX_COOKIE" json:"cookie,omitempty" yaml:"cookie,omitempty"`
	// CookieInsecure leaves Secure out of cookies, for http on localhost.
	CookieInsecure bool `env:"WX_COOKIE_INSECURE" json:"cookie_insecure,omitempty" yaml:"cookie_insecure,omitempty"`
	// TrustedOrigins may send unsafe requests with the cookie: https://h5.example.com.
	// Those of this host need not stand here.
	TrustedOrigins []string `env:"WX_TRUSTED_ORIGINS" json:"trusted_origins,omitempty" yaml:"trusted_origins,omitempty"`
	// Wafer serves clients built on Tencent's Wafer SDKs too.
	Wafer bool `env:"WX_WAFER" json:"wafer,omitempty" yaml:"wafer,omitempty"`

	// LimitAddress bounds what one client's address may do that a stranger can:
	// log in, exchange a phone code, ask for a code to scan; and, counted apart, log
	// out with tokens that are dead. Of IPv6 a /64 is one address, and a /48 has a
	// hundred times the rate, and so have all whose address is not known. It is counted
	// in each process: divide by the number of instances. Zero: no limit, as a proxy
	// that is not configured would make all users one address.
	LimitAddress Rate `env:"WX_LIMIT_ADDRESS" json:"limit_address,omitzero" yaml:"limit_address,omitempty"`
	// LimitUser bounds what one user may do that costs more than a look into the
	// store: phone codes, deep checks, tickets, signed tokens, scans. It is counted in
	// each process: divide by the number of instances. Zero: 60/m.
	LimitUser Rate `env:"WX_LIMIT_USER" json:"limit_user,omitzero" yaml:"limit_user,omitempty"`
	// TrustedProxies are networks whose X-Forwarded-For is believed where the
	// framework's own rules name one of theirs as the client, as net/http, which has
	// no rules, always does. None: the address is the framework's. With any, a proxy
	// on a Unix socket is believed too. New refuses 0.0.0.0/0 and ::/0: with
	// everybody believed, clients choose their address.
	TrustedProxies []netip.Prefix `env:"WX_TRUSTED_PROXIES" json:"trusted_proxies,omitempty" yaml:"trusted_proxies,omitempty"`
	// LimitExchanges bounds the calls to WeChat that clients cause and that are under
	// way at once. More wait for a second, then they are refused. Deep checks, phone
	// codes and images have a quarter of it each, and one at least; the rest is for
	// logins, and of three or fewer nothing. It is counted in each process: divide by
	// the number of instances. 0: 256.
	LimitExchanges int `env:"WX_LIMIT_EXCHANGES" json:"limit_exchanges,omitempty" yaml:"limit_exchanges,omitempty"`

	// OnLogin runs at every login, after WeChat has said who it is and before
	// anything is stored. It may set attributes: the application's own user id,
	// say. Deny refuses the login, and so does NewError, with its own status and
	// code; every other error, and a panic, is the application's failure: the
	// client gets 503 app_unavailable, the log its text.
	//
	// Its ctx is that of the request, or of the caller of Login or Issue, and has no
	// deadline of its own: bound what you ask your database. Attributes are a snapshot
	// of the login: keep in your own table what has to change at once, such as roles,
	// or call Manager.LogoutUser when it changes.
	OnLogin func(ctx context.Context, d *Draft) error `json:"-" yaml:"-"`
	// Reply may reshape what the login routes answer, and every refusal: put it
	// into an envelope, or add members to the reply of a login. It is given the
	// reply as it would be sent, and returns the one that is sent. Nil: as it is.
	Reply func(ctx context.Context, req Request, r Reply) Reply `json:"-" yaml:"-"`

	// Logger gets what an operator should see; nil: slog.Default().
	Logger *slog.Logger `json:"-" yaml:"-"`
	// Observe is told of everything that is worth counting or tracing; nil: nobody.
	Observe Observer `json:"-" yaml:"-"`
	// Now is the clock; nil: the system's.
	Now func() time.Time `json:"-" yaml:"-"`
}

// App is one mini program.
type App struct {
	AppID  string `json:"appid" yaml:"appid"`
	Secret Secret `json:"secret,omitzero" yaml:"secret,omitempty"`
	// APIBase, if not "", takes the place of Config.APIBase for this app. QQ's
	// mini programs speak the same protocol at https://api.q.qq.com.
	APIBase string `json:"api_base,omitempty" yaml:"api_base,omitempty"`
	// IdentityProvider proves who logs in; nil: code2Session.
	IdentityProvider IdentityProvider `json:"-" yaml:"-"`
}

const (
	defaultIdleTimeout = 72 * time.Hour
	defaultLifetime    = 30 * 24 * time.Hour
	defaultRotateGrace = 30 * time.Second
	defaultMaxSessions = 10
	defaultExchanges   = 256
	defaultPrefix      = "/wx"

	maxMaxSessions = 1000 // keeps a user record well under what every store takes
	maxExchanges   = 1 << 20
	maxLifetime    = 10 * 365 * 24 * time.Hour
)

// apps returns all apps, the default one first.
func (c *Config) apps() []App {
	if c.AppID == "" {
		return c.Apps
	}
	return append([]App{{AppID: c.AppID, Secret: c.Secret, IdentityProvider: c.IdentityProvider}}, c.Apps...)
}
