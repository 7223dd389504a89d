// Command echo is an Echo server whose users log in from a WeChat mini program.
// With nothing set it runs on :8080 with a simulated WeChat and prints how to
// try it; with WX_APPID and WX_SECRET it talks to the real one. Routes and
// variables are those of the other examples; see the README.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/echowx"
	"github.com/wxsession/wxsession/examples/internal/demo"
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
	e := echo.New()

	auth := echowx.Mount(e, wx)    // the login routes on e, and the middleware back
	echowx.MountRoutes(e, more...) // hand-over, website login and signed tokens, as configured

	e.GET("/healthz", func(c echo.Context) error {
		if err := wx.Ping(c.Request().Context()); err != nil {
			return echowx.Refuse(c, wx, err)
		}
		return c.String(http.StatusOK, "ok\n")
	})

	e.GET("/api/me", func(c echo.Context) error {
		s := echowx.Session(c)
		return c.JSON(http.StatusOK, echo.Map{"openid": s.OpenID, "appid": s.AppID})
	}, auth)
	e.POST("/api/decrypt", decrypt(wx), auth)
	e.PUT("/api/attrs/:name", putAttr(wx), auth)
	e.GET("/api/attrs/:name", getAttr(wx), auth)
	return e
}

// decrypt opens what WeChat has encrypted for the user's mini program.
func decrypt(wx *core.Manager) echo.HandlerFunc {
	return func(c echo.Context) error {
		in, err := demo.ReadEncrypted(c.Request().Body)
		if err != nil {
			return echowx.Refuse(c, wx, err)
		}
		var plain json.RawMessage
		if err := wx.Decrypt(c.Request().Context(), echowx.Session(c), in.Data, in.IV, &plain); err != nil {
			return echowx.Refuse(c, wx, err)
		}
		return c.JSON(http.StatusOK, plain)
	}
}

// putAttr keeps a text with the session: small things that every request
// needs, such as the application's own user id. Here the client may set them all:
// in a real service never those that it relies on, or that WX_SUBJECT and
// WX_CLAIMS sign.
func putAttr(wx *core.Manager) echo.HandlerFunc {
	return func(c echo.Context) error {
		value, err := demo.ReadText(c.Request().Body)
		if err != nil {
			return echowx.Refuse(c, wx, err)
		}
		err = wx.Update(c.Request().Context(), echowx.Session(c), func(s *core.Draft) error {
			s.SetAttr(c.Param("name"), value)
			return nil
		})
		if err != nil {
			return echowx.Refuse(c, wx, err)
		}
		return c.NoContent(http.StatusNoContent)
	}
}

func getAttr(wx *core.Manager) echo.HandlerFunc {
	return func(c echo.Context) error {
		value, err := demo.Attr(echowx.Session(c), c.Param("name"))
		if err != nil {
			return echowx.Refuse(c, wx, err)
		}
		return c.String(http.StatusOK, value)
	}
}
