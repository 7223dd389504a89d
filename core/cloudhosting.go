package core

import (
	"context"
	"errors"
)

// InsecureTrustCloudHosting is the IdentityProvider of a service in WeChat Cloud
// Hosting (微信云托管): it takes the user's identity from the X-WX-OPENID headers
// that the platform sets on requests of wx.cloud.callContainer. A login needs no
// code then, and there is no session_key.
//
// Whoever else can reach the service can set these headers too, and log in as
// anybody: use it only where public access is closed, as WeChat advises.
type InsecureTrustCloudHosting struct {
	// ResourceSharing also takes the X-WX-FROM-OPENID headers, which name the caller
	// where an environment is shared between accounts (资源复用). They count only
	// where X-WX-OPENID is absent; a request with both is refused, as the platform
	// sends none such.
	ResourceSharing bool
}

var errOutside = errors.New("the request does not come from WeChat Cloud Hosting")

// Identify refuses requests that do not bear the platform's marks.
func (p InsecureTrustCloudHosting) Identify(_ context.Context, r LoginRequest) (Identity, error) {
	if r.Header == nil || r.Header.Get("X-Wx-Source") == "" {
		return Identity{}, outside()
	}
	prefix := "X-Wx-"
	plain, shared := r.Header.Get("X-Wx-Openid"), r.Header.Get("X-Wx-From-Openid")
	switch {
	case plain != "" && shared != "":
		return Identity{}, outside()
	case plain == "" && shared != "" && p.ResourceSharing:
		prefix = "X-Wx-From-"
	case plain == "":
		return Identity{}, outside()
	}
	if r.Header.Get(prefix+"Appid") != r.AppID {
		return Identity{}, outside()
	}
	return Identity{OpenID: r.Header.Get(prefix + "Openid"), UnionID: r.Header.Get(prefix + "Unionid")}, nil
}

func outside() *Error {
	return &Error{Code: CodeInvalidCode, Message: "log in with wx.cloud.callContainer: the request bears no identity of this app", cause: errOutside}
}
