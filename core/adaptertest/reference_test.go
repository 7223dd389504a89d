package adaptertest

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// reference is an adapter in its simplest form, with places to break it. The
// zero value is right.
type reference struct {
	routes   func(core.Route) []core.Route // what to mount, if anything, for a login route
	more     func(*http.ServeMux)          // mounts what nobody asked for
	request  func(*core.Request, *http.Request)
	context  func(context.Context) context.Context
	reply    func(*core.Reply)
	own      func(core.Route) []core.Route                                   // what to mount for a route of the application's own
	header   func(http.Header, core.HeaderField)                             // in place of the rule for headers of replies
	with     func(*App, *http.Request) (*http.Request, *core.Session, error) // in place of With
	guard    func(http.Handler) http.Handler                                 // around Require
	admit    func(*core.Manager) error                                       // before Require
	attach   func(*http.Request, context.Context) *http.Request
	keyed    func(*core.Manager, *http.Request) (context.Context, error) // in place of RequireSessionKey
	optional func(*core.Manager, *http.Request) (*http.Request, error)
	heard    func(http.Header) http.Header // what Refuse hears of the request
	session  func(*http.Request) *core.Session
	serve    func(next http.Handler, w http.ResponseWriter, r, known *http.Request) // in place of handing the form back
	writer   func(http.ResponseWriter) http.ResponseWriter
	failed   func(error) error // what the error path gets
	noisy    bool              // the error path gets successes too
}

func (a *reference) harness() Harness {
	return Harness{Uploads: true, Serve: func(t testing.TB, app *App) string {
		mux := http.NewServeMux()
		a.mount(mux, app)
		a.addRoutes(mux, app)
		if a.more != nil {
			a.more(mux)
		}
		return ServeHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if v := recover(); v != nil {
					app.Recovered(v)
				}
			}()
			app.Before(w.Header().Set)
			http.StripPrefix(app.Group, mux).ServeHTTP(w, r)
		}))
	}}
}

func (a *reference) mount(mux *http.ServeMux, app *App) {
	a.mountRoutes(mux, app, app.Manager.Routes(), a.routes)
	a.mountRoutes(mux, app, app.Routes, a.own)
}

func (a *reference) mountRoutes(mux *http.ServeMux, app *App, all []core.Route, change func(core.Route) []core.Route) {
	for _, configured := range all {
		routes := []core.Route{configured}
		if change != nil {
			routes = change(configured)
		}
		for _, route := range routes {
			mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) {
				req := requestOf(r)
				req.Query, req.ID, req.Body = r.URL.RawQuery, r.PathValue("id"), r.Body
				if a.request != nil {
					a.request(&req, r)
				}
				a.send(w, app, configured.Serve(a.ctx(r), req))
			})
		}
	}
}

func requestOf(r *http.Request) core.Request {
	return core.Request{Method: r.Method, Host: r.Host, Path: r.URL.Path, Address: addressOf(r), Header: r.Header}
}

func addressOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr) // of a TCP connection
	return host
}

func (a *reference) ctx(r *http.Request) context.Context {
	if a.context != nil {
		return a.context(r.Context())
	}
	return r.Context()
}

func (a *reference) send(w http.ResponseWriter, app *App, r core.Reply) {
	if r.Err != nil || a.noisy {
		var err error = r.Err
		if a.failed != nil {
			err = a.failed(err)
		}
		app.Failed(err)
	}
	if a.reply != nil {
		a.reply(&r)
	}
	header := a.header
	if header == nil {
		header = setHeader
	}
	for _, h := range r.Header {
		header(w.Header(), h)
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}

func setHeader(header http.Header, h core.HeaderField) {
	if h.Name == "Set-Cookie" {
		header.Add(h.Name, h.Value)
	} else {
		header.Set(h.Name, h.Value)
	}
}

func (a *reference) require(app *App, next http.Handler) http.Handler {
	h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.admit != nil {
			if err := a.admit(app.Manager); err != nil {
				a.refuse(w, r, app, err)
				return
			}
		}
		ctx, _, err := app.Manager.Require(a.ctx(r), requestOf(r))
		if err != nil {
			a.refuse(w, r, app, err)
			return
		}
		if a.writer != nil {
			w = a.writer(w)
		}
		a.hand(next, w, r, a.attached(r, ctx))
	}))
	if a.guard != nil {
		h = a.guard(h)
	}
	return h
}

