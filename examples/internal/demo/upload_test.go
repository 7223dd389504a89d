package demo

import (
	"bytes"
	"errors"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestAWatchedUploadLeavesNoFile: a server removes it by its own request's form.
func TestAWatchedUploadLeavesNoFile(t *testing.T) {
	var file atomic.Pointer[string]
	w := newWorld(t, func(_ *core.Config, mux *http.ServeMux) {
		mux.HandleFunc("POST /upload", func(_ http.ResponseWriter, r *http.Request) {
			if err := r.ParseMultipartForm(1); err != nil {
				t.Error(err)
				return
			}
			f, _, err := r.FormFile("file")
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			name := f.(*os.File).Name()
			file.Store(&name)
		})
	})
	w.watch("")
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "photo.jpg")
	if err == nil {
		_, err = part.Write(make([]byte, 1<<20))
	}
	if err = errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(w.url+"/upload", form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if file.Load() == nil {
		t.Fatal("the handler has read no file")
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) { // the server removes it after the reply
		if _, err := os.Stat(*file.Load()); errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(end) {
			_ = os.Remove(*file.Load())
			t.Fatal("the file of the upload is still there")
		}
	}
}
