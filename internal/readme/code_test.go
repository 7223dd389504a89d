package readme

import (
	"cmp"
	"context"
	"errors"
	"io"
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
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/ginwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// The code of this file stands in the README; TestGoBlocksAreCompiled looks for
// it.

// table is a table of users.
type table struct{ ids map[string]int64 }

type user struct {
	ID      int64
	Blocked bool
}

func (u table) FindOrCreate(_ context.Context, appID, openID string) (user, error) {
	if u.ids[openID] == 0 {
		return user{}, errors.New("the database is down")
	}
	return user{u.ids[openID], openID == "mallory"}, nil
}

func TestOnLogin(t *testing.T) {
	users := table{map[string]int64{"alice": 42, "mallory": 66}}
	wx, sim, _ := newManager(t, func(cfg *core.Config) {
		cfg.OnLogin = func(ctx context.Context, d *core.Draft) error {
			u, err := users.FindOrCreate(ctx, d.AppID, d.OpenID)
			if err != nil {
				return err // 503 app_unavailable
			}
			if u.Blocked {
				return core.Deny("this account is blocked") // 403 login_denied
			}
			d.SetAttrInt("uid", u.ID) // s.AttrInt("uid") in every handler
			return nil
		}
	})
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

func TestHandOverAndSignedTokens(t *testing.T) {
	wx, sim, _ := newManager(t, func(c *core.Config) { c.Cookie = "__Host-wx" })
	r, srv := gin.New(), &http.Server{}
	err := func() error {
		web, err := weblogin.ConfigFromEnv() // WX_SCAN_LOGIN, WX_SCAN_PAGE
		if err != nil {
			return err
		}
		browsers, err := weblogin.New(wx, web)
		if err != nil {
			return err
		}
		srv.RegisterOnShutdown(browsers.Close) // polls that wait end at once

		signing, err := wxtoken.ConfigFromEnv() // WX_SIGNING_KEYS, WX_ISSUER, WX_AUDIENCES …
		if err != nil {
			return err
		}
		tokens, err := wxtoken.New(wx, signing)
		if err != nil {
			return err
		}
		ginwx.MountRoutes(r, append(browsers.Routes(), tokens.Routes()...)...)
		return nil
	}()
	if err != nil {
		t.Fatal(err)
	}
	if status, body := ask(r, "POST", "/wx/ticket", login(t, wx, sim, "alice"), `{"to":"/h5"}`); status != 200 || !strings.Contains(body, "/wx/enter?ticket=") {
		t.Errorf("a ticket is %d %s", status, body)
	}
	if status, _ := ask(r, "GET", "/wx/jwks", "", ""); status != 404 {
		t.Errorf("without signing keys /wx/jwks gives %d", status)
	}
}

func TestATestMovesTime(t *testing.T) {
	ctx := t.Context()

	var moved atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(moved.Load())) }

	sim := wxtest.NewServer(wxtest.Options{Now: clock})
	defer sim.Close()
	store, err := memory.New(memory.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	wx, err := core.New(core.Config{
		AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL, Now: clock,
	}, store)
	if err != nil {
		t.Fatal(err)
	}

	token, _, err := wx.Login(ctx, core.LoginRequest{Code: sim.Code("o-alice")}) // what wx.login gives
	if err != nil {
		t.Fatal(err)
	}
	moved.Add(int64(72 * time.Hour)) // everybody's clock
	if _, err := wx.Authenticate(ctx, token); core.CodeOf(err) != core.CodeInvalidSession {
		t.Errorf("after the idle timeout: %v", err)
	}

	code := sim.Code("o-alice")
	sim.Advance(5 * time.Minute) // WeChat's clock alone
	if _, _, err := wx.Login(ctx, core.LoginRequest{Code: code}); core.CodeOf(err) != core.CodeInvalidCode {
		t.Errorf("an old code: %v", err)
	}
	sim.Fail("/sns/jscode2session", wxtest.Fault{ErrCode: 45011}, 1)
	if _, _, err := wx.Login(ctx, core.LoginRequest{Code: sim.Code("o-alice")}); core.CodeOf(err) != core.CodeRateLimited {
		t.Errorf("while WeChat's quota is used up: %v", err)
	}
}

// The listener's address is bad, so that it ends at once; what it would have
// served is asked without it.
func TestASimulatorOfItsOwn(t *testing.T) {
	t.Setenv("WX_APPID", "wx0123456789abcdef")
	t.Setenv("WX_SECRET", "simulated")
	t.Setenv("ADDR", "localhost:none")

	sim := wxtest.NewServer(wxtest.Options{AppID: os.Getenv("WX_APPID"), Secret: os.Getenv("WX_SECRET")})
	defer sim.Close()
	http.Handle("/", sim)
	http.HandleFunc("GET /code", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, sim.Code(sim.OpenID(r.FormValue("user")))) // what wx.login gives
	})
	err := http.ListenAndServe(os.Getenv("ADDR"), nil)

	if err == nil {
		t.Fatal("it listens nowhere, and says nothing")
	}
	wechat := httptest.NewServer(http.DefaultServeMux)
	defer wechat.Close()
	wx, _, _ := newManager(t, func(c *core.Config) {
		c.AppID, c.Secret, c.APIBase = sim.AppID, core.NewSecret("simulated"), wechat.URL
	})
	resp, err := http.Get(wechat.URL + "/code?user=alice")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	code, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, s, err := wx.Login(t.Context(), core.LoginRequest{Code: string(code)})
	if err != nil || s.OpenID != sim.OpenID("alice") {
		t.Errorf("alice is %v, %v", s, err)
	}
}

func TestReadinessAndClosing(t *testing.T) {
	wx, _, _ := newManager(t, nil)
	store, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ADDR", "127.0.0.1:0")
	ctx, stop := context.WithCancel(t.Context())
	r := gin.New()
	ready := make(chan int, 1)
	err = func() error {
		r.GET("/healthz", func(c *gin.Context) {
			if err := wx.Ping(c.Request.Context()); err != nil {
				ginwx.Refuse(c, wx, err) // 503: take no traffic, do not restart
				return
			}
			c.String(http.StatusOK, "ok\n")
		})

		srv := &http.Server{Addr: cmp.Or(os.Getenv("ADDR"), ":8080"), Handler: r, ReadHeaderTimeout: 5 * time.Second}
		srv.RegisterOnShutdown(func() { ready <- 1 })
		go func() { stop() }()
		ended := make(chan error, 1)
		go func() {
			<-ctx.Done() // of signal.NotifyContext: SIGTERM
			grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			ended <- srv.Shutdown(grace) // requests under way may end
		}()
		if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return errors.Join(<-ended, store.Close()) // the store last
	}()
	if err != nil {
		t.Error(err)
	}
	<-ready
	if err := store.Ping(t.Context()); err == nil {
		t.Error("the store is not closed")
	}
	if status, body := ask(r, "GET", "/healthz", "", ""); status != 200 || body != "ok" {
		t.Errorf("/healthz gives %d %s", status, body)
	}
}

func TestOldClientsBesideNewOnes(t *testing.T) {
	wx, sim, _ := newManager(t, nil)
	r := gin.New()

	// The old header becomes the new one. It stands before what requires a session.
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
