// Package echowx gives an Echo v5 application WeChat Mini Program login
// sessions; the package one level up is for Echo v4.
//
//	e := echo.New()
//	auth := echowx.Mount(e, wx)
//	e.GET("/api/me", func(c *echo.Context) error {
//		return c.JSON(200, map[string]string{"openid": echowx.Session(c).OpenID})
//	}, auth)
//
// The session is in the request's context too, where code below the handlers
// finds it with [core.FromContext]: hand c.Request().Context() down to it.
//
// Refusals are returned, as Echo wants it. Echo's own error handler turns the
// error into the reply of the wire protocol; an HTTPErrorHandler of the
// application finds the *core.Error in it with errors.As, the status with
// echo.StatusCode, and may answer as it likes. The headers of the reply
// (WWW-Authenticate, Retry-After, Cache-Control) are set in either case.
package echowx

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
)

// Router is what Mount adds routes to: an *echo.Echo or an *echo.Group.
type Router interface {
	Add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) echo.RouteInfo
}

// Mount adds the login routes to r, and returns Require(wx). The routes stand
// under Config.Prefix, within the group's path.
func Mount(r Router, wx *core.Manager) echo.MiddlewareFunc {
	for _, route := range wx.Routes() {
		path := strings.ReplaceAll(route.Path, "{id}", ":id")
		r.Add(route.Method, path, func(c *echo.Context) error {
			req := c.Request()
			return send(c, route.Serve(req.Context(), core.Request{
				Header: req.Header,
				Query:  req.URL.RawQuery,
				ID:     param(c, "id"),
				Body:   req.Body,
			}))
		})
	}
	return Require(wx)
}

// Require returns the middleware for routes that need a session. Requests
// without a live one end in an error and do not reach the handler.
func Require(wx *core.Manager) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			ctx, _, err := wx.Authorize(r.Context(), r.Header)
			if err != nil {
				return Refuse(c, wx, err)
			}
			c.SetRequest(r.WithContext(ctx))
			return next(c)
		}
	}
}

// Optional returns the middleware for public pages that greet a user whom they
// know. It refuses nobody: Session is nil for strangers, and for everybody
// while the store does not answer. Requests without a token do not cost a look
// into the store.
func Optional(wx *core.Manager) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			r := c.Request()
			if ctx, s := wx.Recognize(r.Context(), r.Header); s != nil {
				c.SetRequest(r.WithContext(ctx))
			}
			return next(c)
		}
	}
}

// Session returns the session of the request. It is nil on a route without
// Require or Optional, and may be nil behind Optional.
func Session(c *echo.Context) *core.Session {
	return core.FromContext(c.Request().Context())
}

// Refuse prepares the reply to an error of the manager, and returns the error
// that makes Echo send it: for handlers that call wx.Update, wx.Decrypt and so
// on.
func Refuse(c *echo.Context, wx *core.Manager, err error) error {
	r := c.Request()
	return send(c, wx.Refusal(r.Context(), err, r.Header))
}

// send writes r, or returns the error that Echo's error handler makes r of.
func send(c *echo.Context, r core.Reply) error {
	header := c.Response().Header()
	for _, h := range r.Header {
		// An error handler that answers in HTML would be stuck with a
		// Content-Type: Echo keeps one that is there.
		if r.Err == nil || h.Name != echo.HeaderContentType {
			header.Set(h.Name, h.Value)
		}
	}
	if r.Err != nil {
		return &refusal{r}
	}
	c.Response().WriteHeader(r.Status)
	_, err := c.Response().Write(r.Body)
	return err
}

// refusal is a reply as an error: Echo's error handler asks it for its status
// and its JSON.
type refusal struct{ reply core.Reply }

func (r *refusal) Error() string                { return r.reply.Err.Error() }
func (r *refusal) Unwrap() error                { return r.reply.Err }
func (r *refusal) StatusCode() int              { return r.reply.Status }
func (r *refusal) MarshalJSON() ([]byte, error) { return r.reply.Body, nil }

// param returns a path parameter unescaped. Echo matches the escaped path if
// there is one.
func param(c *echo.Context, name string) string {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return value
	}
	if plain, err := url.PathUnescape(value); err == nil {
		return plain
	}
	return value
}
