package core_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// forced counts the tokens that are demanded by force.
type forced struct {
	mu sync.Mutex
	n  int
}

func (f *forced) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && strings.HasSuffix(r.URL.Path, "stable_token") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if strings.Contains(string(body), `"force_refresh":true`) {
			f.mu.Lock()
			f.n++
			f.mu.Unlock()
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (f *forced) take() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.n
	f.n = 0
	return n
}

// Two deployments with a store each share an app: a token that one of them has
// forced is the other's, too.
func TestDeploymentsOnOneAppDoNotTakeEachOthersTokenAway(t *testing.T) {
	f := new(forced)
	change := func(c *core.Config) { c.HTTPClient = &http.Client{Transport: f} }
	a := newWorld(t, change)
	b := newWorld(t, func(c *core.Config) {
		change(c)
		c.AppID, c.Secret, c.APIBase, c.Now = a.wx.AppID, core.NewSecret(a.wx.Secret), a.wx.URL, a.clock.Now
	})
	phone := func(w *world) error {
		_, err := w.PhoneNumber(t.Context(), "", a.wx.PhoneCode("o-alice", "13580006666"))
		return err
	}
	for _, w := range []*world{a, b} {
		if err := phone(w); err != nil {
			t.Fatal(err)
		}
	}
	// Just issued: WeChat has not spread the word yet. Nobody forces.
	a.wx.Fail(phoneNumber, wxtest.Fault{ErrCode: 40001}, 2)
	wantCode(t, phone(a), core.CodeWeChatUnavailable)
	if n := f.take(); n != 0 {
		t.Errorf("a token of some seconds was replaced by force %d times", n)
	}
	for range 10 {
		a.clock.Advance(time.Minute)
		for _, w := range []*world{a, b} {
			a.wx.Fail(phoneNumber, wxtest.Fault{ErrCode: 40001}, 1)
			if err := phone(w); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := f.take(); n > 10 {
		t.Errorf("%d tokens were forced where WeChat refused one ten times", n)
	}
	a.clock.Advance(time.Minute)
	a.wx.Fail(phoneNumber, wxtest.Fault{ErrCode: 40001}, 1)
	if err := phone(a); err != nil {
		t.Fatal(err)
	}
	f.take()
	a.clock.Advance(6 * time.Minute) // the token that b has is void now
	if err := phone(b); err != nil {
		t.Fatal(err)
	}
	if n := f.take(); n != 0 {
		t.Errorf("asked kindly, WeChat has the new token: %d were forced", n)
	}
}

// Asked ahead of a token's end, WeChat may give the same one again: to a clock that
// is ahead five minutes are left sooner. That token is no younger for it, and one that
// WeChat refuses is replaced by force.
func TestATokenThatIsGivenAgainIsNoYounger(t *testing.T) {
	f := new(forced)
	w := newWorld(t, func(c *core.Config) { c.HTTPClient = &http.Client{Transport: f} })
	ahead := w.manager(t, func(c *core.Config) { c.Now = func() time.Time { return w.clock.Now().Add(2 * time.Minute) } })
	phone := func(m *core.Manager) {
		t.Helper()
		if _, err := m.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666")); err != nil {
			t.Fatal(err)
		}
	}
	phone(w.Manager)
	w.clock.Advance(2*time.Hour - 5*time.Minute - 30*time.Second)
	phone(ahead)
	if n := w.wx.Calls(stableToken); n != 2 {
		t.Fatalf("WeChat was asked for a token %d times, want twice", n)
	}
	w.wx.Fail(phoneNumber, wxtest.Fault{ErrCode: 40001}, 1)
	phone(w.Manager)
	if n := f.take(); n != 1 {
		t.Errorf("%d tokens were forced, want one", n)
	}
}

// Clocks always differ by a bit: those that are behind must not take every new
// lease for one that is none.
func TestALeaseHoldsForAClockThatIsABitBehind(t *testing.T) {
	w := newWorld(t, nil)
	behind := w.manager(t, func(c *core.Config) { c.Now = func() time.Time { return w.clock.Now().Add(-time.Second) } })
	holder := w.manager(t, func(c *core.Config) {
		c.HTTPClient = &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, stableToken) {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				_, _ = behind.PhoneNumber(ctx, "", w.wx.PhoneCode("o-alice", "13580006666"))
				if n := w.wx.Calls(stableToken); n != 0 {
					t.Errorf("WeChat was asked %d times besides", n)
				}
			}
			return http.DefaultTransport.RoundTrip(r)
		})}
	})
	if _, err := holder.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666")); err != nil {
		t.Fatal(err)
	}
}

func TestALeaseOfAClockThatIsAheadBlocksNobody(t *testing.T) {
	w := newWorld(t, nil)
	ahead := w.manager(t, func(c *core.Config) { c.Now = func() time.Time { return w.clock.Now().Add(time.Hour) } })
	w.wx.Fail(stableToken, wxtest.Fault{Reset: true}, 1)
	if _, err := ahead.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666")); err == nil {
		t.Fatal("the fetch did not fail")
	}
	// The instance ahead dies while it holds the lease.
	crashing := w.manager(t, func(c *core.Config) {
		c.Now = func() time.Time { return w.clock.Now().Add(time.Hour) }
		c.HTTPClient = &http.Client{Transport: roundTripFunc(func(*http.Request) (*http.Response, error) {
			w.store.breakDown(io.ErrUnexpectedEOF)
			return nil, io.ErrUnexpectedEOF
		})}
	})
	_, _ = crashing.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666"))
	w.store.breakDown(nil)
	began := time.Now()
	if _, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666")); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
}
