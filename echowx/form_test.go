package echowx_test

import (
	"mime/multipart"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/wxsession/wxsession/echowx"
)

// TestAFormIsFoundInTheLastCopy: middlewares of others copy the request too, and c has
// the last one.
func TestAFormIsFoundInTheLastCopy(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	e := echo.New()
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	form := new(multipart.Form)
	e.POST("/", func(c echo.Context) error {
		c.SetRequest(c.Request().WithContext(c.Request().Context()))
		c.Request().MultipartForm = form
		return nil
	}, echowx.Require(wx))
	e.ServeHTTP(httptest.NewRecorder(), r)
	if r.MultipartForm != form {
		t.Error("the request of the server does not have the form")
	}
}
