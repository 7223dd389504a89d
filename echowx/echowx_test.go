package echowx_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/adaptertest"
	"github.com/wxsession/wxsession/echowx"
)

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{Serve: serve, Uploads: true})
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
	echowx.MountRoutes(r, app.Routes...)
	require := echowx.Require(app.Manager)
	key := echowx.RequireSessionKey(app.Manager, app.KeyMaxAge)
	who := func(c echo.Context) error {
		return c.String(http.StatusOK, app.Who(c.Request().Context(), echowx.Session(c)))
	}
	r.GET("/me", who, auth)
	r.HEAD("/me", who, auth)
	r.GET("/public", who, echowx.Optional(app.Manager))
	r.GET("/plain", who)
	r.HEAD("/plain", who)
	r.GET("/key", who, key)
	r.GET("/me/key", who, auth, key)
	with := echowx.With(app.Manager, func(c echo.Context, s *core.Session) error {
		return c.String(http.StatusOK, app.Who(c.Request().Context(), s))
	})
	r.GET("/with", with)
	r.POST("/with", with)
	r.POST("/echo", func(c echo.Context) error {
		_, err := io.Copy(c.Response(), c.Request().Body)
		return err
	}, require)
	r.GET("/refuse", func(c echo.Context) error { return echowx.Refuse(c, app.Manager, app.Err()) })
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
	r.POST("/upload", func(c echo.Context) error { app.Upload(c.Request()); return nil }, echowx.Optional(app.Manager), require, key)
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
			app.Before(c.Response().Header().Set)
			return next(c)
		}
	}
}

// TestReplyUnderDebug: Echo's debug mode shows causes to clients; a refusal
// keeps to the wire protocol.
func TestReplyUnderDebug(t *testing.T) {
	wx, _, stop := newManager()
	defer stop()
	e := echo.New()
	e.Debug = true
	e.GET("/me", echo.NotFoundHandler, echowx.Require(wx))
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/me", nil))
	var members map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil || w.Code != 401 || len(members) != 2 || members["error"] != "no_session" {
		t.Errorf("the reply is %d %s", w.Code, w.Body)
	}
}

// TestErrorHandlerChoosesContentType: the reply's own Content-Type is not
// forced on an application that answers in its own way.
func TestErrorHandlerChoosesContentType(t *testing.T) {
	wx, _, stop := newManager()
	defer stop()
	e := echo.New()
	e.HTTPErrorHandler = func(_ error, c echo.Context) { _ = c.HTML(http.StatusOK, "<p>log in</p>") }
	e.GET("/me", echo.NotFoundHandler, echowx.Require(wx))
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", "/me", nil))
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
		t.Errorf("the Content-Type is %q, want the handler's own", got)
	}
}

// TestErrorIsLegible: the text of a refusal is for logs.
func TestErrorIsLegible(t *testing.T) {
	wx, _, stop := newManager()
	defer stop()
	c := echo.New().NewContext(httptest.NewRequest("GET", "/me", nil), httptest.NewRecorder())
	err := echowx.Require(wx)(echo.NotFoundHandler)(c)
	if err == nil || !strings.Contains(err.Error(), "no_session") {
		t.Errorf("the error is %v", err)
	}
}
