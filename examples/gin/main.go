// Command gin is a Gin server whose users log in from a WeChat mini program.
// With nothing set it runs on :8080 with a simulated WeChat and prints how to
// try it; with WX_APPID and WX_SECRET it talks to the real one. Routes and
// variables are those of the other examples; see the README.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/examples/internal/demo"
	"github.com/wxsession/wxsession/ginwx"
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
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	_ = r.SetTrustedProxies(nil) // else c.ClientIP() believes everybody; WX_TRUSTED_PROXIES names ours
	r.HandleMethodNotAllowed = true

	auth := ginwx.Mount(r, wx)    // the login routes on r, and the middleware back
	ginwx.MountRoutes(r, more...) // hand-over, website login and signed tokens, as configured

	r.GET("/healthz", func(c *gin.Context) {
		if err := wx.Ping(c.Request.Context()); err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		c.String(http.StatusOK, "ok\n")
	})

	api := r.Group("/api", auth)
	api.GET("/me", func(c *gin.Context) {
		s := ginwx.Session(c)
		c.JSON(http.StatusOK, gin.H{"openid": s.OpenID, "appid": s.AppID})
	})
	api.POST("/decrypt", decrypt(wx))
	api.PUT("/attrs/:name", putAttr(wx))
	api.GET("/attrs/:name", getAttr(wx))
	return r
}

// decrypt opens what WeChat has encrypted for the user's mini program.
func decrypt(wx *core.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		in, err := demo.ReadEncrypted(c.Request.Body)
		if err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		var plain json.RawMessage
		if err := wx.Decrypt(c.Request.Context(), ginwx.Session(c), in.Data, in.IV, &plain); err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		c.JSON(http.StatusOK, plain)
	}
}

// putAttr keeps a text with the session: small things that every request
// needs, such as the application's own user id. Here the client may set them all:
// in a real service never those that it relies on, or that WX_SUBJECT and
// WX_CLAIMS sign.
func putAttr(wx *core.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		value, err := demo.ReadText(c.Request.Body)
		if err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		err = wx.Update(c.Request.Context(), ginwx.Session(c), func(s *core.Draft) error {
			s.SetAttr(c.Param("name"), value)
			return nil
		})
		if err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		c.Status(http.StatusNoContent)
	}
}

func getAttr(wx *core.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		value, err := demo.Attr(ginwx.Session(c), c.Param("name"))
		if err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		c.String(http.StatusOK, "%s", value)
	}
}
