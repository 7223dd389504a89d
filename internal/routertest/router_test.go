package routertest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
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
	mount  func(wx *core.Manager) http.Handler
}{
	"chi": {"/wx", "", func(wx *core.Manager) http.Handler {
		r := chi.NewRouter()
		r.Handle("/wx/*", nethttpwx.Handler(wx))
		r.With(nethttpwx.Require(wx)).Get("/me", me)
		return r
	}},
	"chi, a group of routes: the whole path": {"/v1/wx", "/v1", func(wx *core.Manager) http.Handler {
		r := chi.NewRouter()
		r.Route("/v1", func(r chi.Router) {
			r.Handle("/wx/*", nethttpwx.Handler(wx))
			r.With(nethttpwx.Require(wx)).Get("/me", me)
		})
		return r
	}},
	"chi, a mounted sub-router: the whole path": {"/v1/wx", "/v1", func(wx *core.Manager) http.Handler {
		sub := chi.NewRouter()
		sub.Handle("/wx/*", nethttpwx.Handler(wx))
		sub.With(nethttpwx.Require(wx)).Get("/me", me)
		r := chi.NewRouter()
		r.Mount("/v1", sub)
		return r
	}},
	"chi behind StripPrefix: what remains": {"/wx", "/v1", func(wx *core.Manager) http.Handler {
		r := chi.NewRouter()
		r.Handle("/wx/*", nethttpwx.Handler(wx))
		r.With(nethttpwx.Require(wx)).Get("/me", me)
		return http.StripPrefix("/v1", r)
	}},
	"chi, StripPrefix around the handler alone": {"/wx", "/v1", func(wx *core.Manager) http.Handler {
		r := chi.NewRouter()
		r.Handle("/v1/wx/*", http.StripPrefix("/v1", nethttpwx.Handler(wx)))
		r.With(nethttpwx.Require(wx)).Get("/v1/me", me)
		return r
	}},
	"gorilla/mux": {"/wx", "", func(wx *core.Manager) http.Handler {
		r := mux.NewRouter()
		r.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx))
		r.Handle("/me", nethttpwx.Require(wx)(me)).Methods("GET")
		return r
	}},
	"gorilla/mux, a sub-router: the whole path": {"/v1/wx", "/v1", func(wx *core.Manager) http.Handler {
		r := mux.NewRouter()
		sub := r.PathPrefix("/v1").Subrouter()
		sub.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx))
		api := sub.NewRoute().Subrouter()
		api.Use(nethttpwx.Require(wx))
		api.Handle("/me", me).Methods("GET")
		return r
	}},
	"gorilla/mux behind StripPrefix: what remains": {"/wx", "/v1", func(wx *core.Manager) http.Handler {
		r := mux.NewRouter()
		r.PathPrefix("/wx/").Handler(nethttpwx.Handler(wx))
		r.Handle("/me", nethttpwx.Require(wx)(me)).Methods("GET")
		return http.StripPrefix("/v1", r)
	}},
}

func TestRouters(t *testing.T) {
	for name, c := range mounts {
		t.Run(name, func(t *testing.T) {
			sim := wxtest.NewServer()
			t.Cleanup(sim.Close)
			store, err := memory.New(memory.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			wx, err := core.New(core.Config{AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL, Prefix: c.prefix}, store)
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(c.mount(wx))
			t.Cleanup(srv.Close)
			user := sim.OpenID("alice")
			login := func() string {
				var reply struct {
					Token string `json:"3rd_session"`
				}
				do(t, srv.URL+c.base, "POST", "/wx/login", "", `{"code":"`+sim.Code(user)+`"}`, 200, &reply)
				return reply.Token
			}
			token, other := login(), login()
			if got := do(t, srv.URL+c.base, "GET", "/me", token, "", 200, nil); got != user {
				t.Errorf("me is %q", got)
			}
			do(t, srv.URL+c.base, "GET", "/me", "", "", 401, nil)
			var list struct {
				Sessions []struct {
					ID      string `json:"id"`
					Current bool   `json:"current"`
				} `json:"sessions"`
			}
			do(t, srv.URL+c.base, "GET", "/wx/sessions", token, "", 200, &list)
			for _, s := range list.Sessions {
				if !s.Current {
					do(t, srv.URL+c.base, "DELETE", "/wx/sessions/"+s.ID, token, "", 204, nil)
				}
			}
			do(t, srv.URL+c.base, "GET", "/me", other, "", 401, nil)
			do(t, srv.URL+c.base, "GET", "/wx/nothing", token, "", 404, nil)
			do(t, srv.URL+c.base, "POST", "/wx/logout?all=1", token, "", 204, nil)
			do(t, srv.URL+c.base, "GET", "/me", token, "", 401, nil)
		})
	}
}

func do(t *testing.T, base, method, path, token, body string, want int, v any) string {
	t.Helper()
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: status %d, want %d: %s, %v", method, path, resp.StatusCode, want, text, err)
	}
	if v != nil {
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatal(err)
		}
	}
	return string(text)
}
