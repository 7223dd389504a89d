package ginwx_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/adaptertest"
	"github.com/wxsession/wxsession/ginwx"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	m.Run()
}

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{Serve: serve})
}

func TestAdapterWithMethodsChecked(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{Serve: func(t testing.TB, app *adaptertest.App) string {
		e := build(app)
		e.HandleMethodNotAllowed = true
		e.UseRawPath = true
		return adaptertest.ServeHTTP(t, e)
	}})
}

func serve(t testing.TB, app *adaptertest.App) string {
	return adaptertest.ServeHTTP(t, build(app))
}

func build(app *adaptertest.App) *gin.Engine {
	e := gin.New()
	_ = e.SetTrustedProxies(nil) // else clients choose their address
	e.Use(watch(app))
	var r gin.IRouter = e
	if app.Group != "" {
		r = e.Group(app.Group)
	}
	auth := ginwx.Mount(r, app.Manager)
	ginwx.MountRoutes(r, app.Routes...)
	require := ginwx.Require(app.Manager)
	key := ginwx.RequireSessionKey(app.Manager, app.KeyMaxAge)
	who := func(c *gin.Context) {
		c.String(http.StatusOK, "%s", app.Who(c.Request.Context(), ginwx.Session(c)))
	}
	r.Match([]string{"GET", "HEAD"}, "/me", auth, who)
	r.GET("/public", ginwx.Optional(app.Manager), who)
	r.Match([]string{"GET", "HEAD"}, "/plain", who)
	r.GET("/key", key, who)
	r.GET("/me/key", auth, key, who)
	r.Match([]string{"GET", "POST"}, "/with", ginwx.With(app.Manager, func(c *gin.Context, s *core.Session) {
		c.String(http.StatusOK, "%s", app.Who(c.Request.Context(), s))
	}))
	r.POST("/echo", require, func(c *gin.Context) { _, _ = io.Copy(c.Writer, c.Request.Body) })
	r.GET("/refuse", func(c *gin.Context) { ginwx.Refuse(c, app.Manager, app.Err()) })
	r.GET("/stream", require, func(c *gin.Context) { app.Stream(c.Writer, c.Writer.Flush) })
	r.GET("/hijack", require, func(c *gin.Context) {
		conn, _, err := c.Writer.Hijack()
		if err != nil {
			_ = c.AbortWithError(http.StatusInternalServerError, err)
			return
		}
		app.Hijack(conn)
	})
	r.GET("/panic", require, func(*gin.Context) { app.Panic() })
	return e
}

// watch reports what leaves the handlers and middlewares behind it.
func watch(app *adaptertest.App) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			if v := recover(); v != nil {
				app.Recovered(v)
				c.AbortWithStatus(http.StatusInternalServerError)
			}
		}()
		app.Before(c.Header)
		c.Next()
		for _, err := range c.Errors {
			app.Failed(err)
		}
	}
}
