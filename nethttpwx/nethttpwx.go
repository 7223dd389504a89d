// Package nethttpwx gives a net/http application WeChat Mini Program login
// sessions:
//
//	mux := http.NewServeMux()
//	auth := nethttpwx.Mount(mux, wx)
//	mux.Handle("GET /api/me", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		fmt.Fprintln(w, nethttpwx.Session(r).OpenID)
//	})))
//
// The middlewares are func(http.Handler) http.Handler, which every router for
// net/http takes. A router other than ServeMux gets the login routes as one
// [Handler] under their prefix:
//
//	r.Handle("/wx/*", nethttpwx.Handler(wx))              // chi
//	r.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx))   // gorilla/mux
//
// Config.Prefix is the path as that handler sees it. Sub-routers of chi and
// gorilla/mux hand on the whole path: within r.Route("/v1", …) the Prefix is
// /v1/wx. http.StripPrefix("/v1", …) takes its part away: behind it the Prefix is
// /wx, and URLs in replies begin with /v1 nevertheless.
//
// The session is in the request's context, where code below the handlers finds
// it with [core.FromContext]. [With] is for handlers that take the session as an
// argument.
package nethttpwx

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
)

// Mount adds the login routes to mux, under Config.Prefix, and returns
// Require(wx). Behind http.StripPrefix they move with the rest of mux.
func Mount(mux *http.ServeMux, wx *core.Manager) func(http.Handler) http.Handler {
	MountRoutes(mux, wx.Routes()...)
	return Require(wx)
}

// MountRoutes adds any routes: those of packages that work on top of core, and
// the application's own.
func MountRoutes(mux *http.ServeMux, routes ...core.Route) {
	for _, route := range routes {
		mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) {
			req := request(r)
			req.Path, req.Query = path(r), r.URL.RawQuery
			req.ID, req.Address, req.Body = r.PathValue("id"), address(r), r.Body
			send(w, route.Serve(r.Context(), req))
		})
	}
}

// Handler serves the login routes, and any others, for routers other than
// ServeMux. It expects the path of the request to begin with Config.Prefix, and
// answers 404 to what it does not know.
func Handler(wx *core.Manager, others ...core.Route) http.Handler {
	mux := http.NewServeMux()
	Mount(mux, wx)
	MountRoutes(mux, others...)
	return mux
}

// Require returns the middleware for routes that need a session. Requests
// without a live one are answered by it and do not reach the handler.
func Require(wx *core.Manager) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			known, err := wx.RequireHTTP(r)
			if err != nil {
				Refuse(w, r, wx, err)
				return
			}
			serve(next, w, r, known)
		})
	}
}

// RequireSessionKey is Require for routes that decrypt: WeChat must also have
// confirmed the user's session_key within the last maxAge, or is asked now. One
// that is dead gives 401 session_key_expired: the client logs in again, and the
// session lives on. Behind Require or Optional nothing is looked up twice.
func RequireSessionKey(wx *core.Manager, maxAge time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, _, err := wx.RequireSessionKey(r.Context(), request(r), maxAge)
			if err != nil {
				Refuse(w, r, wx, err)
				return
			}
			serve(next, w, r, r.WithContext(ctx))
		})
	}
}

// With returns a handler that needs a session, and gets it as an argument. It
// is Require and the handler in one, without a session in the context.
func With(wx *core.Manager, handle func(http.ResponseWriter, *http.Request, *core.Session)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := wx.AuthenticateRequest(r.Context(), core.Request{Method: r.Method, Host: r.Host, Header: r.Header})
		if err != nil {
			Refuse(w, r, wx, err)
			return
		}
		handle(w, r, s)
	})
}

// Optional returns the middleware for public pages that greet a user whom they
// know. It refuses nobody: Session is nil for strangers, and for everybody
// while the store does not answer. Requests without a token do not cost a look
// into the store.
func Optional(wx *core.Manager) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, s := wx.Optional(r.Context(), request(r))
			if s == nil {
				next.ServeHTTP(w, r)
				return
			}
			serve(next, w, r, r.WithContext(ctx))
		})
	}
}

// serve has next answer known, a copy of r, and hands the form back that a handler
// has parsed: net/http removes the files of uploads by that of its own request, and
// they would stay on the disk.
func serve(next http.Handler, w http.ResponseWriter, r, known *http.Request) {
	defer func() { // of a handler that panics too, if somebody further up recovers
		if r.MultipartForm == nil && known.MultipartForm != nil {
			r.MultipartForm = known.MultipartForm
		}
	}()
	next.ServeHTTP(w, known)
}

// Session returns the session of the request. It is nil on a route without
// Require or Optional, and may be nil behind Optional.
func Session(r *http.Request) *core.Session {
	return core.FromContext(r.Context())
}

// Refuse answers with an error of the manager, or one of core.NewError, as the
// login routes would: for handlers that call wx.Update, wx.Decrypt and so on.
func Refuse(w http.ResponseWriter, r *http.Request, wx *core.Manager, err error) {
	send(w, wx.Refuse(r.Context(), request(r), err))
}

// request is what a middleware's decision needs.
func request(r *http.Request) core.Request {
	return core.Request{Method: r.Method, Host: r.Host, Header: r.Header}
}

// path is the one that the client asked for: http.StripPrefix takes a part of it
// away, which the URLs in replies need.
func path(r *http.Request) string {
	if asked, _, _ := strings.Cut(r.RequestURI, "?"); asked == r.URL.Path {
		return asked // nothing was taken away, and nothing is escaped
	}
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil && strings.HasSuffix(asked.Path, r.URL.Path) {
		return asked.Path
	}
	return r.URL.Path // rewritten, or no server's request
}

// address is that of the connection.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func send(w http.ResponseWriter, r core.Reply) {
	for _, h := range r.Header {
		if h.Name == "Set-Cookie" {
			w.Header().Add(h.Name, h.Value)
		} else {
			w.Header().Set(h.Name, h.Value)
		}
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // fails when the client has gone
}
