package core_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func TestValuesKeepTheContractOfAStore(t *testing.T) {
	for name, change := range map[string]func(*core.Config){"in clear": nil, "sealed": sealedWith('a')} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			ctx, v := t.Context(), w.Values()
			want := func(text string) {
				t.Helper()
				if got, err := v.Get(ctx, "scan:1"); err != nil || string(got) != text {
					t.Errorf("got %q, %v; want %q", got, err, text)
				}
			}
			if _, err := v.Get(ctx, "scan:1"); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("nothing: %v", err)
			}
			if err := v.Swap(ctx, "scan:1", []byte("x"), []byte("y"), time.Minute); !errors.Is(err, core.ErrConflict) {
				t.Errorf("a change of nothing: %v", err)
			}
			if err := v.Swap(ctx, "scan:1", nil, []byte("marker"), time.Minute); err != nil {
				t.Fatal(err)
			}
			want("marker")
			if err := v.Swap(ctx, "scan:1", nil, []byte("other"), time.Minute); !errors.Is(err, core.ErrConflict) {
				t.Errorf("created twice: %v", err)
			}
			if err := v.Swap(ctx, "scan:1", []byte("stale"), []byte("other"), time.Minute); !errors.Is(err, core.ErrConflict) {
				t.Errorf("a stale change: %v", err)
			}
			want("marker")
			raw := w.raw(t, "x:scan:1")
			if bytes.Contains(raw, []byte("marker")) != (name == "in clear") {
				t.Errorf("the store holds %q", raw)
			}
			if err := v.Swap(ctx, "scan:1", []byte("marker"), []byte("next"), time.Minute); err != nil {
				t.Fatal(err)
			}
			want("next")
			if name == "sealed" {
				w.put(t, "x:scan:1", raw[:20])
				if _, err := v.Get(ctx, "scan:1"); !errors.Is(err, core.ErrNotFound) {
					t.Errorf("what does not open: %v", err)
				}
				if err := v.Swap(ctx, "scan:1", nil, []byte("again"), time.Minute); err != nil {
					t.Errorf("what does not open stands in the way: %v", err)
				}
			}
			if err := errors.Join(v.Delete(ctx, "scan:1"), v.Delete(ctx, "scan:1")); err != nil {
				t.Error(err)
			}
			w.store.breakDown(errors.New("down"))
			_, err := v.Get(ctx, "scan:1")
			if r := w.Refuse(ctx, core.Request{}, err); r.Status != 503 || r.Err.Code != core.CodeStoreUnavailable {
				t.Errorf("an outage is answered with %s", r.Body)
			}
		})
	}
}

func TestARequestWithoutItsCookie(t *testing.T) {
	w := cookieWorld(t)
	token, _ := w.login(t, "o-alice")
	req := core.Request{Method: "POST", Header: headers(browser(token, "X-Other", "x"))}.WithoutCookie()
	_, _, err := w.Require(t.Context(), req)
	wantCode(t, err, core.CodeNoSession)
	wantExpired(t, "a cookie at a route that takes headers only", w.Refuse(t.Context(), req, err), false)
	if req.Header.Get("X-Other") != "x" || req.Header.Get("cookie") != "" {
		t.Error("the other headers are lost, or the cookie is not")
	}
	if _, _, err := w.Require(t.Context(), core.Request{Header: headers(bearer(token))}.WithoutCookie()); err != nil {
		t.Error(err)
	}
}

func TestPackagesOnTopShareTheClock(t *testing.T) {
	w := newWorld(t, nil)
	for range 2 {
		if want := w.clock.Now(); !w.Now().Equal(want) {
			t.Errorf("it is %v, want %v", w.Now(), want)
		}
		w.clock.Advance(1500 * time.Millisecond)
	}
}
