package readme

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/ginwx"
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
