package weblogin_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

const drawPath = "/wxa/getwxacodeunlimit"

// world is a website with everything around it: a WeChat, a store, a clock.
type world struct {
	*site
	wechat *wxtest.Server
	store  *failing
	clock  *clock
	log    *syncBuffer
	change func(*core.Config)
}

func newWorld(t testing.TB, change func(*core.Config)) *world {
	t.Helper()
	w := &world{clock: &clock{now: time.Unix(1_700_000_000, 345e6)}, log: new(syncBuffer), change: change}
	w.wechat = wxtest.NewServer(wxtest.Options{Now: w.clock.Now})
	t.Cleanup(w.wechat.Close)
	mem, err := memory.New(memory.Options{Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mem.Close() })
	w.store = &failing{Store: mem}
	w.site = w.newSite(t)
	return w
}

// newSite makes another process of the website.
func (w *world) newSite(t testing.TB) *site {
	t.Helper()
	return newSite(t, w.config(), w.store, w.change)
}

func (w *world) config() core.Config {
	return core.Config{
		AppID: w.wechat.AppID, Secret: core.NewSecret(w.wechat.Secret), APIBase: w.wechat.URL, Now: w.clock.Now,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// site is one process of a website, as its clients see it.
type site struct {
	wx    *core.Manager
	login *weblogin.Login
	http.Handler
}

func newSite(t testing.TB, cfg core.Config, store core.Store, change func(*core.Config)) *site {
	t.Helper()
	cfg.Cookie = "__Host-wx"
	if change != nil {
		change(&cfg)
	}
	wx, err := core.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	return mount(t, wx, weblogin.Config{ScanLogin: true})
}

func mount(t testing.TB, wx *core.Manager, cfg weblogin.Config) *site {
	t.Helper()
	login := must[*weblogin.Login](t)(weblogin.New(wx, cfg))
	t.Cleanup(login.Close)
	mux := http.NewServeMux()
	nethttpwx.Mount(mux, wx)
	nethttpwx.MountRoutes(mux, login.Routes()...)
	return &site{wx, login, mux}
}

// phone opens the mini program on a user's phone, logged in at s.
func (w *world) phone(t testing.TB, s *site, openID string) *wxtest.MiniProgram {
	t.Helper()
	m := w.wechat.Open(openID, "https://shop.example.com/wx")
	m.Client = &http.Client{Transport: s}
	if err := m.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m
}

// RoundTrip lets clients of package http talk to the site without a network.
func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RemoteAddr = "198.51.100.9:4321"
	s.ServeHTTP(w, in)
	return w.Result(), nil
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// quietConfig is that of an app whose users log in by their openid.
func quietConfig() core.Config {
	return core.Config{
		AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret"), IdentityProvider: anybody{},
		Logger: slog.New(slog.DiscardHandler), LimitUser: core.Rate{N: -1},
	}
}

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// syncBuffer collects log lines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var _ io.Writer = (*syncBuffer)(nil)

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	return string(must[[]byte](t)(json.Marshal(v)))
}
