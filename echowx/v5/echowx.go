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
// [With] is for handlers that take the session as an argument.
//
// Refusals are returned, as Echo wants it. Its own error handler turns them into
// the replies of the wire protocol; one of the application finds the *core.Error
// with errors.As, the status with echo.StatusCode, and may answer as it likes.
// WWW-Authenticate, Retry-After and Cache-Control are set in either case. A
// refusal that Config.Reply has made into something other than JSON has been
// written by then: the response is committed.
package echowx

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

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
	MountRoutes(r, wx.Routes()...)
	return Require(wx)
}

// MountRoutes adds any routes: those of packages that work on top of core, and
// the application's own. A route for GET answers HEAD too, as net/http's own
// router has it, unless routes holds one for HEAD.
func MountRoutes(r Router, routes ...core.Route) {
	for _, route := range routes {
		path := strings.ReplaceAll(route.Path, "{id}", ":id")
		serve := func(c *echo.Context) error {
			r, req := c.Request(), request(c)
			req.Path, req.Query = r.URL.Path, r.URL.RawQuery
			req.ID, req.Address, req.Body = param(c, "id"), address(c), r.Body
			return send(c, route.Serve(r.Context(), req))
		}
		r.Add(route.Method, path, serve)
		if route.Method == http.MethodGet && !hasHead(routes, route.Path) {
			r.Add(http.MethodHead, path, serve)
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
// without a live one end in an error and do not reach the handler.
func Require(wx *core.Manager) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			known, err := wx.RequireHTTP(c.Request())
			if err != nil {
				return Refuse(c, wx, err)
			}
			return serve(next, c, known)
		}
	}
}

// RequireSessionKey is Require for routes that decrypt: WeChat must also have
// confirmed the user's session_key within the last maxAge, or is asked now. One
// that is dead gives 401 session_key_expired: the client logs in again, and the
// session lives on. Behind Require or Optional nothing is looked up twice.
func RequireSessionKey(wx *core.Manager, maxAge time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			ctx, _, err := wx.RequireSessionKey(c.Request().Context(), request(c), maxAge)
			if err != nil {
				return Refuse(c, wx, err)
			}
			return serve(next, c, c.Request().WithContext(ctx))
		}
	}
}

// With returns a handler that needs a session, and gets it as an argument. It
// is Require and the handler in one, without a session in the context.
func With(wx *core.Manager, handle func(*echo.Context, *core.Session) error) echo.HandlerFunc {
	return func(c *echo.Context) error {
		r := c.Request()
		s, err := wx.AuthenticateRequest(r.Context(), core.Request{Method: r.Method, Host: r.Host, Header: r.Header})
		if err != nil {
			return Refuse(c, wx, err)
		}
		return handle(c, s)
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
			ctx, s := wx.Optional(r.Context(), request(c))
			if s == nil {
				return next(c)
			}
			return serve(next, c, r.WithContext(ctx))
		}
	}
}

// serve has next answer known, a copy of the request, and hands the form back that a
// handler has parsed: net/http removes the files of uploads by that of its own
// request, and they would stay on the disk.
func serve(next echo.HandlerFunc, c *echo.Context, known *http.Request) error {
	r := c.Request()
	defer func() { // of a handler that panics too: the Recover middleware stands further up
		if r.MultipartForm == nil && c.Request().MultipartForm != nil { // of known, or of a copy of that
			r.MultipartForm = c.Request().MultipartForm
		}
	}()
	c.SetRequest(known)
	return next(c)
}

// Session returns the session of the request. It is nil on a route without
// Require or Optional, and may be nil behind Optional.
func Session(c *echo.Context) *core.Session {
	return core.FromContext(c.Request().Context())
}

// Refuse returns the error that makes Echo answer with an error of the manager,
// or one of core.NewError, as the login routes would: for handlers that call
// wx.Update and so on.
func Refuse(c *echo.Context, wx *core.Manager, err error) error {
	return send(c, wx.Refuse(c.Request().Context(), request(c), err))
}

// address is the client's as Echo.IPExtractor knows it, and that of the connection
// without one, or where it returns what is no address.
func address(c *echo.Context) string {
	if believed, ok := withoutPort(c.RealIP()); ok {
		return believed
	}
	return connection(c.Request())
}

// connection is the address of its other end; "@" for a Unix socket.
func connection(r *http.Request) string {
	if peer := echo.ExtractIPDirect()(r); peer != "" {
		return peer
	}
	return r.RemoteAddr
}

// withoutPort reads an address as platforms write it: some of them add the port.
func withoutPort(text string) (address string, ok bool) {
	if _, err := netip.ParseAddr(text); err == nil {
		return text, true
	}
	both, err := netip.ParseAddrPort(text)
	return both.Addr().String(), err == nil
}

// request is what a middleware's decision needs.
func request(c *echo.Context) core.Request {
	r := c.Request()
	return core.Request{Method: r.Method, Host: r.Host, Header: r.Header}
}

// send writes r, or returns the error that Echo's error handler makes r of. What
// that one cannot make, because Config.Reply has put something other than JSON
// into r, is written before the error is returned.
func send(c *echo.Context, r core.Reply) error {
	left := r.Err != nil && isJSON(r)
	header := c.Response().Header()
	for _, h := range r.Header {
		// An error handler that answers in HTML would be stuck with a
		// Content-Type: Echo keeps one that is there.
		switch {
		case h.Name == echo.HeaderSetCookie:
			header.Add(h.Name, h.Value)
		case !left || h.Name != echo.HeaderContentType:
			header.Set(h.Name, h.Value)
		}
	}
	if left {
		return &refusal{r}
	}
	c.Response().WriteHeader(r.Status)
	_, err := c.Response().Write(r.Body)
	if r.Err != nil {
		return &refusal{r}
	}
	return err
}

// isJSON reports whether r is what it would be if Echo encoded it.
func isJSON(r core.Reply) bool {
	kind := ""
	for _, h := range r.Header {
		if h.Name == echo.HeaderContentType {
			kind = h.Value
		}
	}
	return strings.HasPrefix(kind, echo.MIMEApplicationJSON) && json.Valid(r.Body)
}

// refusal is a reply as an error, with what Echo's error handler asks one for.
type refusal struct{ reply core.Reply }

func (r *refusal) Error() string                { return r.reply.Err.Error() }
func (r *refusal) Unwrap() error                { return r.reply.Err }
func (r *refusal) StatusCode() int              { return r.reply.Status }
func (r *refusal) MarshalJSON() ([]byte, error) { return r.reply.Body, nil }

// param returns a path parameter unescaped. Echo matches the escaped path if
// there is one.
func param(c *echo.Context, name string) string {
	value := c.Param(name)
	if c.Request().URL.RawPath != "" {
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
	}
	return value
}
