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
// The session is in the request's context, where code below the handlers finds
// it with [core.FromContext]. [RequireSessionKey] is for routes that decrypt,
// after auth or in its place.
package nethttpwx

import (
	"context"
	"net/http"
	"time"

	"github.com/wxsession/wxsession/core"
)

// Mount adds the login routes to mux, under Config.Prefix, and returns
// Require(wx). Behind http.StripPrefix they move with the rest of mux.
func Mount(mux *http.ServeMux, wx *core.Manager) func(http.Handler) http.Handler {
	for _, route := range wx.Routes() {
		mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) {
			send(w, route.Serve(r.Context(), core.Request{
				Header: r.Header,
				Query:  r.URL.RawQuery,
				ID:     r.PathValue("id"),
				Body:   r.Body,
			}))
		})
	}
	return Require(wx)
}

// Handler serves the login routes for routers other than ServeMux. It expects
// the path of the request to begin with Config.Prefix, and answers 404 to what
// it does not know.
func Handler(wx *core.Manager) http.Handler {
	mux := http.NewServeMux()
	Mount(mux, wx)
	return mux
}

// Require returns the middleware for routes that need a session. Requests
// without a live one are answered by it and do not reach the handler.
func Require(wx *core.Manager) func(http.Handler) http.Handler {
	return guard(wx, wx.Authorize)
}

// RequireSessionKey is Require for routes that decrypt: WeChat must also have
// confirmed the user's session_key within the last maxAge, or is asked now. One
// that is dead gives 401 session_key_expired: the client logs in again, and the
// session lives on. Behind Require or Optional nothing is looked up twice.
func RequireSessionKey(wx *core.Manager, maxAge time.Duration) func(http.Handler) http.Handler {
	return guard(wx, func(ctx context.Context, h core.Header) (context.Context, *core.Session, error) {
		return wx.AuthorizeSessionKey(ctx, h, maxAge)
	})
}

// guard is the middleware that admits whom authorize knows.
func guard(wx *core.Manager, authorize func(context.Context, core.Header) (context.Context, *core.Session, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, _, err := authorize(r.Context(), r.Header)
			if err != nil {
				Refuse(w, r, wx, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// Optional returns the middleware for public pages that greet a user whom they
// know. It refuses nobody: Session is nil for strangers, and for everybody
// while the store does not answer. Requests without a token do not cost a look
// into the store.
func Optional(wx *core.Manager) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ctx, s := wx.Recognize(r.Context(), r.Header); s != nil {
				r = r.WithContext(ctx)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Session returns the session of the request. It is nil on a route without
// Require or Optional, and may be nil behind Optional.
func Session(r *http.Request) *core.Session {
	return core.FromContext(r.Context())
}

// Refuse answers with an error of the manager, as the login routes would: for
// handlers that call wx.Update, wx.Decrypt and so on.
func Refuse(w http.ResponseWriter, r *http.Request, wx *core.Manager, err error) {
	send(w, wx.Refusal(r.Context(), err, r.Header))
}

func send(w http.ResponseWriter, r core.Reply) {
	for _, h := range r.Header {
		w.Header().Set(h.Name, h.Value)
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // fails when the client has gone
}
