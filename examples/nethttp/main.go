// Command nethttp is a net/http server whose users log in from a WeChat mini
// program. With nothing set it runs on :8080 with a simulated WeChat and prints
// how to try it; with WX_APPID and WX_SECRET it talks to the real one. Routes
// and variables are those of the other examples; see the README.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/examples/internal/demo"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	cfg, err := core.ConfigFromEnv()
	if err != nil {
		return err
	}
	server := demo.NewServer(&cfg)
	store, err := stores.Open(context.Background(), cfg.Store)
	if err != nil {
		return err
	}
	defer store.Close()
	wx, err := core.New(cfg, server.Watch(store))
	if err != nil {
		return err
	}
	more, err := server.Routes(wx)
	if err != nil {
		return err
	}
	return server.Run(routes(wx, more))
}

func routes(wx *core.Manager, more []core.Route) http.Handler {
	mux := http.NewServeMux()

	auth := nethttpwx.Mount(mux, wx)    // the login routes on mux, and the middleware back
	nethttpwx.MountRoutes(mux, more...) // hand-over, website login and signed tokens, as configured

	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := wx.Ping(r.Context()); err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})

	mux.Handle("GET /api/me", auth(http.HandlerFunc(me)))
	mux.Handle("POST /api/decrypt", auth(decrypt(wx)))
	mux.Handle("PUT /api/attrs/{name}", auth(putAttr(wx)))
	mux.Handle("GET /api/attrs/{name}", auth(getAttr(wx)))
	return mux
}

func me(w http.ResponseWriter, r *http.Request) {
	s := nethttpwx.Session(r)
	writeJSON(w, map[string]string{"openid": s.OpenID, "appid": s.AppID})
}

// decrypt opens what WeChat has encrypted for the user's mini program.
func decrypt(wx *core.Manager) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, err := demo.ReadEncrypted(r.Body)
		if err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		var plain json.RawMessage
		if err := wx.Decrypt(r.Context(), nethttpwx.Session(r), in.Data, in.IV, &plain); err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		writeJSON(w, plain)
	}
}

// putAttr keeps a text with the session: small things that every request
// needs, such as the application's own user id. Here the client may set them all:
// in a real service never those that it relies on, or that WX_SUBJECT and
// WX_CLAIMS sign.
func putAttr(wx *core.Manager) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := demo.ReadText(r.Body)
		if err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		err = wx.Update(r.Context(), nethttpwx.Session(r), func(s *core.Draft) error {
			s.SetAttr(r.PathValue("name"), value)
			return nil
		})
		if err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func getAttr(wx *core.Manager) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := demo.Attr(nethttpwx.Session(r), r.PathValue("name"))
		if err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, value)
	}
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails when the client has gone
}
