package wxapi_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func newWeChat(t *testing.T, opts ...wxtest.Options) *wxtest.Server {
	t.Helper()
	wx := wxtest.NewServer(opts...)
	t.Cleanup(wx.Close)
	return wx
}

// newClient returns a client of wx that does not wait before retries.
func newClient(t *testing.T, wx *wxtest.Server, adjust ...func(*wxapi.Config)) *wxapi.Client {
	t.Helper()
	cfg := wxapi.Config{AppID: wx.AppID, Secret: wxapi.Secret(wx.Secret), Bases: []string{wx.URL}}
	cfg.SetPause(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
	for _, f := range adjust {
		f(&cfg)
	}
	c, err := wxapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantError checks that err is an *Error of this kind and returns it.
func wantError(t *testing.T, err error, kind wxapi.Kind) *wxapi.Error {
	t.Helper()
	e, ok := errors.AsType[*wxapi.Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Kind != kind {
		t.Fatalf("kind %v, want %v: %v", e.Kind, kind, e)
	}
	return e
}

func TestBusyIsRetriedTwice(t *testing.T) {
	for busy, wantErr := range []bool{false, false, false, true} {
		wx := newWeChat(t)
		wx.Fail(loginPath, wxtest.Fault{ErrCode: -1}, busy)
		var pauses []time.Duration
		c := newClient(t, wx, func(c *wxapi.Config) {
			c.SetPause(func(_ context.Context, d time.Duration) error {
				pauses = append(pauses, d)
				return nil
			})
		})
		_, err := c.Code2Session(t.Context(), wx.Code("o1"))
		if (err != nil) != wantErr {
			t.Errorf("busy %d times: %v", busy, err)
		}
		if len(pauses) != min(busy, 2) || wx.Calls(loginPath) != min(busy, 2)+1 {
			t.Errorf("busy %d times: %d pauses, %d calls", busy, len(pauses), wx.Calls(loginPath))
		}
		for i, limit := range []time.Duration{100 * time.Millisecond, 300 * time.Millisecond}[:len(pauses)] {
			if pauses[i] < limit/2 || pauses[i] > limit {
				t.Errorf("pause %d is %v", i, pauses[i])
			}
		}
	}
}

// The default pause ends with the context, and the call gives WeChat's verdict.
func TestBusyWithinTheTimeLimit(t *testing.T) {
	wx := newWeChat(t)
	wx.Fail(loginPath, wxtest.Fault{ErrCode: -1}, wxtest.Always)
	c := newClient(t, wx, func(c *wxapi.Config) {
		c.SetPause(nil)
		c.Timeout = 30 * time.Millisecond
	})
	_, err := c.Code2Session(t.Context(), wx.Code("o1"))
	if e := wantError(t, err, wxapi.KindUnavailable); e.ErrCode != -1 && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if n := wx.Calls(loginPath); n > 1 {
		t.Errorf("%d calls within 30 ms", n)
	}
}

func TestCancelledContext(t *testing.T) {
	wx := newWeChat(t)
	wx.Fail(loginPath, wxtest.Fault{Hang: true}, wxtest.Always)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := newClient(t, wx).Code2Session(ctx, wx.Code("o1"))
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type spanKey struct{}

func TestOnCall(t *testing.T) {
	wx := newWeChat(t)
	wx.Fail(loginPath, wxtest.Fault{ErrCode: -1}, 1)
	var calls []wxapi.Call
	clock := time.Unix(1, 0)
	c := newClient(t, wx, func(c *wxapi.Config) {
		c.BeforeCall = func(ctx context.Context, call wxapi.Call) context.Context {
			return context.WithValue(ctx, spanKey{}, call.Op+" "+call.Path)
		}
		c.OnCall = func(ctx context.Context, call wxapi.Call) {
			if span := ctx.Value(spanKey{}); span != "code2Session "+loginPath {
				t.Errorf("OnCall is told under %v", span)
			}
			calls = append(calls, call)
		}
		c.Now = func() time.Time { clock = clock.Add(time.Second); return clock }
	})
	if _, err := c.Code2Session(t.Context(), wx.Code("o1")); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 {
		t.Fatalf("%d calls", len(calls))
	}
	first, second := calls[0], calls[1]
	if first.ErrCode != -1 || first.RID == "" || first.Err == nil || first.Path != loginPath {
		t.Errorf("%+v", first)
	}
	if second.Err != nil || second.Op != "code2Session" || second.Duration != time.Second {
		t.Errorf("%+v", second)
	}
}
