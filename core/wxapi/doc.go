// Package wxapi is a client of WeChat's server API for mini programs
// (api.weixin.qq.com): login codes, access tokens, phone numbers, session keys,
// signatures and encrypted data. It knows the protocol and keeps no state.
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
// # What is repeated
//
// Only WeChat's -1 ("system busy") is, at most twice, within [Config.Timeout].
// A time-out is not: WeChat may have consumed the code. (net/http itself sends
// a GET again when a pooled connection turns out to be closed.)
//
// # Secrets
//
// AppSecret, session_key and access token are [Secret] values. Errors and the
// hook [Config.OnCall] hold none of them, nor a code, nor a URL.
package wxapi
