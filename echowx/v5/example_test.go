package echowx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/echowx/v5"
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

	e := echo.New()
	auth := echowx.Mount(e, wx)
	e.GET("/api/me", func(c *echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"openid": echowx.Session(c).OpenID})
	}, auth)

	get(e, "/api/me", token)
	get(e, "/api/me", "")
	// Output:
	// 200 {"openid":"alice"}
	// 401 {"error":"no_session","message":"send the 3rd_session as \"Authorization: Bearer \u003ctoken\u003e\""}
}

// An application with replies of its own finds the cause of a refusal in its
// HTTPErrorHandler.
func ExampleMount_errorHandler() {
	wx, _, stop := newManager()
	defer stop()

	e := echo.New()
	answer := e.HTTPErrorHandler
	e.HTTPErrorHandler = func(c *echo.Context, err error) {
		if wxErr, ok := errors.AsType[*core.Error](err); ok {
			_ = c.String(wxErr.Code.Status(), "please log in: "+string(wxErr.Code))
			return
		}
		answer(c, err)
	}
	e.GET("/api/me", func(*echo.Context) error { return nil }, echowx.Mount(e, wx))

	get(e, "/api/me", "")
	// Output: 401 please log in: no_session
}

func ExampleRequire() {
	wx, token, stop := newManager()
	defer stop()

	e := echo.New()
	api := e.Group("/api", echowx.Require(wx)) // the login routes are mounted elsewhere
	api.GET("/orders", func(c *echo.Context) error {
		return c.String(http.StatusOK, "no orders")
	})

	get(e, "/api/orders", token)
	// Output: 200 no orders
}

func ExampleRequireSessionKey() {
	wx, token, stop := newManager()
	defer stop()

	e := echo.New()
	auth := echowx.Mount(e, wx)
	fresh := echowx.RequireSessionKey(wx, 5*time.Minute) // asks WeChat no more often than that
	e.GET("/steps", func(c *echo.Context) error {
		return c.String(http.StatusOK, "ready to decrypt") // by wx.Decrypt
	}, auth, fresh)

	get(e, "/steps", token)
	// Output: 200 ready to decrypt
}

func ExampleOptional() {
	wx, token, stop := newManager()
	defer stop()

	e := echo.New()
	e.GET("/", func(c *echo.Context) error {
		if s := echowx.Session(c); s != nil {
			return c.String(http.StatusOK, "hello "+s.OpenID)
		}
		return c.String(http.StatusOK, "hello stranger")
	}, echowx.Optional(wx))

	get(e, "/", token)
	get(e, "/", "")
	// Output:
	// 200 hello alice
	// 200 hello stranger
}

func ExampleSession() {
	_, token, stop := newManager()
	defer stop()

	e := echo.New()
	e.GET("/public", func(c *echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint("a session: ", echowx.Session(c) != nil))
	})

	get(e, "/public", token) // no middleware, no session
	// Output: 200 a session: false
}

func ExampleRefuse() {
	wx, token, stop := newManager()
	defer stop()

	e := echo.New()
	e.GET("/note", func(c *echo.Context) error {
		err := wx.Update(c.Request().Context(), echowx.Session(c), func(s *core.Draft) error {
			s.SetAttr("note", strings.Repeat("x", 5000))
			return nil
		})
		if err != nil {
			return echowx.Refuse(c, wx, err)
		}
		return c.NoContent(http.StatusNoContent)
	}, echowx.Require(wx))

	get(e, "/note", token)
	// Output: 400 {"error":"bad_request","message":"attributes take 5004 bytes, at most 4096 are kept"}
}

// A handler that takes the session as an argument costs no copy of the request, and
// cannot meet a nil session.
func ExampleWith() {
	wx, token, stop := newManager()
	defer stop()

	e := echo.New()
	e.GET("/api/me", echowx.With(wx, func(c *echo.Context, s *core.Session) error {
		return c.String(http.StatusOK, "you are "+s.OpenID)
	}))

	get(e, "/api/me", token)
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
	e := echo.New()
	echowx.MountRoutes(e, greet)

	get(e, "/wx/greet", token)
	// Output: 200 {"greeting":"hello alice"}
}
