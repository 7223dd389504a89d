package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

// world is a manager with everything around it: a WeChat, a store, a clock.
type world struct {
	*core.Manager
	wx    *wxtest.Server
	store *spyStore
	clock *clock
	log   *logText
}

// logText is what a world's manager has logged; a line that was held back comes
// from a goroutine of its own.
type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logText) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

func newWorld(t *testing.T, change func(*core.Config)) *world {
	t.Helper()
	w := &world{clock: &clock{now: time.Unix(1_700_000_000, 0)}, log: new(logText)}
	w.wx = wxtest.NewServer(wxtest.Options{Now: w.clock.Now})
	t.Cleanup(w.wx.Close)
	mem, err := memory.New(memory.Options{Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mem.Close() })
	w.store = &spyStore{Store: mem, values: map[string]string{}}
	w.Manager = w.manager(t, change)
	return w
}

// manager makes another manager on the same store, as a second process has it.
func (w *world) manager(t *testing.T, change func(*core.Config)) *core.Manager {
	t.Helper()
	cfg := core.Config{
		AppID: w.wx.AppID, Secret: core.NewSecret(w.wx.Secret), APIBase: w.wx.URL, Now: w.clock.Now,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	m, err := core.New(cfg, w.store)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (w *world) login(t *testing.T, openID string) (string, *core.Session) {
	t.Helper()
	token, s, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code(openID)})
	if err != nil {
		t.Fatal(err)
	}
	return token, s
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

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// spyStore counts calls, keeps every value ever written, and can be down.
type spyStore struct {
	core.Store
	mu      sync.Mutex
	gets    int
	swaps   int
	deletes int
	values  map[string]string
	down    error
}

func (s *spyStore) call(n *int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
	return s.down
}

func (s *spyStore) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.call(&s.gets); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

func (s *spyStore) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	if err := s.call(&s.swaps); err != nil {
		return err
	}
	s.mu.Lock()
	s.values[key+" "+string(new)] = string(new)
	s.mu.Unlock()
	return s.Store.Swap(ctx, key, old, new, ttl)
}

func (s *spyStore) Delete(ctx context.Context, key string) error {
	if err := s.call(&s.deletes); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

// live returns the keys that the store holds, of those ever written.
func (s *spyStore) live() (keys []string) {
	for entry := range s.values {
		key, _, _ := strings.Cut(entry, " ")
		if _, err := s.Store.Get(context.Background(), key); err == nil && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (s *spyStore) breakDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = err
}

// counts returns the calls since the last time it was asked.
func (s *spyStore) counts() (gets, swaps, deletes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gets, swaps, deletes = s.gets, s.swaps, s.deletes
	s.gets, s.swaps, s.deletes = 0, 0, 0
	return gets, swaps, deletes
}

// send asks a login route as an adapter does. path may have a query.
func send(t *testing.T, m *core.Manager, method, path, body string, header ...string) (core.Reply, map[string]any) {
	t.Helper()
	u, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	for _, route := range m.Routes() {
		prefix, param, hasID := strings.Cut(route.Path, "{id}")
		matches := route.Path == u.Path || hasID && param == "" && strings.HasPrefix(u.Path, prefix)
		if route.Method != method || !matches {
			continue
		}
		r := route.Serve(t.Context(), core.Request{
			Method: method, Host: h.Get("Host"), Path: u.Path,
			Header: h, Query: u.RawQuery, ID: strings.TrimPrefix(u.Path, prefix), Body: strings.NewReader(body),
		})
		var members map[string]any
		if len(r.Body) > 0 {
			if err := json.Unmarshal(r.Body, &members); err != nil {
				t.Fatalf("%s %s: the body is no JSON object: %s", method, path, r.Body)
			}
		}
		return r, members
	}
	t.Fatalf("there is no route %s %s", method, u.Path)
	return core.Reply{}, nil
}

func wantCode(t *testing.T, err error, want core.Code) {
	t.Helper()
	if got := core.CodeOf(err); got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// readOnly is a store whose disk is full, say.
type readOnly struct{ core.Store }

func (readOnly) Swap(context.Context, string, []byte, []byte, time.Duration) error {
	return errors.New("read-only")
}
