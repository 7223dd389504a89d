// Package ginwx gives a Gin application WeChat Mini Program login sessions:
//
//	r := gin.Default()
//	_ = r.SetTrustedProxies(nil)
//	auth := ginwx.Mount(r, wx)
//	r.GET("/api/me", auth, func(c *gin.Context) {
//		c.JSON(200, gin.H{"openid": ginwx.Session(c).OpenID})
//	})
//
// The session is in the request's context too, where code below the handlers
// finds it with [core.FromContext]. Hand c.Request.Context() down to it, not c:
// Gin reuses c, and does not cancel it when the client goes away. [With] is for
// handlers that take the session as an argument.
//
// Behind proxies call r.SetTrustedProxies with their networks, or set
// r.TrustedPlatform. Gin believes everybody's X-Forwarded-For until then, and with
// a list that holds all of IPv4 or IPv6; the login routes believe nobody's then,
// and take the address of the connection. So they do with half of IPv4, or 2000::/3,
// or a platform's header that holds no address. Any other list they take at its
// word: where it comes to trusting the clients too, they choose their address.
//
// A refusal appears in c.Errors as a *core.Error, for middlewares that log or
// count; the reply has been written by then.
package ginwx

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
)

// Mount adds the login routes to r, an engine or a group, and returns
// Require(wx). The routes stand under Config.Prefix, within the group's path.
func Mount(r gin.IRouter, wx *core.Manager) gin.HandlerFunc {
	MountRoutes(r, wx.Routes()...)
	return Require(wx)
}

// MountRoutes adds any routes: those of packages that work on top of core, and
// the application's own. A route for GET answers HEAD too, as net/http's own
// router has it, unless routes holds one for HEAD.
func MountRoutes(r gin.IRouter, routes ...core.Route) {
	for _, route := range routes {
		path := strings.ReplaceAll(route.Path, "{id}", ":id")
		serve := func(c *gin.Context) {
			req := request(c)
			req.Path, req.Query = c.Request.URL.Path, c.Request.URL.RawQuery
			req.ID, req.Address, req.Body = c.Param("id"), address(c), c.Request.Body
			send(c, route.Serve(c.Request.Context(), req))
		}
		r.Handle(route.Method, path, serve)
		if route.Method == http.MethodGet && !hasHead(routes, route.Path) {
			r.Handle(http.MethodHead, path, serve)
		}
	}
}

// hasHead reports whether there is a route of its own for HEAD.
func hasHead(routes []core.Route, path string) bool {
	return slices.ContainsFunc(routes, func(r core.Route) bool {
		return r.Method == http.MethodHead && r.Path == path
	})
}

// Require returns the middleware for routes that need a session. Requests
// without a live one are answered by it and do not reach the handler.
//
// It does not call c.Next: code that calls it, and then decides by c.IsAborted and
// the session, comes before the handlers. So it cannot clean up after them either: it
// hands on a copy of the request, and net/http removes the temporary files of an
// upload by its own. Routes for uploads that are larger than the engine's
// MaxMultipartMemory take With, or end with c.Request.MultipartForm.RemoveAll; this is
// so for RequireSessionKey and Optional, too.
func Require(wx *core.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		known, err := wx.RequireHTTP(c.Request)
		if err != nil {
			Refuse(c, wx, err)
			return
		}
		c.Request = known
	}
}

// RequireSessionKey is Require for routes that decrypt: WeChat must also have
// confirmed the user's session_key within the last maxAge, or is asked now. One
// that is dead gives 401 session_key_expired: the client logs in again, and the
// session lives on. Behind Require or Optional nothing is looked up twice.
func RequireSessionKey(wx *core.Manager, maxAge time.Duration) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, _, err := wx.RequireSessionKey(c.Request.Context(), request(c), maxAge)
		if err != nil {
			Refuse(c, wx, err)
			return
		}
		c.Request = c.Request.WithContext(ctx)
	}
}

// With returns a handler that needs a session, and gets it as an argument. It
// is Require and the handler in one, without a session in the context.
func With(wx *core.Manager, handle func(*gin.Context, *core.Session)) gin.HandlerFunc {
	return func(c *gin.Context) {
		r := c.Request
		s, err := wx.AuthenticateRequest(r.Context(), core.Request{Method: r.Method, Host: r.Host, Header: r.Header})
		if err != nil {
			Refuse(c, wx, err)
			return
		}
		handle(c, s)
	}
}

// Optional returns the middleware for public pages that greet a user whom they
// know. It refuses nobody: Session is nil for strangers, and for everybody
// while the store does not answer. Requests without a token do not cost a look
// into the store.
func Optional(wx *core.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		if ctx, s := wx.Optional(c.Request.Context(), request(c)); s != nil {
			c.Request = c.Request.WithContext(ctx)
		}
	}
}

// Session returns the session of the request. It is nil on a route without
// Require or Optional, and may be nil behind Optional.
func Session(c *gin.Context) *core.Session {
	return core.FromContext(c.Request.Context())
}

// Refuse answers with an error of the manager, or one of core.NewError, as the
// login routes would, and aborts: for handlers that call wx.Update and so on.
func Refuse(c *gin.Context, wx *core.Manager, err error) {
	send(c, wx.Refuse(c.Request.Context(), request(c), err))
}

// request is what a middleware's decision needs.
func request(c *gin.Context) core.Request {
	return core.Request{Method: c.Request.Method, Host: c.Request.Host, Header: c.Request.Header}
}

// send writes r and ends the chain if it reports a failure.
func send(c *gin.Context, r core.Reply) {
	if r.Err != nil {
		_ = c.Error(r.Err)
		c.Abort()
	}
	for _, h := range r.Header {
		if h.Name == "Set-Cookie" {
			c.Writer.Header().Add(h.Name, h.Value)
		} else {
			c.Header(h.Name, h.Value)
		}
	}
	c.Status(r.Status)
	_, _ = c.Writer.Write(r.Body) // fails when the client has gone
}
