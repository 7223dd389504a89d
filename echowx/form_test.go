package echowx_test

import (
	"mime/multipart"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/wxsession/wxsession/echowx"
)

// TestAFormIsFoundInTheLastCopy, by each middleware alone: those of others copy the
// request too, and c has the last one.
func TestAFormIsFoundInTheLastCopy(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	for name, use := range map[string]echo.MiddlewareFunc{
		"Require": echowx.Require(wx), "RequireSessionKey": echowx.RequireSessionKey(wx, time.Minute), "Optional": echowx.Optional(wx),
	} {
		e := echo.New()
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		form := new(multipart.Form)
		e.POST("/", func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(c.Request().Context()))
			c.Request().MultipartForm = form
			return nil
		}, use)
		e.ServeHTTP(httptest.NewRecorder(), r)
		if r.MultipartForm != form {
			t.Errorf("%s: the request of the server does not have the form", name)
		}
	}
}
