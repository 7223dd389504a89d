package adaptertest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"time"
)

func uploadRows() []row {
	can := func(h Harness) bool { return h.Uploads }
	return []row{
		{name: "the files of an upload are removed when the request is done", check: func(r *rig) { r.uploads(false) }, needs: can},
		{name: "the files of an upload whose handler panics are removed too", check: func(r *rig) { r.uploads(true) }, needs: can},
	}
}

// upload is what becomes of the form that a client sends to /upload.
type upload struct {
	panics bool // the handler panics when it has read the form
	files  []string
	err    error
}

// Upload reads a form with a file that is too large for the memory.
func (a *App) Upload(r *http.Request) {
	a.count()
	file, err := readUpload(r)
	a.mu.Lock()
	a.upload.err = errors.Join(a.upload.err, err)
	if file != "" {
		a.upload.files = append(a.upload.files, file)
	}
	panics := a.upload.panics
	a.mu.Unlock()
	if panics {
		panic(errPanic)
	}
}

// readUpload returns where net/http has put the file.
func readUpload(r *http.Request) (name string, err error) {
	if err := r.ParseMultipartForm(1); err != nil {
		return "", err
	}
	f, _, err := r.FormFile("file")
	if err != nil {
		return "", err
	}
	defer f.Close()
	onDisk, ok := f.(*os.File)
	if !ok {
		return "", fmt.Errorf("the upload is a %T, want a file on the disk", f)
	}
	return onDisk.Name(), nil
}

func (a *App) uploaded() upload {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.upload
	u.files = slices.Clone(u.files)
	return u
}

func (r *rig) uploads(panics bool) {
	if r.group != "" {
		return // an application's own http.StripPrefix copies the request, and keeps its form
	}
	r.start()
	r.app.mu.Lock()
	r.app.upload.panics = panics
	r.app.mu.Unlock()
	token, _ := r.login("alice")
	body, kind := r.form()
	r.do("POST", "/upload", body, append(bearer(token), "Content-Type", kind)...) // what the client sees of a panic is the framework's affair
	u := r.app.uploaded()
	if u.err != nil || len(u.files) != 1 {
		r.Fatalf("the handler has read %d files, want 1: %v", len(u.files), u.err)
	}
	r.wantRemoved(u.files[0])
}

// form is a multipart form with a file of 1 MiB.
func (r *rig) form() (body, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile("file", "photo.jpg")
	if err == nil {
		_, err = f.Write(make([]byte, 1<<20))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		r.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// wantRemoved waits for the server, which removes files after the reply.
func (r *rig) wantRemoved(file string) {
	r.Helper()
	for end := time.Now().Add(r.patience); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return
		}
		if time.Now().After(end) {
			_ = os.Remove(file)
			r.Errorf("the file of an upload is still there: the middleware must hand MultipartForm back to the request that it got")
			return
		}
	}
}
