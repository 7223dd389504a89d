package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/internal/load/histogram"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// world is a WeChat, a store, and servers over both.
type world struct {
	t     *testing.T
	wx    *wxtest.Server
	codes *httptest.Server
	store core.Store
}

func newWorld(t *testing.T) *world {
	wx := wxtest.NewServer()
	t.Cleanup(wx.Close)
	store, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	codes := httptest.NewServer(withCodes(wx))
	t.Cleanup(codes.Close)
	return &world{t, wx, codes, store}
}

// server is as the examples', with a middleware around it.
func (w *world) server(around func(http.Handler) http.Handler) *httptest.Server {
	w.t.Helper()
	m, err := core.New(core.Config{
		AppID: w.wx.AppID, Secret: core.NewSecret(w.wx.Secret), APIBase: w.codes.URL, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}, w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, m)
	mux.Handle("GET /api/me", auth(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(rw).Encode(map[string]string{"openid": nethttpwx.Session(r).OpenID})
	})))
	mux.Handle("GET /devtools/code", withCodes(w.wx))
	s := httptest.NewServer(around(mux))
	w.t.Cleanup(s.Close)
	return s
}

func untouched(h http.Handler) http.Handler { return h }

// drive runs the command's own steps, and returns the generator with what it
// has counted.
func drive(t *testing.T, args ...string) *generator {
	t.Helper()
	o, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	g, err := newGenerator(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.logInAll(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	g.drive(t.Context(), io.Discard)
	return g
}

func TestTwoServersUnderLoad(t *testing.T) {
	w := newWorld(t)
	var asked [2]atomic.Int64
	counting := func(i int) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/me" {
					asked[i].Add(1)
				}
				h.ServeHTTP(rw, r)
			})
		}
	}
	urls := w.server(counting(0)).URL + "," + w.server(counting(1)).URL
	svg := filepath.Join(t.TempDir(), "latency.svg")
	var out, progress strings.Builder
	err := run(t.Context(), []string{
		"-url", urls, "-codes", w.codes.URL, "-roam", "-users", "20", "-workers", "16",
		"-rate", "200", "-login-rate", "20", "-duration", "1s", "-svg", svg,
	}, &out, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := asked[0].Load(), asked[1].Load(); a != 100 || b != 100 {
		t.Errorf("the servers got %d and %d requests, want 100 each", a, b)
	}
	if strings.Contains(out.String(), "failed:") {
		t.Errorf("requests have failed:\n%s", out.String())
	}
	if !strings.Contains(progress.String(), "logged in 20 users") || !strings.Contains(progress.String(), "requests 200, 0 failed") {
		t.Errorf("the progress is\n%s", progress.String())
	}
	picture, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, picture)
}

func TestEveryServerHasItsOwnCodes(t *testing.T) {
	w, other := newWorld(t), newWorld(t) // nothing in common
	g := drive(t, "-url", w.server(untouched).URL+","+other.server(untouched).URL, "-users", "6", "-rate", "100", "-login-rate", "30", "-duration", "300ms")
	if g.requests.latency.N() != 30 || g.requests.failed.Load() != 0 || g.logins.latency.N() != 9 || g.logins.failed.Load() != 0 {
		t.Errorf("requests %d, %v; logins %d, %v", g.requests.latency.N(), g.requests.failures, g.logins.latency.N(), g.logins.failures)
	}
}

func TestJunkComesFromAnAddressOfItsOwn(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8: run it there")
	}
	var wrong atomic.Int64
	s := newWorld(t).server(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			var body bytes.Buffer
			r.Body = io.NopCloser(io.TeeReader(r.Body, &body))
			h.ServeHTTP(rw, r)
			if strings.Contains(body.String(), "junk") != strings.HasPrefix(r.RemoteAddr, "127.0.0.66:") {
				wrong.Add(1)
			}
		})
	})
	g := drive(t, "-url", s.URL, "-users", "1", "-rate", "0", "-login-rate", "30", "-junk-rate", "100", "-duration", "300ms")
	if g.logins.latency.N() != 9 || g.logins.failed.Load() != 0 || g.junk.latency.N() != 30 || g.junk.failures["400 invalid_code"] != 30 {
		t.Errorf("logins %d, %v; junk %d, %v", g.logins.latency.N(), g.logins.failures, g.junk.latency.N(), g.junk.failures)
	}
	if wrong.Load() > 0 {
		t.Errorf("%d requests have come from the wrong address", wrong.Load())
	}
}

