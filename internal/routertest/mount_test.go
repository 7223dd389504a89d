package routertest

import (
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/nethttpwx"
)

// me is the application's own route.
var me = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, nethttpwx.Session(r).OpenID)
})

// The ways to mount, with what Config.Prefix has to be: the path as the routes'
// handler sees it.
var mounts = map[string]struct {
	prefix string // Config.Prefix
	base   string // where the application stands
	mount  func(wx *core.Manager, more []core.Route) http.Handler
}{
	"chi": {"/wx", "", func(wx *core.Manager, more []core.Route) http.Handler {
		r := chi.NewRouter()
		r.Handle("/wx/*", nethttpwx.Handler(wx, more...))
		r.With(nethttpwx.Require(wx)).Get("/me", me)
		return r
	}},
	"chi, a group of routes: the whole path": {"/v1/wx", "/v1", func(wx *core.Manager, more []core.Route) http.Handler {
		r := chi.NewRouter()
		r.Route("/v1", func(r chi.Router) {
			r.Handle("/wx/*", nethttpwx.Handler(wx, more...))
			r.With(nethttpwx.Require(wx)).Get("/me", me)
		})
		return r
	}},
	"chi, a mounted sub-router: the whole path": {"/v1/wx", "/v1", func(wx *core.Manager, more []core.Route) http.Handler {
		sub := chi.NewRouter()
		sub.Handle("/wx/*", nethttpwx.Handler(wx, more...))
		sub.With(nethttpwx.Require(wx)).Get("/me", me)
		r := chi.NewRouter()
		r.Mount("/v1", sub)
		return r
	}},
	"chi behind StripPrefix: what remains": {"/wx", "/v1", func(wx *core.Manager, more []core.Route) http.Handler {
		r := chi.NewRouter()
		r.Handle("/wx/*", nethttpwx.Handler(wx, more...))
		r.With(nethttpwx.Require(wx)).Get("/me", me)
		return http.StripPrefix("/v1", r)
	}},
	"chi, StripPrefix around the handler alone": {"/wx", "/v1", func(wx *core.Manager, more []core.Route) http.Handler {
		r := chi.NewRouter()
		r.Handle("/v1/wx/*", http.StripPrefix("/v1", nethttpwx.Handler(wx, more...)))
		r.With(nethttpwx.Require(wx)).Get("/v1/me", me)
		return r
	}},
	"chi, StripPrefix around what is mounted": {"/wx", "/v1", func(wx *core.Manager, more []core.Route) http.Handler {
		r := chi.NewRouter()
		r.Mount("/v1", http.StripPrefix("/v1", nethttpwx.Handler(wx, more...)))
		r.With(nethttpwx.Require(wx)).Get("/v1/me", me)
		return r
	}},
	"gorilla/mux": {"/wx", "", func(wx *core.Manager, more []core.Route) http.Handler {
		r := mux.NewRouter()
		r.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx, more...))
		r.Handle("/me", nethttpwx.Require(wx)(me)).Methods("GET")
		return r
	}},
	"gorilla/mux, a sub-router: the whole path": {"/v1/wx", "/v1", func(wx *core.Manager, more []core.Route) http.Handler {
		r := mux.NewRouter()
		sub := r.PathPrefix("/v1").Subrouter()
		sub.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx, more...))
		api := sub.NewRoute().Subrouter()
		api.Use(nethttpwx.Require(wx))
		api.Handle("/me", me).Methods("GET")
		return r
	}},
	"gorilla/mux behind StripPrefix: what remains": {"/wx", "/v1", func(wx *core.Manager, more []core.Route) http.Handler {
		r := mux.NewRouter()
		r.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx, more...))
		r.Handle("/me", nethttpwx.Require(wx)(me)).Methods("GET")
		return http.StripPrefix("/v1", r)
	}},
	"gorilla/mux, a sub-router behind StripPrefix: what remains": {"/shop/wx", "/v1/shop", func(wx *core.Manager, more []core.Route) http.Handler {
		r := mux.NewRouter()
		sub := r.PathPrefix("/shop").Subrouter()
		sub.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx, more...))
		sub.Handle("/me", nethttpwx.Require(wx)(me)).Methods("GET")
		return http.StripPrefix("/v1", r)
	}},
	"gorilla/mux on the escaped path": {"/wx", "", func(wx *core.Manager, more []core.Route) http.Handler {
		r := mux.NewRouter().UseEncodedPath()
		r.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx, more...))
		r.Handle("/me", nethttpwx.Require(wx)(me)).Methods("GET")
		return r
	}},
}
