package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	echov4 "github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/echowx"
	echowxv5 "github.com/wxsession/wxsession/echowx/v5"
	"github.com/wxsession/wxsession/ginwx"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores"
	"github.com/wxsession/wxsession/stores/memory"
)

// users is the number of sessions that requests come from.
const users = 1000

var errSession = errors.New("the session does not hold what was put into it")

// config is that of an application that keeps its own user's id with the
// session; source nil is code2Session.
func config(source core.IdentityProvider) core.Config {
	return core.Config{
		AppID: appID, Secret: core.NewSecret("5ec2e75ec2e75ec2e75ec2e75ec2e75e"), IdentityProvider: source,
		IdleTimeout: idleTimeout, Lifetime: lifetime,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		OnLogin: func(_ context.Context, s *core.Draft) error {
			for name, value := range attributes {
				s.SetAttr(name, value)
			}
			return nil
		},
	}
}

// sealed is config with a key.
func sealed() core.Config {
	cfg := config(direct{})
	cfg.Keys = []core.Secret{core.NewSecret(base64.StdEncoding.EncodeToString(make([]byte, 32)))}
	return cfg
}

// open returns a manager over the store of a DSN.
func (b *bench) open(dsn string) (*core.Manager, error) { return b.openAs(config(direct{}), dsn) }

func (b *bench) openAs(cfg core.Config, dsn string) (*core.Manager, error) {
	store, err := stores.Open(b.ctx, dsn)
	if err != nil {
		return nil, err
	}
	b.atEnd(func() { _ = store.(io.Closer).Close() })
	return core.New(cfg, store)
}

// loggedIn is open, and users' sessions.
func (b *bench) loggedIn(cfg core.Config, dsn string) (side, error) {
	m, err := b.openAs(cfg, dsn)
	if err != nil {
		return nil, err
	}
	tokens, err := b.login(m, users)
	return b.authenticate(m, tokens), err
}

// login returns the tokens of n users.
func (b *bench) login(m *core.Manager, n int) ([]string, error) {
	tokens := make([]string, n)
	for i := range tokens {
		var err error
		if tokens[i], _, err = m.Login(b.ctx, core.LoginRequest{Code: openID(i)}); err != nil {
			return nil, err
		}
	}
	return tokens, b.ctx.Err()
}

// inMemory is a manager over the memory store with its users' tokens.
func (b *bench) inMemory(n int) (*core.Manager, []string, error) { return b.inMemoryBy(n, direct{}) }

func (b *bench) inMemoryBy(n int, source core.IdentityProvider) (*core.Manager, []string, error) {
	store, err := memory.New(memory.Options{})
	if err != nil {
		return nil, nil, err
	}
	b.atEnd(func() { _ = store.Close() })
	m, err := core.New(config(source), store)
	if err != nil {
		return nil, nil, err
	}
	tokens, err := b.login(m, n)
	return m, tokens, err
}

// authenticate is the bare check, without a framework.
func (b *bench) authenticate(m *core.Manager, tokens []string) side {
	return b.use(m, tokens, func(s *core.Session) bool { return named(s.OpenID) })
}

// authenticateAndRead also reads an attribute, as the handlers do.
func (b *bench) authenticateAndRead(m *core.Manager, tokens []string) side {
	return b.use(m, tokens, func(s *core.Session) bool { return known(s.OpenID, s.Attr("uid")) })
}

func (b *bench) use(m *core.Manager, tokens []string, found func(*core.Session) bool) side {
	return shared(func(i int) error {
		s, err := m.Authenticate(b.ctx, tokens[i%len(tokens)])
		if err == nil && !found(s) {
			err = errSession
		}
		return err
	})
}

func bearer(tokens []string) []string {
	values := make([]string, len(tokens))
	for i, t := range tokens {
		values[i] = "Bearer " + t
	}
	return values
}

// pair is a route with a session and the same route without.
type pair struct {
	plain, with side
	routes      [2]route // plain, with
}

