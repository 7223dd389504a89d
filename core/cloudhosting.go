package core

import (
	"context"
	"errors"
)

// InsecureTrustCloudHosting is the Source of a service in WeChat Cloud Hosting
// (微信云托管): it takes the user's identity from the X-WX-OPENID headers that
// the platform sets on requests of wx.cloud.callContainer. A login needs no code
// then, and there is no session_key.
//
// Whoever else can reach the service can set these headers too, and log in as
// anybody: use it only where public access is closed, as WeChat advises.
type InsecureTrustCloudHosting struct{}

var errOutside = errors.New("the request does not come from WeChat Cloud Hosting")

// Identify refuses requests that do not bear the platform's marks.
func (InsecureTrustCloudHosting) Identify(_ context.Context, r LoginRequest) (Identity, error) {
	if r.Header == nil || r.Header.Get("X-Wx-Source") == "" {
		return Identity{}, outside()
	}
	// With resources shared between accounts the caller stands in the FROM headers.
	for _, from := range []string{"X-Wx-From-", "X-Wx-"} {
		openID := r.Header.Get(from + "Openid")
		if openID == "" {
			continue
		}
		if r.Header.Get(from+"Appid") != r.AppID {
			return Identity{}, outside()
		}
		return Identity{OpenID: openID, UnionID: r.Header.Get(from + "Unionid")}, nil
	}
	return Identity{}, outside()
}

func outside() *Error {
	return &Error{Code: InvalidCode, Message: "log in with wx.cloud.callContainer: the request bears no identity of this app", cause: errOutside}
}
