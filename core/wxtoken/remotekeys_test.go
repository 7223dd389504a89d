package wxtoken_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/wxsession/wxsession/core/wxtoken"
)

func TestKeysAreFetchedOnceAndKeptForTheirMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.set(func(s *source) { s.delay = time.Second })
		if c.asked.Load() != 0 {
			t.Error("NewVerifier asks the issuer")
		}
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if err := c.verify(1); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := c.asked.Load(); n != 1 {
			t.Errorf("50 requests at once ask the issuer %d times", n)
		}
		time.Sleep(298 * time.Second)
		c.wants("before max-age is over", 1, nil, 0, 0)
		time.Sleep(2 * time.Second)
		c.wants("after it", 1, nil, 1, 0)
		c.wants("meanwhile", 1, nil, 0, 0)
		time.Sleep(time.Minute)
		c.wants("after the renewal", 1, nil, 0, 0)
	})
}

// TestAnOutageOfTheIssuerLogsNobodyOut: for half a day the issuer fails, or is
// silent; no request is refused for it, and none waits.
func TestAnOutageOfTheIssuerLogsNobodyOut(t *testing.T) {
	for name, fail := range map[string]func(*source){
		"refuses connections": func(s *source) { s.fails = errors.New("connection refused") },
		"is silent":           func(s *source) { s.delay = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t)
				c.wants("the first", 1, nil, 1, 0)
				c.set(fail)
				start := c.asked.Load()
				for range 12 * 60 * 2 {
					time.Sleep(30 * time.Second)
					began := time.Now()
					if err := c.verify(1); err != nil || time.Since(began) > 0 {
						t.Fatalf("after %v: %v", time.Since(began), err)
					}
				}
				synctest.Wait()
				if n := c.asked.Load() - start; n < 500 || n > 12*60 {
					t.Errorf("the issuer was asked %d times in half a day", n)
				}
				c.set(func(s *source) { s.fails, s.delay, s.keys = nil, 0, []byte{1, 2} })
				time.Sleep(time.Minute)
				c.wants("the issuer is back", 1, nil, 1, 0)
				c.wants("with a new key", 2, nil, 0, 0)
			})
		})
	}
}

func TestAnUnknownKeyIsLookedForOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.wants("the first", 1, nil, 1, 0)
		c.set(func(s *source) { s.keys = []byte{2, 1} })
		for range 100 {
			c.wants("just looked", 9, wxtoken.ErrInvalid, 0, 0)
		}
		time.Sleep(time.Minute)
		c.wants("a minute later", 2, nil, 1, 0)
		c.wants("the one before", 1, nil, 0, 0)
		c.wants("one that nobody has", 9, wxtoken.ErrInvalid, 0, 0)
		time.Sleep(time.Minute)
		c.wants("again", 9, wxtoken.ErrInvalid, 1, 0)
	})
}

// TestWhoNeedsTheSameFetchWaitsForIt: also who comes while it is under way.
func TestWhoNeedsTheSameFetchWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.wants("the first", 1, nil, 1, 0)
		time.Sleep(2 * time.Minute)
		c.set(func(s *source) { s.keys, s.delay = []byte{1, 2}, 3*time.Second })
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				if err := c.verify(2); err != nil {
					t.Error(err)
				}
				began := time.Now()
				if err := c.verify(1); err != nil || time.Since(began) > 0 {
					t.Errorf("a known key waits %v for an unknown one: %v", time.Since(began), err)
				}
			})
		}
		time.Sleep(time.Second)
		c.wants("a known key meanwhile", 1, nil, 0, 0)
		group.Wait()
		if n := c.asked.Load(); n != 2 {
			t.Errorf("the issuer was asked %d times", n)
		}
	})
}

func TestWithoutAnyKeysNobodyCanSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.set(func(s *source) { s.fails = errors.New("connection refused") })
		c.wants("the first", 1, wxtoken.ErrUnavailable, 1, 0)
		for range 100 {
			c.wants("just tried", 1, wxtoken.ErrUnavailable, 0, 0)
		}
		time.Sleep(2 * time.Second)
		c.set(func(s *source) { s.fails, s.delay = nil, time.Hour })
		c.wants("an issuer that is silent", 1, wxtoken.ErrUnavailable, 1, 5*time.Second)
		c.set(func(s *source) { s.delay = 0 })
		c.wants("it is back", 1, nil, 1, 0)
	})
}

