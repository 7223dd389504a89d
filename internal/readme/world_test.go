package readme

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

// simulate starts a WeChat, and sets the variables of an application that uses
// it.
func simulate(t *testing.T) *wxtest.Server {
	t.Helper()
	sim := wxtest.NewServer(wxtest.Options{Errorf: t.Errorf})
	t.Cleanup(sim.Close)
	t.Setenv("WX_APPID", sim.AppID)
	t.Setenv("WX_SECRET", sim.Secret)
	t.Setenv("WX_API_BASE", sim.URL)
	return sim
}

// newManager is a manager over a simulated WeChat and an empty store, whose clock
// is moved by the returned function.
func newManager(t *testing.T, change func(*core.Config)) (wx *core.Manager, sim *wxtest.Server, advance func(time.Duration)) {
	t.Helper()
	sim = simulate(t)
	cfg := core.Config{AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL}
	var moved atomic.Int64
	began := time.Now()
	cfg.Now = func() time.Time { return began.Add(time.Duration(moved.Load())) }
	if change != nil {
		change(&cfg)
	}
	store, err := memory.New(memory.Options{Now: cfg.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	wx, err = core.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	return wx, sim, func(d time.Duration) { moved.Add(int64(d)) }
}

// login logs a user in and returns the token.
func login(t *testing.T, wx *core.Manager, sim *wxtest.Server, openID string) string {
	t.Helper()
	token, _, err := wx.Login(context.Background(), core.LoginRequest{Code: sim.Code(openID)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func serve(h http.Handler, r *http.Request) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}
