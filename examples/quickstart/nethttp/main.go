// Command nethttp is a net/http service with WeChat Mini Program logins, to be copied into
// a module of your own. It needs WX_APPID and WX_SECRET; WX_STORE says where the
// sessions live.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores"
)

// users stands for your table of users, by appid and openid.
type users struct {
	mu      sync.Mutex
	ids     map[string]int64
	blocked map[int64]bool
}

// onLogin creates the user at the first login, and refuses one who is blocked.
func (u *users) onLogin(_ context.Context, d *core.Draft) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	key := d.AppID + " " + d.OpenID
	if u.ids[key] == 0 {
		u.ids[key] = int64(len(u.ids) + 1)
	}
	if u.blocked[u.ids[key]] {
		return core.Deny("this account is blocked")
	}
	d.SetAttrInt("uid", u.ids[key]) // what every request needs to know
	return nil
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cfg, err := core.ConfigFromEnv()
	if err != nil {
		return err
	}
	cfg.OnLogin = (&users{ids: map[string]int64{}, blocked: map[int64]bool{}}).onLogin
	store, err := stores.Open(ctx, cfg.Store)
	if err != nil {
		return err
	}
	defer store.Close()
	wx, err := core.New(cfg, store)
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx) // the login routes on mux, and the middleware back
	mux.Handle("GET /api/me", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := nethttpwx.Session(r)
		_ = json.NewEncoder(w).Encode(map[string]any{"uid": s.AttrInt("uid"), "openid": s.OpenID})
	})))

	srv := &http.Server{Addr: cmp.Or(os.Getenv("ADDR"), ":8080"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done() // SIGTERM: requests under way may end, then the store is closed
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ended <- srv.Shutdown(grace)
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve at %s (ADDR): %w", srv.Addr, err)
	}
	return <-ended
}