// TestAfterAFailureAnUnknownKeyIsNoVerdict: the issuer may have it by now.
func TestAfterAFailureAnUnknownKeyIsNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.wants("the first", 1, nil, 1, 0)
		time.Sleep(time.Minute)
		c.set(func(s *source) { s.fails, s.keys = errors.New("connection refused"), []byte{2} })
		c.wants("a new key", 2, wxtoken.ErrUnavailable, 1, 0)
		c.wants("again", 2, wxtoken.ErrUnavailable, 0, 0)
		c.wants("the known one", 1, nil, 0, 0)
		c.set(func(s *source) { s.fails = nil })
		time.Sleep(time.Minute)
		c.wants("the issuer is back", 2, nil, 1, 0)
		c.wants("the old one is withdrawn", 1, wxtoken.ErrInvalid, 0, 0)
	})
}

func TestAServiceThatSleptLooksBeforeItTrusts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.wants("the first", 1, nil, 1, 0)
		c.set(func(s *source) { s.keys, s.delay = []byte{2}, time.Second })
		time.Sleep(2 * time.Hour)
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if err := c.verify(1); !errors.Is(err, wxtoken.ErrInvalid) {
					t.Errorf("a key that is gone is taken: %v", err)
				}
			})
		}
		group.Wait()
		if n := c.asked.Load(); n != 2 {
			t.Errorf("the issuer was asked %d times", n)
		}
		c.set(func(s *source) { s.fails = errors.New("connection refused") })
		time.Sleep(2 * time.Hour)
		c.wants("no answer is no reason to forget", 2, nil, 1, time.Second)
	})
}

func TestWhoLeavesDoesNotEndTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		c.set(func(s *source) { s.delay = 3 * time.Second })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.v.Verify(ctx, c.token(1))
		if !errors.Is(err, wxtoken.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		c.wants("who stays gets the answer", 1, nil, 0, 2*time.Second)
	})
}

// TestWhatCannotBeATokenAsksNobody: whatever strangers send, only a key id that
// could be one costs a fetch.
func TestWhatCannotBeATokenAsksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t)
		good := payload(t, time.Now(), nil)
		for name, token := range map[string]string{
			"nothing":        "",
			"no kid":         forge(t, jose.EdDSA, edPrivate(1), nil, good),
			"no kid's type":  enc(`{"alg":"EdDSA","kid":["header-marker"]}`) + "." + enc(good) + "." + enc("x"),
			"no algorithm":   enc(`{"alg":"header-marker","kid":"key-1"}`) + "." + enc(good) + "." + enc("x"),
			"alg none":       enc(`{"alg":"none","kid":"key-1"}`) + "." + enc(good) + ".",
			"another type":   forge(t, jose.EdDSA, edPrivate(1), map[string]any{"kid": "key-1", "typ": "header-marker"}, good),
			"a certificate":  enc(`{"alg":"EdDSA","kid":"key-1","x5c":["header-marker"]}`) + "." + enc(good) + "." + enc("x"),
			"too long":       enc(`{"alg":"EdDSA","kid":"key-1"}`) + "." + strings.Repeat("A", 16<<10) + "." + enc("x"),
			"a line end":     enc(`{"alg":"EdDSA","kid":"key-1"}`) + ".\n" + enc(good) + "." + enc("x"),
			"half a header":  enc(`{"alg":"EdDSA","kid":"header-marker`) + "." + enc(good) + "." + enc("x"),
			"a header twice": enc(`{"alg":"EdDSA","header-marker":1,"header-marker":1}`) + "." + enc(good) + "." + enc("x"),
		} {
			_, err := c.v.Verify(t.Context(), token)
			synctest.Wait()
			if !errors.Is(err, wxtoken.ErrInvalid) || strings.Contains(err.Error(), "marker") || c.asked.Load() > 0 {
				t.Errorf("%s: %v, the issuer was asked %d times", name, err, c.asked.Load())
			}
		}
	})
}

func TestAClockThatIsSetBackDoesNotStopTheFetching(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := &source{keys: []byte{1}}
	v := newVerifier(t, wxtoken.VerifierConfig{
		Issuer: issuerURL, Audience: "orders", JWKSURL: keysURL, HTTPClient: &http.Client{Transport: s}, Now: func() time.Time { return now },
	})
	verify := func(n byte) error {
		_, err := v.Verify(t.Context(), forge(t, jose.EdDSA, edPrivate(n), map[string]any{"kid": fmt.Sprint("key-", n)}, payload(t, now, nil)))
		return err
	}
	if err := verify(1); err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Hour)
	s.set(func(s *source) { s.keys = []byte{2} })
	if err := verify(2); err != nil {
		t.Errorf("the new key: %v", err)
	}
}
