package readme

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/ginwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// Of this file the declarations in front of each test stand in a paper;
// TestGoBlocksRun compares them.

// Users is your table of users.
type Users interface {
	FindOrCreate(ctx context.Context, appID, openID string) (id int64, blocked bool, err error)
}

// For cfg.OnLogin, before core.New.
func onLogin(users Users) func(context.Context, *core.Draft) error {
	return func(ctx context.Context, d *core.Draft) error {
		id, blocked, err := users.FindOrCreate(ctx, d.AppID, d.OpenID)
		if err != nil {
			return err // 503 app_unavailable
		}
		if blocked {
			return core.Deny("this account is blocked") // 403 login_denied
		}
		d.SetAttrInt("uid", id) // s.AttrInt("uid") in every handler
		return nil
	}
}

// table is a table of users.
type table map[string]int64

func (u table) FindOrCreate(_ context.Context, appID, openID string) (id int64, blocked bool, err error) {
	if u[openID] == 0 {
		return 0, false, errors.New("the database is down")
	}
	return u[openID], openID == "mallory", nil
}

func TestOnLogin(t *testing.T) {
	wx, sim, _ := newManager(t, func(cfg *core.Config) { cfg.OnLogin = onLogin(table{"alice": 42, "mallory": 66}) })
	s, err := wx.Authenticate(t.Context(), login(t, wx, sim, "alice"))
	if err != nil || s.AttrInt("uid") != 42 {
		t.Errorf("alice is %d, %v", s.AttrInt("uid"), err)
	}
	for name, want := range map[string]core.Code{"mallory": core.CodeLoginDenied, "carol": core.CodeAppUnavailable} {
		if _, _, err := wx.Login(t.Context(), core.LoginRequest{Code: sim.Code(name)}); core.CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

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

// For ginwx.MountRoutes(r, more...), or MountRoutes of another adapter. srv is the
// server that you start.
func moreRoutes(wx *core.Manager, srv *http.Server) (more []core.Route, err error) {
	web, err := weblogin.ConfigFromEnv() // WX_SCAN_LOGIN, WX_SCAN_PAGE
	if err != nil {
		return nil, err
	}
	browsers, err := weblogin.New(wx, web)
	if err != nil {
		return nil, err
	}
	srv.RegisterOnShutdown(browsers.Close) // polls that wait end at once

	signing, err := wxtoken.ConfigFromEnv() // WX_SIGNING_KEYS, WX_ISSUER, WX_AUDIENCES …
	if err != nil {
		return nil, err
	}
	tokens, err := wxtoken.New(wx, signing)
	if err != nil {
		return nil, err
	}
	return append(browsers.Routes(), tokens.Routes()...), nil
}

func TestHandOverAndSignedTokens(t *testing.T) {
	wx, sim, _ := newManager(t, func(c *core.Config) { c.Cookie = "__Host-wx" })
	r, srv := gin.New(), &http.Server{}
	more, err := moreRoutes(wx, srv)
	if err != nil {
		t.Fatal(err)
	}
	ginwx.MountRoutes(r, more...)
	if status, body := ask(r, "POST", "/wx/ticket", login(t, wx, sim, "alice"), `{"to":"/h5"}`); status != 200 || !strings.Contains(body, "/wx/enter?ticket=") {
		t.Errorf("a ticket is %d %s", status, body)
	}
	if status, _ := ask(r, "GET", "/wx/jwks", "", ""); status != 404 {
		t.Errorf("without signing keys /wx/jwks gives %d", status)
	}
}

// serveUntil ends after ctx, which is that of signal.NotifyContext(…, syscall.SIGTERM).
// notice is longer than the balancer takes to notice: period × failures, 10 s say.
func serveUntil(ctx context.Context, srv *http.Server, r *gin.Engine, wx *core.Manager, store io.Closer, notice time.Duration) error {
	var draining atomic.Bool
	r.GET("/healthz", func(c *gin.Context) {
		if draining.Load() {
			c.String(http.StatusServiceUnavailable, "draining\n")
			return
		}
		if err := wx.Ping(c.Request.Context()); err != nil {
			ginwx.Refuse(c, wx, err) // 503: take no traffic, do not restart
			return
		}
		c.String(http.StatusOK, "ok\n")
	})
	srv.Handler = r
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		draining.Store(true)
		time.Sleep(notice)
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ended <- srv.Shutdown(grace) // requests under way may end
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(<-ended, store.Close())
}

func TestReadinessAndClosing(t *testing.T) {
	wx, _, _ := newManager(t, nil)
	store, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var closed atomic.Bool // when the store is, requests under way have ended
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	srv, ended := &http.Server{Addr: freeAddr(t)}, make(chan error, 1)
	srv.RegisterOnShutdown(func() { closed.Store(store.Ping(t.Context()) != nil) })
	go func() { ended <- serveUntil(ctx, srv, gin.New(), wx, store, 500*time.Millisecond) }()
	waitForReply(t, "http://"+srv.Addr+"/healthz", "ok")
	stop()
	waitForReply(t, "http://"+srv.Addr+"/healthz", "draining")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := store.Ping(t.Context()); err == nil || closed.Load() {
		t.Errorf("the store is not closed, or before the server (%v)", closed.Load())
	}
}

// waitForReply asks until that is the reply. Draining answers 503.
func waitForReply(t *testing.T, url, want string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		resp, err := http.Get(url)
		if err == nil {
			if status, body := reply(t, resp, nil); body == want && (status == 200) == (want == "ok") {
				return
			}
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s never says %s (%v)", url, want, err)
		}
	}
}

// Before ginwx.Mount, and before all routes that require a session.
func oldRoutes(r *gin.Engine, wx *core.Manager) {
	// The old header becomes the new one.
	r.Use(func(c *gin.Context) {
		if old := c.GetHeader("X-Token"); old != "" {
			c.Request.Header.Set("Authorization", "Bearer "+old)
		}
	})
	// The old login route, with its old reply, for mini programs not yet updated.
	r.POST("/api/login", func(c *gin.Context) {
		token, _, err := wx.Login(c.Request.Context(), core.LoginRequest{Code: c.PostForm("code")})
		if err != nil {
			ginwx.Refuse(c, wx, err)
			return
		}
		c.JSON(http.StatusOK, gin.H{"token": token})
	})
}

func TestOldClientsBesideNewOnes(t *testing.T) {
	wx, sim, _ := newManager(t, nil)
	r := gin.New()
	oldRoutes(r, wx)
	r.GET("/api/me", ginwx.Mount(r, wx), func(c *gin.Context) { c.String(http.StatusOK, ginwx.Session(c).OpenID) })
	form := httptest.NewRequest("POST", "/api/login", strings.NewReader("code="+sim.Code("alice")))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := serve(r, form)
	token := strings.TrimSuffix(strings.TrimPrefix(body, `{"token":"`), `"}`)
	if status != 200 || len(token) != 43 {
		t.Fatalf("the old login gives %d %s", status, body)
	}
	for value, want := range map[string]int{token: 200, "0123456789abcdef0123456789abcdef": 401} {
		old := httptest.NewRequest("GET", "/api/me", io.NopCloser(strings.NewReader("")))
		old.Header.Set("X-Token", value)
		if status, body := serve(r, old); status != want {
			t.Errorf("a token of %d characters in the old header gives %d %s, want %d", len(value), status, body, want)
		}
	}
}
