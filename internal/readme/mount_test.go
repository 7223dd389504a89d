package readme

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/echowx/v5"
	"github.com/wxsession/wxsession/ginwx"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores"
)

// The code of this file stands in the README; TestGoBlocksAreCompiled looks for
// it.

func TestGin(t *testing.T) {
	sim := simulate(t)
	ctx := t.Context()
	err := func() error {
		cfg, err := core.ConfigFromEnv() // or a literal
		if err != nil {
			return err
		}
		store, err := stores.Open(ctx, cfg.Store) // memory://, redis://…, memcached://…
		if err != nil {
			return err
		}
		defer store.Close()
		wx, err := core.New(cfg, store)
		if err != nil {
			return err
		}

		r := gin.Default()
		_ = r.SetTrustedProxies(nil) // or name your proxies; else Gin believes everybody
		auth := ginwx.Mount(r, wx)   // the login routes on r, and the middleware back
		r.GET("/api/me", auth, func(c *gin.Context) {
			c.JSON(http.StatusOK, gin.H{"openid": ginwx.Session(c).OpenID})
		})

		serves(t, r, sim.Code("alice"))
		return nil
	}()
	if err != nil {
		t.Error(err)
	}
}

func TestEcho4(t *testing.T) {
	wx, sim, _ := newManager(t, nil)
	serves(t, echo4(wx), sim.Code("alice"))
}

func TestEcho5(t *testing.T) {
	wx, sim, _ := newManager(t, nil)

	e := echo.New()
	auth := echowx.Mount(e, wx)
	e.GET("/api/me", func(c *echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"openid": echowx.Session(c).OpenID})
	}, auth)

	serves(t, e, sim.Code("alice"))
}

func TestNetHTTP(t *testing.T) {
	wx, sim, _ := newManager(t, nil)

	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx)
	mux.Handle("GET /api/me", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"openid": nethttpwx.Session(r).OpenID})
	})))

	serves(t, mux, sim.Code("alice"))
}

// serves logs in at an application and calls its API.
func serves(t *testing.T, h http.Handler, code string) {
	t.Helper()
	status, body := ask(h, "POST", "/wx/login", "", `{"code":"`+code+`"}`)
	var reply struct {
		Token string `json:"3rd_session"`
	}
	if err := json.Unmarshal([]byte(body), &reply); err != nil || status != 200 {
		t.Fatalf("the login gives %d %s", status, body)
	}
	if status, body := ask(h, "GET", "/api/me", reply.Token, ""); status != 200 || body != `{"openid":"alice"}` {
		t.Errorf("with the token the API gives %d %s", status, body)
	}
	if status, _ := ask(h, "GET", "/api/me", "", ""); status != 401 {
		t.Errorf("without it the API gives %d", status)
	}
}
