package nethttpwx_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// newManager is for the examples: its WeChat is simulated, its store is this
// process. alice has logged in and got the token.
func newManager() (wx *core.Manager, token string, stop func()) {
	sim := wxtest.NewServer()
	store, err := memory.New(memory.Options{})
	if err != nil {
		panic(err)
	}
	wx, err = core.New(core.Config{AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL}, store)
	if err != nil {
		panic(err)
	}
	token, _, err = wx.Login(context.Background(), core.LoginRequest{Code: sim.Code("alice")})
	if err != nil {
		panic(err)
	}
	return wx, token, func() { sim.Close(); _ = store.Close() }
}

// get prints what a client with this token gets.
func get(h http.Handler, path, token string) {
	r := httptest.NewRequest("GET", path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
}

func ExampleMount() {
	wx, token, stop := newManager()
	defer stop()

	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx)
	mux.Handle("GET /api/me", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, nethttpwx.Session(r).OpenID)
	})))

	get(mux, "/api/me", token)
	get(mux, "/api/me", "")
	// Output:
	// 200 alice
	// 401 {"error":"no_session","message":"send the 3rd_session as \"Authorization: Bearer <token>\""}
}

func ExampleHandler() {
	wx, token, stop := newManager()
	defer stop()

	// With chi: r.Handle("/wx/*", nethttpwx.Handler(wx)).
	h := nethttpwx.Handler(wx)

	get(h, "/wx/check", "")
	get(h, "/nowhere", token)
	// Output:
	// 401 {"error":"no_session","message":"send the 3rd_session as \"Authorization: Bearer <token>\""}
	// 404 404 page not found
}

func ExampleRequire() {
	wx, token, stop := newManager()
	defer stop()

	api := http.NewServeMux() // the login routes are mounted elsewhere
	api.HandleFunc("GET /api/orders", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "no orders")
	})

	get(nethttpwx.Require(wx)(api), "/api/orders", token)
	// Output: 200 no orders
}

func ExampleRequireSessionKey() {
	wx, token, stop := newManager()
	defer stop()

	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx)
	fresh := nethttpwx.RequireSessionKey(wx, 5*time.Minute) // asks WeChat no more often than that
	mux.Handle("GET /steps", auth(fresh(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ready to decrypt") // by wx.Decrypt
	}))))

	get(mux, "/steps", token)
	// Output: 200 ready to decrypt
}

func ExampleOptional() {
	wx, token, stop := newManager()
	defer stop()

	home := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s := nethttpwx.Session(r); s != nil {
			fmt.Fprintln(w, "hello", s.OpenID)
			return
		}
		fmt.Fprintln(w, "hello stranger")
	})

	get(nethttpwx.Optional(wx)(home), "/", token)
	get(nethttpwx.Optional(wx)(home), "/", "")
	// Output:
	// 200 hello alice
	// 200 hello stranger
}

func ExampleSession() {
	_, token, stop := newManager()
	defer stop()

	public := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "a session:", nethttpwx.Session(r) != nil)
	})

	get(public, "/", token) // no middleware, no session
	// Output: 200 a session: false
}

func ExampleRefuse() {
	wx, token, stop := newManager()
	defer stop()

	note := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := wx.Update(r.Context(), nethttpwx.Session(r), func(s *core.Draft) error {
			s.SetAttr("note", strings.Repeat("x", 5000))
			return nil
		})
		if err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})

	get(nethttpwx.Require(wx)(note), "/note", token)
	// Output: 400 {"error":"bad_request","message":"attributes take 5004 bytes, at most 4096 are kept"}
}

// A handler that takes the session as an argument costs no copy of the request, and
// cannot meet a nil session.
func ExampleWith() {
	wx, token, stop := newManager()
	defer stop()

	mux := http.NewServeMux()
	mux.Handle("GET /api/me", nethttpwx.With(wx, func(w http.ResponseWriter, _ *http.Request, s *core.Session) {
		fmt.Fprintln(w, "you are", s.OpenID)
	}))

	get(mux, "/api/me", token)
	// Output: 200 you are alice
}

// Routes of other packages, and of the application, beside the login routes.
func ExampleMountRoutes() {
	wx, token, stop := newManager()
	defer stop()

	greet := wx.Route("GET", "/greet", func(ctx context.Context, req core.Request) (any, error) {
		s, err := wx.AuthenticateRequest(ctx, req)
		if err != nil {
			return nil, err
		}
		return map[string]string{"greeting": "hello " + s.OpenID}, nil
	})
	mux := http.NewServeMux()
	nethttpwx.MountRoutes(mux, greet)

	get(mux, "/wx/greet", token)
	// Output: 200 {"greeting":"hello alice"}
}
