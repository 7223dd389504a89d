package ginwx_test

import (
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/ginwx"
)

// TestAFormIsFoundInTheLastCopy, by each middleware alone: those of others copy the
// request too, and c has the last one.
func TestAFormIsFoundInTheLastCopy(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	for name, use := range map[string]gin.HandlerFunc{
		"Require": ginwx.Require(wx), "RequireSessionKey": ginwx.RequireSessionKey(wx, time.Minute), "Optional": ginwx.Optional(wx),
	} {
		e := gin.New()
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		form := new(multipart.Form)
		e.POST("/", use, func(c *gin.Context) { c.Request = c.Request.WithContext(c.Request.Context()) }, func(c *gin.Context) {
			c.Request.MultipartForm = form
		})
		e.ServeHTTP(httptest.NewRecorder(), r)
		if r.MultipartForm != form {
			t.Errorf("%s: the request of the server does not have the form", name)
		}
	}
}

// TestMiddlewaresRunTheRestOfTheChain: whoever calls one comes after the handlers,
// whether there is a session or not.
func TestMiddlewaresRunTheRestOfTheChain(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	for name, c := range map[string]struct {
		use   gin.HandlerFunc
		token string
	}{
		"Require":             {ginwx.Require(wx), token},
		"RequireSessionKey":   {ginwx.RequireSessionKey(wx, time.Minute), token},
		"Optional":            {ginwx.Optional(wx), token},
		"Optional, strangers": {ginwx.Optional(wx), ""},
	} {
		served := 0
		e := gin.New()
		e.GET("/", func(ctx *gin.Context) {
			c.use(ctx)
			if served != 1 {
				t.Errorf("%s: the handler has run %d times when the middleware returns, want once", name, served)
			}
		}, func(*gin.Context) { served++ })
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if served != 1 || w.Code != http.StatusOK {
			t.Errorf("%s: served %d times with %d, want once with 200", name, served, w.Code)
		}
	}
}