func pairOf(h http.Handler, header string, values []string) pair {
	plain, with := newRoute(h, "/plain", header, values), newRoute(h, "/me", header, values)
	return pair{plain.side, with.side, [2]route{plain, with}}
}

func newGin() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/plain", func(c *gin.Context) { c.Status(http.StatusNoContent); c.Writer.WriteHeaderNow() })
	return r
}

// ginReply ends the handler of a route with a session.
func ginReply(c *gin.Context, openID, uid string) {
	if known(openID, uid) {
		c.Status(http.StatusNoContent)
	} else {
		c.Status(http.StatusInternalServerError)
	}
	c.Writer.WriteHeaderNow()
}

func oursOnGin(m *core.Manager, tokens []string) pair {
	r := newGin()
	r.GET("/me", ginwx.Require(m), func(c *gin.Context) {
		s := ginwx.Session(c)
		ginReply(c, s.OpenID, s.Attr("uid"))
	})
	return pairOf(r, "Authorization", bearer(tokens))
}

func withOnGin(m *core.Manager, tokens []string) pair {
	r := newGin()
	r.GET("/me", ginwx.With(m, func(c *gin.Context, s *core.Session) { ginReply(c, s.OpenID, s.Attr("uid")) }))
	return pairOf(r, "Authorization", bearer(tokens))
}

func statusOf(openID, uid string) int {
	if known(openID, uid) {
		return http.StatusNoContent
	}
	return http.StatusInternalServerError
}

func plainHTTP(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func oursOnHTTP(m *core.Manager, tokens []string) pair {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plain", plainHTTP)
	mux.Handle("GET /me", nethttpwx.Require(m)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := nethttpwx.Session(r)
		w.WriteHeader(statusOf(s.OpenID, s.Attr("uid")))
	})))
	return pairOf(mux, "Authorization", bearer(tokens))
}

func withOnHTTP(m *core.Manager, tokens []string) pair {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plain", plainHTTP)
	mux.Handle("GET /me", nethttpwx.With(m, func(w http.ResponseWriter, _ *http.Request, s *core.Session) {
		w.WriteHeader(statusOf(s.OpenID, s.Attr("uid")))
	}))
	return pairOf(mux, "Authorization", bearer(tokens))
}

func oursOnEcho4(m *core.Manager, tokens []string) pair {
	e := echov4.New()
	e.GET("/plain", func(c echov4.Context) error { return c.NoContent(http.StatusNoContent) })
	e.GET("/me", func(c echov4.Context) error {
		s := echowx.Session(c)
		return c.NoContent(statusOf(s.OpenID, s.Attr("uid")))
	}, echowx.Require(m))
	return pairOf(e, "Authorization", bearer(tokens))
}

func withOnEcho4(m *core.Manager, tokens []string) pair {
	e := echov4.New()
	e.GET("/plain", func(c echov4.Context) error { return c.NoContent(http.StatusNoContent) })
	e.GET("/me", echowx.With(m, func(c echov4.Context, s *core.Session) error {
		return c.NoContent(statusOf(s.OpenID, s.Attr("uid")))
	}))
	return pairOf(e, "Authorization", bearer(tokens))
}

func oursOnEcho5(m *core.Manager, tokens []string) pair {
	e := echov5.New()
	e.GET("/plain", func(c *echov5.Context) error { return c.NoContent(http.StatusNoContent) })
	e.GET("/me", func(c *echov5.Context) error {
		s := echowxv5.Session(c)
		return c.NoContent(statusOf(s.OpenID, s.Attr("uid")))
	}, echowxv5.Require(m))
	return pairOf(e, "Authorization", bearer(tokens))
}

func withOnEcho5(m *core.Manager, tokens []string) pair {
	e := echov5.New()
	e.GET("/plain", func(c *echov5.Context) error { return c.NoContent(http.StatusNoContent) })
	e.GET("/me", echowxv5.With(m, func(c *echov5.Context, s *core.Session) error {
		return c.NoContent(statusOf(s.OpenID, s.Attr("uid")))
	}))
	return pairOf(e, "Authorization", bearer(tokens))
}
