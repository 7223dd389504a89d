package core_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

// logFunc is a slog.Handler.
type logFunc func(context.Context, slog.Record) error

func (f logFunc) Enabled(context.Context, slog.Level) bool        { return true }
func (f logFunc) Handle(ctx context.Context, r slog.Record) error { return f(ctx, r) }
func (f logFunc) WithAttrs([]slog.Attr) slog.Handler              { return f }
func (f logFunc) WithGroup(string) slog.Handler                   { return f }

// brokenManager has a store that is down, and this logger.
func brokenManager(t *testing.T, handle logFunc) *core.Manager {
	t.Helper()
	store := &spyStore{Store: noStore{}, down: errors.New("connection refused")}
	m, err := core.New(core.Config{AppID: "wx1", Secret: core.NewSecret("x"), Keys: []core.Secret{sealKey('a')}, Logger: slog.New(handle)}, store)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestALoggerThatPanicsLosesItsLineAndNoMore: a log line may be written in a
// goroutine of ours, where a panic would end the process.
func TestALoggerThatPanicsLosesItsLineAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		var counts []int64
		m := brokenManager(t, func(_ context.Context, r slog.Record) error {
			if calls.Add(1) <= 2 { // in the request, and a second after it
				panic("marker")
			}
			r.Attrs(func(a slog.Attr) bool {
				if a.Key == "count" {
					counts = append(counts, a.Value.Int64())
				}
				return true
			})
			return nil
		})
		for range 3 {
			for range 2 {
				r, _ := send(t, m, "GET", "/wx/check", "", bearer(strings.Repeat("A", 43))...)
				if r.Status != 503 {
					t.Errorf("status %d, body %s", r.Status, r.Body)
				}
			}
			time.Sleep(1100 * time.Millisecond)
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(counts) == 0 || calls.Load() < 4 {
			t.Errorf("after its panics the logger is called %d times, with the counts %v", calls.Load(), counts)
		}
	})
}

// panickyError panics where it is asked what it says.
type panickyError struct{ error }

func TestAnErrorThatPanicsLosesItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := brokenManager(t, func(context.Context, slog.Record) error { return nil })
		for range 3 {
			if r := m.Refuse(t.Context(), core.Request{}, panickyError{}); r.Status != 503 {
				t.Errorf("status %d", r.Status)
			}
		}
		time.Sleep(3 * time.Second)
	})
}

type warningStore struct{ core.Store }

func (warningStore) Warnings(context.Context) ([]string, error) {
	return []string{"a warning", "another"}, nil
}

// TestALoggerThatPanicsInAGoroutineOfOurs: the one that asks the store for
// warnings, and those that catch the panic of somebody else's code.
func TestALoggerThatPanicsInAGoroutineOfOurs(t *testing.T) {
	mem, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	sim := wxtest.NewServer()
	defer sim.Close()
	warned := make(chan bool, 1)
	wx, err := core.New(core.Config{
		AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL, Keys: []core.Secret{sealKey('a')},
		Logger: slog.New(logFunc(func(_ context.Context, r slog.Record) error {
			if r.Message == "another" { // the first one is lost, no more
				defer func() { warned <- true }()
			}
			panic("marker")
		})),
	}, warningStore{panickyStore{mem, "u:"}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-warned:
	case <-time.After(10 * time.Second):
		t.Error("the second warning is not written")
	}
	if _, _, err := wx.Login(t.Context(), core.LoginRequest{Code: sim.Code("o-alice")}); core.CodeOf(err).Status() != 503 {
		t.Errorf("got %v", err)
	}
}

// TestALineAboutManyRequestsIsInTheContextOfNone: the last one's is over when the
// line is written.
func TestALineAboutManyRequestsIsInTheContextOfNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var seen []any
		m := brokenManager(t, func(ctx context.Context, _ slog.Record) error {
			seen = append(seen, ctx.Value(key{}))
			return nil
		})
		for i := range 3 {
			ctx := context.WithValue(t.Context(), key{}, i)
			_, err := m.Authenticate(ctx, strings.Repeat("A", 43))
			m.Refuse(ctx, core.Request{}, err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if len(seen) != 2 || seen[0] != 0 || seen[1] != nil {
			t.Errorf("lines are written in the contexts of %v, want of the first request and of none", seen)
		}
	})
}

// TestAHookThatPanicsWritesOneLineASecond: as an outage does, and with its stack.
func TestAHookThatPanicsWritesOneLineASecond(t *testing.T) {
	out := new(lockedBuffer)
	w := newWorld(t, func(c *core.Config) {
		jsonLog(out)(c)
		c.OnLogin = func(context.Context, *core.Draft) error { panic("marker") }
	})
	const logins = 50
	begun := time.Now()
	for range logins {
		send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	}
	most := 2 * (2 + int(time.Since(begun)/time.Second)) // "OnLogin panicked", and what came of it
	lines := out.lines(t)
	if len(lines) > most {
		t.Errorf("%d logins leave %d lines, want %d at most", logins, len(lines), most)
	}
	for _, line := range lines {
		if line["msg"] == "OnLogin panicked" && strings.Contains(line["stack"].(string), "TestAHookThatPanicsWritesOneLineASecond") && line["code"] == "app_unavailable" {
			return
		}
	}
	t.Errorf("no line tells of the panic with its stack: %v", lines)
}
