package weblogin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"

	"github.com/wxsession/wxsession/core"
)

// Login serves the hand-over and the website login. It holds no login itself:
// any number of processes may work on one store. It is safe for concurrent use.
type Login struct {
	wx       *core.Manager
	attempts attempts
	bells    bells
	tally    tally
	cfg      Config

	done  chan struct{} // closed by Close
	close sync.Once
}

// New checks cfg against what the manager is configured for. It talks to
// nobody. Where the manager has no cookie, and so Routes has no routes, it says so
// in the log.
func New(wx *core.Manager, cfg Config) (*Login, error) {
	if wx == nil {
		return nil, errors.New("cannot use this configuration: pass the manager that core.New returns")
	}
	if err := cfg.check(wx); err != nil {
		return nil, fmt.Errorf("cannot use this configuration: %w", err)
	}
	l := &Login{wx: wx, cfg: cfg, done: make(chan struct{})}
	l.attempts = attempts{store: looking{wx.Values()}, now: wx.Now, moved: l.bells.ring}
	if wx.CookieName() == "" {
		wx.Log(context.Background(), slog.LevelInfo, "there are no routes for browsers (/ticket, /enter, /scan), which need a cookie: set Cookie (WX_COOKIE) to something like __Host-wx")
	}
	return l, nil
}

// Routes returns what an adapter's MountRoutes mounts, under the manager's
// prefix: none where the manager has no cookie.
func (l *Login) Routes() []core.Route {
	if l.wx.CookieName() == "" {
		return nil
	}
	routes := []core.Route{
		l.wx.Route("POST", "/ticket", l.serveTicket),
		l.exactly("GET", "/enter", l.serveEnter),
	}
	if l.cfg.ScanLogin {
		routes = append(routes,
			l.wx.Route("POST", "/scan", l.serveStart),
			l.wx.Route("GET", "/scan/{id}", l.servePoll),
			l.exactly("GET", "/scan/{id}/code", l.serveCode),
			l.wx.Route("POST", "/scan/{id}", l.serveAction))
	}
	return routes
}

// Close ends the polls that wait, with the state that they know, and lets no
// other wait. A server calls it when it shuts down, as with
// http.Server.RegisterOnShutdown: else it would wait for them, up to half a
// minute. It can be called more than once.
func (l *Login) Close() { l.close.Do(func() { close(l.done) }) }

// exactly makes a route whose replies Config.Reply of the manager does not
// reshape: an envelope around a redirect or an image would be of no use. It does
// see the refusals.
func (l *Login) exactly(method, path string, serve func(context.Context, core.Request) (core.Reply, error)) core.Route {
	route := l.wx.Route(method, path, nil)
	route.Serve = func(ctx context.Context, req core.Request) core.Reply {
		r, err := serve(ctx, req)
		if err != nil {
			return l.wx.Refuse(ctx, req, err)
		}
		return r
	}
	return route
}

// user returns the session of a request that only the mini program makes: by a
// header. A browser's cookie is no session here, and stays as it is.
func (l *Login) user(ctx context.Context, req core.Request) (*core.Session, error) {
	s, err := l.wx.AuthenticateRequest(ctx, req.WithoutCookie())
	if err == nil {
		err = l.wx.LimitUser(s)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// beside returns the escaped path of the route called to, as the client of a
// request to the route called from has to write it: under the manager's prefix,
// and under the group that the routes are mounted in, if there is one.
func (l *Login) beside(req core.Request, from, to string) string {
	path := req.Path
	if !strings.HasSuffix(path, from) || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		path = l.wx.Route("", from, nil).Path
	}
	base := strings.TrimSuffix(path, from)
	return (&url.URL{Path: base + to}).EscapedPath()
}

func errNotFound() *core.Error {
	return &core.Error{Code: core.CodeNotFound, Message: "there is no such login: it has expired, has been used, or belongs to another browser"}
}

func errBadRequest(message string) *core.Error {
	return &core.Error{Code: core.CodeBadRequest, Message: message}
}

func errConflict(message string) *core.Error {
	return &core.Error{Code: core.CodeConflict, Message: message}
}
