package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores"
)

const appID = "wx0123456789abcdef"

// named is the WeChat of these tests: the code of a login is the openid.
type named struct{}

func (named) Identify(_ context.Context, r core.LoginRequest) (core.Identity, error) {
	return core.Identity{OpenID: r.Code, SessionKey: wxapi.Secret(sessionKeyOf(r.Code))}, nil
}

func sessionKeyOf(openID string) string { return "session_key of " + openID }

func openStore(t testing.TB, dsn string) core.Store {
	t.Helper()
	store, err := stores.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.(io.Closer).Close() })
	return store
}

// newManager returns a manager of one app on store; cfg may say more.
func newManager(t testing.TB, store core.Store, cfg core.Config) *core.Manager {
	t.Helper()
	if cfg.AppID == "" {
		cfg.AppID, cfg.IdentityProvider = appID, named{}
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	m, err := core.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func login(t testing.TB, m *core.Manager, openID string) (string, *core.Session) {
	t.Helper()
	token, s, err := m.Login(t.Context(), core.LoginRequest{Code: openID})
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

// site is an application as its clients see it.
type site struct{ handler http.Handler }

// newSite mounts m, and serves the openid at /me to those who are logged in.
func newSite(m *core.Manager) site {
	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, m)
	mux.Handle("GET /me", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, nethttpwx.Session(r).OpenID)
	})))
	return site{mux}
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

func (s site) send(method, path, token, body string) answer {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	began := time.Now()
	s.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), bytes.Clone(w.Body.Bytes()), time.Since(began)}
}

func (s site) me(token string) answer { return s.send("GET", "/me", token, "") }

func (s site) login(openID string) (string, answer) {
	a := s.send("POST", "/wx/login", "", `{"code":"`+openID+`"}`)
	return a.member("3rd_session"), a
}

func (s site) logout(token string) answer { return s.send("POST", "/wx/logout", token, "") }

// member is a string in the answer's JSON; "" if there is none.
func (a answer) member(name string) string {
	var members map[string]any
	_ = json.Unmarshal(a.body, &members)
	text, _ := members[name].(string)
	return text
}

// isOutage reports whether the answer tells a client to come back, as the
// protocol has it.
func (a answer) isOutage() bool {
	return a.status == 503 && a.member("error") == "store_unavailable" && a.header.Get("Retry-After") != ""
}

// poll waits for cond, and reports whether it came about.
func poll(within time.Duration, cond func() bool) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if cond() {
			return true
		}
	}
	return cond()
}

func eventually(t testing.TB, what string, within time.Duration, cond func() bool) {
	t.Helper()
	if !poll(within, cond) {
		t.Fatalf("not within %v: %s", within, what)
	}
}
