package readme

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/ginwx"
)

// What stands in front of the test stands in a paper; TestGoBlocksRun compares it.

func uploads(r *gin.Engine, wx *core.Manager) {
	r.POST("/api/photo", ginwx.With(wx, func(c *gin.Context, s *core.Session) {
		file, err := c.FormFile("photo")
		if err != nil {
			c.String(http.StatusBadRequest, "send a form with a photo")
			return
		}
		c.JSON(http.StatusOK, gin.H{"openid": s.OpenID, "bytes": file.Size})
	}))
}

// TestUploadsLeaveNoFiles: what the README says of Require is so, too, or the block
// would not be needed.
func TestUploadsLeaveNoFiles(t *testing.T) {
	wx, sim, _ := newManager(t, nil)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	r := gin.New()
	r.MaxMultipartMemory = 1
	uploads(r, wx)
	r.POST("/behind/require", ginwx.Require(wx), func(c *gin.Context) { _, _ = c.FormFile("photo") })
	server := httptest.NewServer(r)
	token := login(t, wx, sim, "alice")
	for _, tt := range []struct {
		path, want string
		left       int
	}{
		{"/api/photo", `{"bytes":1048576,"openid":"alice"}`, 0},
		{"/behind/require", "", 1},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		form(t, req, "photo", make([]byte, 1<<20))
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if status, body := reply(t, resp, err); status != 200 || body != tt.want {
			t.Errorf("%s gives %d %s", tt.path, status, body)
		}
		if tt.left == 0 {
			server.Close() // the request is over: net/http removes files after the reply
			server = httptest.NewServer(r)
		}
		if files, err := os.ReadDir(temporary); err != nil || len(files) != tt.left {
			t.Errorf("%s leaves %v, %v", tt.path, files, err)
		}
	}
	server.Close()
}

// form makes an upload the body of a request.
func form(t *testing.T, r *http.Request, field string, content []byte) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile(field, "photo.jpg")
	if err == nil {
		_, err = part.Write(content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	r.Header.Set("Content-Type", w.FormDataContentType())
}
