package ginwx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/ginwx"
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

	r := gin.New()
	auth := ginwx.Mount(r, wx)
	r.GET("/api/me", auth, func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"openid": ginwx.Session(c).OpenID})
	})

	get(r, "/api/me", token)
	get(r, "/api/me", "")
	// Output:
	// 200 {"openid":"alice"}
	// 401 {"error":"no_session","message":"send the 3rd_session as \"Authorization: Bearer <token>\""}
}

func ExampleRequire() {
	wx, token, stop := newManager()
	defer stop()

	r := gin.New()
	api := r.Group("/api", ginwx.Require(wx)) // the login routes are mounted elsewhere
	api.GET("/orders", func(c *gin.Context) {
		c.String(http.StatusOK, "no orders")
	})

	get(r, "/api/orders", token)
	// Output: 200 no orders
}

func ExampleRequireSessionKey() {
	wx, token, stop := newManager()
	defer stop()

	r := gin.New()
	auth := ginwx.Mount(r, wx)
	fresh := ginwx.RequireSessionKey(wx, 5*time.Minute) // asks WeChat no more often than that
	r.GET("/steps", auth, fresh, func(c *gin.Context) {
		c.String(http.StatusOK, "ready to decrypt") // by wx.Decrypt
	})

	get(r, "/steps", token)
	// Output: 200 ready to decrypt
}

func ExampleOptional() {
	wx, token, stop := newManager()
	defer stop()

	r := gin.New()
	r.GET("/", ginwx.Optional(wx), func(c *gin.Context) {
		if s := ginwx.Session(c); s != nil {
			c.String(http.StatusOK, "hello %s", s.OpenID)
			return
		}
		c.String(http.StatusOK, "hello stranger")
	})

	get(r, "/", token)
	get(r, "/", "")
	// Output:
	// 200 hello alice
	// 200 hello stranger
}

func ExampleSession() {
	_, token, stop := newManager()
	defer stop()

	r := gin.New()
	r.GET("/public", func(c *gin.Context) {
		c.String(http.StatusOK, "a session: %t", ginwx.Session(c) != nil)
	})

	get(r, "/public", token) // no middleware, no session
	// Output: 200 a session: false
}

func ExampleRefuse() {
	wx, token, stop := newManager()
	defer stop()

	r := gin.New()
	r.GET("/note", ginwx.Require(wx), func(c *gin.Context) {
		err := wx.Update(c.Request.Context(), ginwx.Session(c), func(s *core.Draft) error {
			s.SetAttr("note", strings.Repeat("x", 5000))
			return nil
		})
		if err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		c.Status(http.StatusNoContent)
	})

	get(r, "/note", token)
	// Output: 400 {"error":"bad_request","message":"attributes take 5004 bytes, at most 4096 are kept"}
}

// A handler that takes the session as an argument costs no copy of the request, and
// cannot meet a nil session.
func ExampleWith() {
	wx, token, stop := newManager()
	defer stop()

	r := gin.New()
	r.GET("/api/me", ginwx.With(wx, func(c *gin.Context, s *core.Session) {
		c.JSON(http.StatusOK, gin.H{"openid": s.OpenID})
	}))

	get(r, "/api/me", token)
	// Output: 200 {"openid":"alice"}
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
	r := gin.New()
	ginwx.MountRoutes(r, greet)

	get(r, "/wx/greet", token)
	// Output: 200 {"greeting":"hello alice"}
}
