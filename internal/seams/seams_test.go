package seams

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/adaptertest"
	"github.com/wxsession/wxsession/stores/storetest"
)

func TestEachSeamTakesLessThan60Lines(t *testing.T) {
	for _, file := range []string{"route.go", "store.go", "adapter.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n >= 60 {
			t.Errorf("%s has %d lines", file, n)
		}
	}
}

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(testing.TB) core.Store { return new(Store) }})
}

func TestInviteRoute(t *testing.T) {
	wx, err := core.New(core.Config{AppID: "wx1", Secret: core.NewSecret("secret")}, new(Store))
	if err != nil {
		t.Fatal(err)
	}
	route := InviteRoute(wx, map[string]string{"o-alice": "welcome"})
	for body, want := range map[string]int{
		`{"openid":"o-alice","invitation":"welcome"}`: 200, `{"openid":"o-alice","invitation":"x"}`: 403,
		`{"openid":"o-bob"}`: 403, `{`: 400, ``: 400,
	} {
		r := route.Serve(t.Context(), core.Request{Header: http.Header{}, Body: strings.NewReader(body)})
		if r.Status != want {
			t.Errorf("%s: status %d, body %s", body, r.Status, r.Body)
		}
	}
	if list, err := wx.Sessions(t.Context(), "", "o-alice"); err != nil || len(list) != 1 || list[0].Device != "invited" {
		t.Errorf("the list is %v, %v", list, err)
	}
}

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{Serve: func(t testing.TB, app *adaptertest.App) string {
		mux := http.NewServeMux()
		Mount(mux, app.Manager, app.Failed, app.Routes...)
		addRoutes(mux, app)
		return adaptertest.ServeHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if v := recover(); v != nil {
					app.Recovered(v)
				}
			}()
			app.Before(w.Header().Set)
			http.StripPrefix(app.Group, mux).ServeHTTP(w, r)
		}))
	}})
}

// addRoutes adds what adaptertest.App describes.
func addRoutes(mux *http.ServeMux, app *adaptertest.App) {
	wx := app.Manager
	require := func(h http.HandlerFunc) http.Handler { return Guard(wx, app.Failed, wx.Require, h) }
	optional := func(ctx context.Context, req core.Request) (context.Context, *core.Session, error) {
		ctx, s := wx.Optional(ctx, req)
		return ctx, s, nil
	}
	key := func(ctx context.Context, req core.Request) (context.Context, *core.Session, error) {
		return wx.RequireSessionKey(ctx, req, app.KeyMaxAge)
	}
	who := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, app.Who(r.Context(), core.FromContext(r.Context())))
	}
	keyed := Guard(wx, app.Failed, key, http.HandlerFunc(who))
	mux.Handle("GET /me", require(who))
	mux.Handle("GET /public", Guard(wx, app.Failed, optional, http.HandlerFunc(who)))
	mux.HandleFunc("GET /plain", who)
	mux.Handle("GET /key", keyed)
	mux.Handle("GET /me/key", require(keyed.ServeHTTP))
	with := func(w http.ResponseWriter, r *http.Request) {
		s, err := wx.AuthenticateRequest(r.Context(), request(r))
		if err != nil {
			Refuse(w, r, wx, app.Failed, err)
			return
		}
		_, _ = io.WriteString(w, app.Who(r.Context(), s))
	}
	mux.HandleFunc("GET /with", with)
	mux.HandleFunc("POST /with", with)
	mux.Handle("POST /echo", require(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	mux.HandleFunc("GET /refuse", func(w http.ResponseWriter, r *http.Request) { Refuse(w, r, wx, app.Failed, app.Err()) })
	mux.Handle("GET /stream", require(func(w http.ResponseWriter, _ *http.Request) { app.Stream(w, w.(http.Flusher).Flush) }))
	mux.Handle("GET /hijack", require(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		app.Hijack(conn)
	}))
	mux.Handle("GET /panic", require(func(http.ResponseWriter, *http.Request) { app.Panic() }))
}
