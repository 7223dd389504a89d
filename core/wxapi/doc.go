// Package wxapi is a client of WeChat's server API for mini programs
// (api.weixin.qq.com): login codes, access tokens, phone numbers, session keys,
// mini program codes, signatures and encrypted data. It knows the protocol and
// keeps no state.
//
// Most programs should use package core instead, which adds sessions, a shared
// access token and the HTTP routes; this package is for those who need a
// single call:
//
//	c, err := wxapi.New(wxapi.Config{AppID: appid, Secret: secret})
//	s, err := c.Code2Session(ctx, code)
//
// # Errors
//
// A failing call returns an [*Error]; its [Kind] says what to do:
//
//	var e *wxapi.Error
//	if errors.As(err, &e) && e.Kind == wxapi.KindCodeUsed { … }
//
// A cancelled context and a passed deadline are found with [errors.Is].
//
// # What is sent again
//
// WeChat's -1 ("system busy") is an answer, and the request is sent again, at
// most twice, within [Config.Timeout]. A time-out or a broken connection is no
// answer: WeChat may have used the code up. So a request that uses something up
// (a login code, a phone code, a token, a session_key) is sent again only if it
// certainly did not arrive, and net/http is kept from sending it again on another
// idle connection, also in a [Config.HTTPClient] of your own. A RoundTripper of
// your own that repeats requests by itself must leave these alone. Requests that
// only read are left to net/http.
//
// # Panics
//
// A panic in a RoundTripper, a TokenSource or an OnCall of your own becomes an
// [*Error] of [KindUnavailable] that names the place and the type of the value.
//
// # Secrets
//
// AppSecret, session_key and access token are [Secret] values. Errors and the
// hook [Config.OnCall] hold none of them, nor a code, nor a URL.
package wxapi
