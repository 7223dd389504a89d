package weblogin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request; header are pairs.
func (s *site) do(ctx context.Context, method, target, body string, header ...string) answer {
	r := httptest.NewRequestWithContext(ctx, method, "https://shop.example.com", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	r.RemoteAddr = "192.0.2.7:1234"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if address := r.Header.Get("Test-Address"); address != "" {
		r.RemoteAddr = address
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), bytes.Clone(w.Body.Bytes())}
}

// member is a text in the answer's JSON; "" if there is none.
func (a answer) member(name string) string {
	var members map[string]any
	_ = json.Unmarshal(a.body, &members)
	text, _ := members[name].(string)
	return text
}

// cookie is what the answer sets; nil if it does not.
func (a answer) cookie(name string) *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (a answer) want(t testing.TB, what string, status int, code string) {
	t.Helper()
	if a.status != status || a.member("error") != code {
		t.Errorf("%s: status %d, body %.200s; want %d %s", what, a.status, a.body, status, code)
	}
	if a.status >= 400 && a.header.Get("Set-Cookie") != "" {
		t.Errorf("%s: the refusal sets %s", what, a.header.Get("Set-Cookie"))
	}
}

// browser is one that keeps cookies.
type browser struct {
	*site
	jar    map[string]string
	id     string // of the login that it has begun last
	header []string
}

func (s *site) newBrowser(header ...string) *browser {
	return &browser{site: s, jar: map[string]string{}, header: header}
}

func (b *browser) send(ctx context.Context, method, target string) answer {
	var cookies []string
	for name, value := range b.jar {
		cookies = append(cookies, name+"="+value)
	}
	header := append([]string{"Cookie", strings.Join(cookies, "; ")}, b.header...)
	a := b.do(ctx, method, target, "", header...)
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		b.jar[c.Name] = c.Value
	}
	return a
}

// begin begins a login.
func (b *browser) begin(t testing.TB) {
	t.Helper()
	a := b.send(t.Context(), "POST", "/wx/scan")
	a.want(t, "POST /wx/scan", 200, "")
	b.id = a.member("id")
}

func (b *browser) poll(ctx context.Context, query string) answer {
	return b.send(ctx, "GET", "/wx/scan/"+b.id+query)
}

// image gets the code, as the page shows it.
func (b *browser) image(t testing.TB) []byte {
	t.Helper()
	a := b.send(t.Context(), "GET", "/wx/scan/"+b.id+"/code")
	a.want(t, "the code", 200, "")
	return a.body
}

// loggedIn returns the openid of the browser's session; "" if it has none.
func (b *browser) loggedIn(t testing.TB) string {
	t.Helper()
	s, err := b.wx.AuthenticateRequest(t.Context(), core.Request{
		Method: "GET", Header: http.Header{"Cookie": {"__Host-wx=" + b.jar["__Host-wx"]}},
	})
	if err != nil {
		return ""
	}
	return s.OpenID
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

// act sends an action of the mini program.
func (s *site) act(ctx context.Context, token, id, action string) answer {
	return s.do(ctx, "POST", "/wx/scan/"+id, `{"action":"`+action+`"}`, "Authorization", "Bearer "+token)
}

// refusal returns what the mini program was refused with.
func refusal(t testing.TB, err error) (status int, code string) {
	t.Helper()
	e, ok := errors.AsType[*wxtest.Refusal](err)
	if !ok {
		t.Fatalf("not refused: %v", err)
	}
	return e.Status, e.Code
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

// failing is a store that counts its calls, and fails those that plan says.
type failing struct {
	core.Store
	mu    sync.Mutex
	calls []string // verb and key
	plan  func(verb, key string, n int) error
}

var errDown = errors.New("the store is down")

// fail lets calls fail from now on; nil heals. n counts from 1.
func (s *failing) fail(plan func(verb, key string, n int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.calls = plan, nil
}

func (s *failing) down() { s.fail(func(string, string, int) error { return errDown }) }

func (s *failing) call(verb, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, verb+" "+key)
	if s.plan == nil {
		return nil
	}
	return s.plan(verb, key, len(s.calls))
}

func (s *failing) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

func (s *failing) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.call("get", key); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

func (s *failing) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := s.call("swap", key); err != nil {
		return err
	}
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func (s *failing) Delete(ctx context.Context, key string) error {
	if err := s.call("delete", key); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
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
