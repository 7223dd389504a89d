package echowx_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/wxsession/wxsession/core/adaptertest"
	"github.com/wxsession/wxsession/echowx"
)

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{Serve: serve})
}

func serve(t testing.TB, app *adaptertest.App) string {
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		app.Failed(err)
		e.DefaultHTTPErrorHandler(err, c)
	}
	if app.Group == "" {
		routes(e, app)
	} else {
		routes(e.Group(app.Group), app)
	}
	e.Use(watch(app))
	return adaptertest.ServeHTTP(t, e)
}

// router is what *echo.Echo and *echo.Group have in common.
type router interface {
	echowx.Router
	GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
	HEAD(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route
}

func routes(r router, app *adaptertest.App) {
	auth := echowx.Mount(r, app.Manager)
	require := echowx.Require(app.Manager)
	who := func(c echo.Context) error {
		return c.String(http.StatusOK, app.Who(c.Request().Context(), echowx.Session(c)))
	}
	r.GET("/me", who, auth)
	r.HEAD("/me", who, auth)
	r.GET("/public", who, echowx.Optional(app.Manager))
	r.GET("/plain", who)
	r.POST("/echo", func(c echo.Context) error {
		_, err := io.Copy(c.Response(), c.Request().Body)
		return err
	}, require)
	r.GET("/refuse", func(c echo.Context) error { return echowx.Refuse(c, app.Manager, app.Err) })
	r.GET("/stream", func(c echo.Context) error {
		app.Stream(c.Response(), c.Response().Flush)
		return nil
	}, require)
	r.GET("/hijack", func(c echo.Context) error {
		conn, _, err := c.Response().Hijack()
		if err == nil {
			app.Hijack(conn)
		}
		return err
	}, require)
	r.GET("/panic", func(echo.Context) error { app.Panic(); return nil }, require)
}

// watch recovers from panics of what is behind it.
func watch(app *adaptertest.App) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				if v := recover(); v != nil {
					app.Recovered(v)
					err = c.NoContent(http.StatusInternalServerError)
				}
			}()
			return next(c)
		}
	}
}
