package nethttpwx_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/adaptertest"
	"github.com/wxsession/wxsession/nethttpwx"
)

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{
		Serve: func(t testing.TB, app *adaptertest.App) string {
			mux := http.NewServeMux()
			auth := nethttpwx.Mount(mux, app.Manager)
			nethttpwx.MountRoutes(mux, app.Routes...)
			routes(mux, app, auth)
			return serve(t, app, mux)
		},
		NoErrorPath: true,
		Uploads:     true,
	})
}

// TestHandlerOnAnotherRouter mounts the login routes by their prefix, as chi
// and gorilla/mux would.
func TestHandlerOnAnotherRouter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{
		Serve: func(t testing.TB, app *adaptertest.App) string {
			mux := http.NewServeMux()
			routes(mux, app, nethttpwx.Require(app.Manager))
			prefix := strings.TrimSuffix(app.Manager.Routes()[0].Path, "/login")
			all := nethttpwx.Handler(app.Manager, app.Routes...)
			mux.Handle(prefix+"/", all)
			for _, own := range []string{"/own/", "/heads", "/reply"} {
				mux.Handle(own, all)
			}
			return serve(t, app, mux)
		},
		NoErrorPath: true,
		Uploads:     true,
	})
}

func routes(mux *http.ServeMux, app *adaptertest.App, auth func(http.Handler) http.Handler) {
	require := nethttpwx.Require(app.Manager)
	key := nethttpwx.RequireSessionKey(app.Manager, app.KeyMaxAge)
	who := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, app.Who(r.Context(), nethttpwx.Session(r)))
	})
	mux.Handle("GET /me", auth(who))
	mux.Handle("GET /public", nethttpwx.Optional(app.Manager)(who))
	mux.Handle("GET /plain", who)
	mux.Handle("GET /key", key(who))
	mux.Handle("GET /me/key", auth(key(who)))
	with := nethttpwx.With(app.Manager, func(w http.ResponseWriter, r *http.Request, s *core.Session) {
		_, _ = io.WriteString(w, app.Who(r.Context(), s))
	})
	mux.Handle("GET /with", with)
	mux.Handle("POST /with", with)
	mux.Handle("POST /echo", require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})))
	mux.HandleFunc("GET /refuse", func(w http.ResponseWriter, r *http.Request) {
		nethttpwx.Refuse(w, r, app.Manager, app.Err())
	})
	mux.Handle("GET /stream", require(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		app.Stream(w, w.(http.Flusher).Flush)
	})))
	mux.Handle("GET /hijack", require(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		app.Hijack(conn)
	})))
	upload := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { app.Upload(r) })
	mux.Handle("POST /upload", nethttpwx.Optional(app.Manager)(require(key(upload))))
	mux.Handle("GET /panic", require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { app.Panic() })))
}

func serve(t testing.TB, app *adaptertest.App, h http.Handler) string {
	return adaptertest.ServeHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				app.Recovered(v)
			}
		}()
		app.Before(w.Header().Set)
		http.StripPrefix(app.Group, h).ServeHTTP(w, r)
	}))
}

// TestPathIsTheClients: URLs in replies are made of it.
func TestPathIsTheClients(t *testing.T) {
	var got string
	mux := http.NewServeMux()
	nethttpwx.MountRoutes(mux, core.Route{Method: "GET", Path: "/a b/{id}", Serve: func(_ context.Context, req core.Request) core.Reply {
		got = req.Path
		return core.NewReply(nil)
	}})
	rewritten := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path, r.URL.RawPath = "/a b/7", ""
		mux.ServeHTTP(w, r)
	})
	for _, c := range []struct {
		target  string
		handler http.Handler
		want    string
	}{
		{"/a%20b/7?x=1", mux, "/a b/7"},
		{"/v1/a%20b/%37", http.StripPrefix("/v1", mux), "/v1/a b/7"},
		{"http://shop.example.com/v1/a%20b/7", http.StripPrefix("/v1", mux), "/v1/a b/7"},
		{"/else", rewritten, "/a b/7"},
	} {
		r := httptest.NewRequest("GET", c.target, nil)
		c.handler.ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%s: the path is %q, want %q", c.target, got, c.want)
		}
	}
	mux.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: "GET", URL: &url.URL{Path: "/a b/8"}})
	if got != "/a b/8" {
		t.Errorf("a request that came by no server: the path is %q", got)
	}
}
