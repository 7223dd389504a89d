package ginwx_test

import (
	"bytes"
	"errors"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/ginwx"
)

// TestAMiddlewareLeavesTheChainToGin: whoever calls one, and then decides, comes
// before the handlers.
func TestAMiddlewareLeavesTheChainToGin(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	for name, auth := range map[string]gin.HandlerFunc{
		"Require": ginwx.Require(wx), "RequireSessionKey": ginwx.RequireSessionKey(wx, time.Minute), "Optional": ginwx.Optional(wx),
	} {
		e := gin.New()
		e.GET("/", func(c *gin.Context) {
			auth(c)
			if !c.IsAborted() && ginwx.Session(c).Attr("role") != "admin" {
				c.AbortWithStatus(http.StatusForbidden)
			}
		}, func(*gin.Context) { t.Errorf("%s: the handler has run before the decision", name) })
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", name, w.Code)
		}
	}
}

// TestUploadsLeaveNoFiles, by both ways that the comment of Require names.
func TestUploadsLeaveNoFiles(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	var file string
	read := func(c *gin.Context) {
		header, err := c.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		f, err := header.Open()
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		file = f.(*os.File).Name()
	}
	e := gin.New()
	e.MaxMultipartMemory = 1
	e.POST("/with", ginwx.With(wx, func(c *gin.Context, _ *core.Session) { read(c) }))
	e.POST("/require", ginwx.Require(wx), func(c *gin.Context) {
		read(c)
		_ = c.Request.MultipartForm.RemoveAll()
	})
	server := httptest.NewServer(e)
	defer server.Close()
	for _, path := range []string{"/with", "/require"} {
		file = ""
		upload(t, server.URL+path, token)
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) { // a server removes it after the reply
			if _, err := os.Stat(file); file == "" || errors.Is(err, fs.ErrNotExist) {
				break
			}
			if time.Now().After(end) {
				_ = os.Remove(file)
				t.Fatalf("%s: the file of the upload is still there", path)
			}
		}
		if file == "" {
			t.Errorf("%s: no file was read", path)
		}
	}
}

func upload(t *testing.T, url, token string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "photo.jpg")
	if err == nil {
		_, err = part.Write(make([]byte, 1<<20))
	}
	if err = errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", form.FormDataContentType())
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}