// TestStallShowsInEveryRequestThatWasDue: a server that answers nobody for a
// while makes all the requests late that were due meanwhile, also those that
// could not be sent.
func TestStallShowsInEveryRequestThatWasDue(t *testing.T) {
	const stall = 400 * time.Millisecond
	var gate sync.RWMutex
	var once sync.Once
	s := newWorld(t).server(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/me" {
				once.Do(func() {
					gate.Lock()
					time.AfterFunc(stall, gate.Unlock)
				})
				gate.RLock()
				defer gate.RUnlock()
			}
			h.ServeHTTP(rw, r)
		})
	})
	g := drive(t, "-url", s.URL, "-users", "5", "-workers", "2", "-rate", "200", "-login-rate", "0", "-duration", "600ms")
	var late int64
	for _, b := range g.requests.latency.Bars(histogram.Finest) {
		if b.From >= stall/4 {
			late += b.N
		}
	}
	if held := g.requests.late.Max(); held < stall/2 {
		t.Errorf("no request waited longer than %v for a free worker, want nearly %v", held, stall)
	}
	// Of those due in 400 ms, 60 were due more than 100 ms before its end.
	if late < 55 {
		t.Errorf("%d requests of 120 took over %v, want about 60: two workers alone would have seen 2", late, stall/4)
	}
}

func TestFailuresAreCountedByCode(t *testing.T) {
	w := newWorld(t)
	s := w.server(func(h http.Handler) http.Handler {
		var n atomic.Int64
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/me" {
				h.ServeHTTP(rw, r)
				return
			}
			switch n.Add(1) % 4 {
			case 0:
				r.Header.Del("Authorization")
				h.ServeHTTP(rw, r)
			case 1:
				rw.WriteHeader(http.StatusBadGateway)
			case 2:
				rw.Header().Set("Content-Length", "100")
				_, _ = io.WriteString(rw, "{") // and then the connection ends
			default:
				_, _ = io.WriteString(rw, "{}")
			}
		})
	})
	g := drive(t, "-url", s.URL, "-users", "1", "-workers", "1", "-rate", "200", "-login-rate", "0", "-duration", "200ms")
	var out strings.Builder
	g.summarize(&out)
	for _, want := range []string{"10 × 401 no_session", "10 × status 502", "10 × no openid in the reply", "10 × connection failed"} {
		if !strings.Contains(out.String(), "requests failed: "+want) {
			t.Errorf("the summary does not say %q:\n%s", want, out.String())
		}
	}
	if g.requests.failed.Load() != g.requests.latency.N() {
		t.Errorf("%d of %d have failed, want all", g.requests.failed.Load(), g.requests.latency.N())
	}
}

func TestServerThatIsDown(t *testing.T) {
	err := run(t.Context(), []string{"-url", "http://127.0.0.1:1", "-duration", "1s"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-codes") {
		t.Errorf("without a server: %v, want an error that helps", err)
	}
}

func TestInterruptEndsTheRun(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := w.server(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/me" {
				cancel()
			}
			h.ServeHTTP(rw, r)
		})
	})
	var out strings.Builder
	began := time.Now()
	if err := run(ctx, []string{"-url", s.URL, "-users", "3", "-duration", "1h"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 30*time.Second || !strings.Contains(out.String(), "requests without an answer at the end: 3") {
		t.Errorf("the run ended after %v with\n%s", took, out.String())
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-url", "http://example.com"},
		{"-url", "http://localhost:1,http://192.0.2.1"},
		{"-codes", "http://example.com"},
		{"-url", "localhost:8080"},
		{"-rate", "-1"},
		{"-rate", "0", "-login-rate", "0"},
		{"-junk-connections", "0"},
		{"-users", "0"},
		{"-workers", "0"},
		{"-duration", "0"},
		{"-duration", "61m"},
		{"stray"},
	} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	for _, args := range [][]string{
		{},
		{"-url", "http://localhost:1,https://127.0.0.1:2,http://[::1]:3/"},
		{"-url", "https://example.com", "-allow-remote"},
		{"-rate", "0", "-login-rate", "0", "-junk-rate", "1"},
	} {
		if _, err := parse(args, io.Discard); err != nil {
			t.Errorf("%q is refused: %v", args, err)
		}
	}
}

// TestServersWithTLSAreServersToo: only junk needs bytes that can be looked at.
func TestServersWithTLSAreServersToo(t *testing.T) {
	for rate, refused := range map[string]bool{"0": false, "1": true} {
		o, err := parse([]string{"-url", "https://localhost:1", "-junk-rate", rate}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newGenerator(o); (err != nil) != refused {
			t.Errorf("with a junk rate of %s: %v", rate, err)
		}
	}
}

func TestSimulatorStaysOnThisMachine(t *testing.T) {
	if err := simulate(t.Context(), "0.0.0.0:0", io.Discard); err == nil {
		t.Error("it listens for everybody")
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- simulate(ctx, "127.0.0.1:0", w) }()
	line := make([]byte, 4096)
	if _, err := io.ReadFull(r, line[:len("WeChat is simulated on http://")]); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("the simulator ends with %v", err)
	}
}