func (a *reference) requireKey(app *App, next http.Handler) http.Handler {
	keyed := a.keyed
	if keyed == nil {
		keyed = func(m *core.Manager, r *http.Request) (context.Context, error) {
			return admitKey(m, r, app.KeyMaxAge)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := keyed(app.Manager, r)
		if err != nil {
			a.refuse(w, r, app, err)
			return
		}
		a.hand(next, w, r, a.attached(r, ctx))
	})
}

func (a *reference) attached(r *http.Request, ctx context.Context) *http.Request {
	if a.attach != nil {
		return a.attach(r, ctx)
	}
	return r.WithContext(ctx)
}

func (a *reference) hand(next http.Handler, w http.ResponseWriter, r, known *http.Request) {
	if a.serve != nil {
		a.serve(next, w, r, known)
		return
	}
	defer func() { r.MultipartForm = known.MultipartForm }()
	next.ServeHTTP(w, known)
}

func (a *reference) refuse(w http.ResponseWriter, r *http.Request, app *App, err error) {
	h := r.Header
	if a.heard != nil {
		h = a.heard(h)
	}
	req := requestOf(r)
	req.Header = h
	a.send(w, app, app.Manager.Refuse(r.Context(), req, err))
}

func (a *reference) public(app *App, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.optional != nil {
			known, err := a.optional(app.Manager, r)
			if err != nil {
				a.refuse(w, r, app, err)
				return
			}
			a.hand(next, w, r, known)
			return
		}
		ctx, _ := app.Manager.Optional(r.Context(), requestOf(r))
		a.hand(next, w, r, r.WithContext(ctx))
	})
}

func (a *reference) withHandler(app *App) http.HandlerFunc {
	with := a.with
	if with == nil {
		with = func(app *App, r *http.Request) (*http.Request, *core.Session, error) {
			s, err := app.Manager.AuthenticateRequest(r.Context(), requestOf(r))
			return r, s, err
		}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		r, s, err := with(app, r)
		if err != nil {
			a.refuse(w, r, app, err)
			return
		}
		_, _ = io.WriteString(w, app.Who(r.Context(), s))
	}
}

func (a *reference) addRoutes(mux *http.ServeMux, app *App) {
	session := func(r *http.Request) *core.Session { return core.FromContext(r.Context()) }
	if a.session != nil {
		session = a.session
	}
	who := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, app.Who(r.Context(), session(r)))
	})
	handle := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, a.require(app, h)) }
	handle("GET /me", who)
	mux.Handle("GET /public", a.public(app, who))
	mux.Handle("GET /plain", who)
	mux.Handle("GET /key", a.requireKey(app, who))
	handle("GET /me/key", a.requireKey(app, who).ServeHTTP)
	handle("POST /echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("GET /with", a.withHandler(app))
	mux.HandleFunc("POST /with", a.withHandler(app))
	mux.HandleFunc("GET /refuse", func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, r, app, app.Err())
	})
	handle("GET /stream", func(w http.ResponseWriter, _ *http.Request) {
		flush := func() {}
		if f, ok := w.(http.Flusher); ok {
			flush = f.Flush
		}
		app.Stream(w, flush)
	})
	handle("GET /hijack", func(w http.ResponseWriter, _ *http.Request) {
		h, ok := w.(http.Hijacker)
		if !ok {
			http.Error(w, "no hijacker", http.StatusInternalServerError)
			return
		}
		if conn, _, err := h.Hijack(); err == nil {
			app.Hijack(conn)
		}
	})
	mux.Handle("POST /upload", a.public(app, a.require(app, a.requireKey(app, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		app.Upload(r)
	})))))
	handle("GET /panic", func(http.ResponseWriter, *http.Request) { app.Panic() })
}
