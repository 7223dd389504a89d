package wafertest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

const (
	loginPath = "/wx/wafer/login"
	apiPath   = "/api/orders"
)

// world is an application, its WeChat, its store, and alice's phone's view of them.
type world struct {
	sim   *wxtest.Server
	wx    *core.Manager
	store *store
	url   string
	alice string // her openid

	// What goes wrong on the phone.
	badCode      atomic.Bool // wx.login returns a code that WeChat does not know
	wrongProfile atomic.Bool // wx.getUserInfo returns what alice's key does not open

	mu     sync.Mutex
	before func() // runs before each request to apiPath is served
	seen   []request
}

// request is what the application has received.
type request struct {
	line   string // method and path
	header http.Header
}

func newWorld(t *testing.T, a adapter) *world {
	t.Helper()
	w := &world{sim: wxtest.NewServer()}
	t.Cleanup(w.sim.Close)
	mem, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mem.Close() })
	w.store, w.alice = &store{Store: mem}, w.sim.OpenID("alice")
	w.wx, err = core.New(core.Config{
		AppID: w.sim.AppID, Secret: core.NewSecret(w.sim.Secret), APIBase: w.sim.URL,
		Wafer: true, ExposeOpenID: true, Logger: slog.New(slog.DiscardHandler),
	}, w.store)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.handler(a.app(w.wx)))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// handler serves the application, and beside it what the phone gets from WeChat.
func (w *world) handler(app http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/phone/login", w.serveLogin)
	mux.HandleFunc("/phone/getUserInfo", w.serveUserInfo)
	mux.HandleFunc("/phone/checkSession", w.serveCheckSession)
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		if hook := w.record(r); hook != nil && r.URL.Path == apiPath {
			hook()
		}
		app.ServeHTTP(rw, r)
	})
	return mux
}

func (w *world) serveLogin(rw http.ResponseWriter, _ *http.Request) {
	code := w.sim.Code(w.alice)
	if w.badCode.Load() {
		code = "0a1unknown2code3"
	}
	writeJSON(rw, map[string]string{"code": code, "errMsg": "login:ok"})
}

func (w *world) serveUserInfo(rw http.ResponseWriter, _ *http.Request) {
	owner := w.alice
	if w.wrongProfile.Load() {
		owner = w.sim.OpenID("mallory")
	}
	data, iv := w.sim.Encrypt(owner, map[string]string{"openId": owner, "nickName": "Alice of WeChat"})
	writeJSON(rw, map[string]any{
		"userInfo": map[string]string{"nickName": "Alice of the phone"}, "encryptedData": data, "iv": iv,
	})
}

func (w *world) serveCheckSession(rw http.ResponseWriter, _ *http.Request) {
	if !w.sim.CheckSession(w.alice) {
		http.Error(rw, "session time out", http.StatusNotFound)
		return
	}
	writeJSON(rw, map[string]string{"errMsg": "checkSession:ok"})
}

func writeJSON(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(v) // fails when the phone has gone
}

// record returns the hook that is to run before the request is served.
func (w *world) record(r *http.Request) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, request{r.Method + " " + r.URL.Path, r.Header.Clone()})
	return w.before
}

// beforeEach makes hook run before each request to the API is served.
func (w *world) beforeEach(hook func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = hook
}

// take returns the requests since the last time it was asked, and splits them.
func (w *world) take() (logins, requests []request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.seen {
		if r.line == "GET "+apiPath {
			requests = append(requests, r)
		} else {
			logins = append(logins, r)
		}
	}
	w.seen = nil
	return logins, requests
}

// store is one that can be down.
type store struct {
	core.Store
	down atomic.Bool
}

var errDown = errors.New("connection refused")

func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	if s.down.Load() {
		return nil, errDown
	}
	return s.Store.Get(ctx, key)
}

func (s *store) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if s.down.Load() {
		return errDown
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func (s *store) Delete(ctx context.Context, key string) error {
	if s.down.Load() {
		return errDown
	}
	return s.Store.Delete(ctx, key)
}
