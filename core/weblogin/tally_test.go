package weblogin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func TestAnAddressHasAHundredLoginsAtMost(t *testing.T) {
	w := newWorld(t, nil)
	start := func(address string) answer {
		return w.do(t.Context(), "POST", "/wx/scan", "", "Test-Address", address)
	}
	for range 50 {
		start("192.0.2.1:1").want(t, "within the bound", 200, "")
	}
	w.clock.advance(10 * time.Second)
	for i := range 50 {
		start(fmt.Sprint("192.0.2.1:", i)).want(t, "within the bound", 200, "")
	}
	w.store.fail(nil)
	a := start("192.0.2.1:1")
	a.want(t, "beyond it", 429, "rate_limited")
	if a.header.Get("Retry-After") != "170" || w.store.count() != 0 {
		t.Errorf("Retry-After %q, %d calls to the store", a.header.Get("Retry-After"), w.store.count())
	}
	start("192.0.2.2:1").want(t, "a neighbour", 200, "")
	start("[::ffff:192.0.2.1]:1").want(t, "the same in IPv6", 429, "rate_limited")
	for i := range 100 {
		start(fmt.Sprintf("[2001:db8::%x]:1", i)).want(t, "a household", 200, "")
	}
	start("[2001:db8::ffff:1]:1").want(t, "the same household", 429, "rate_limited")
	start("[2001:db8:0:1::1]:1").want(t, "its neighbour", 200, "")
	for range 150 {
		start("@").want(t, "no address", 200, "")
	}
	other := w.newSite(t)
	other.do(t.Context(), "POST", "/wx/scan", "", "Test-Address", "192.0.2.1:1").want(t, "another process", 200, "")

	w.clock.advance(170 * time.Second) // the first 50 have ended
	for range 50 {
		start("192.0.2.1:1").want(t, "later", 200, "")
	}
	start("192.0.2.1:1").want(t, "beyond the bound again", 429, "rate_limited")
	w.clock.advance(-time.Hour)
	start("192.0.2.1:1").want(t, "after the clock was set back", 200, "")
}

// TestALoginThatWasUsedCountsNoLonger: an office of a hundred people has one
// address.
func TestALoginThatWasUsedCountsNoLonger(t *testing.T) {
	w := newBubble(t, func(c *core.Config) { c.MaxSessions = 1000 })
	token := w.sign(t, "o-alice")
	for range 150 {
		wantState(t, w.confirmed(t, token).poll(t.Context(), ""), "confirmed", true)
	}
}

// TestWhatWasNotStoredIsNotCounted: a page tries again while the store is away, and
// an office of such pages has one address.
func TestWhatWasNotStoredIsNotCounted(t *testing.T) {
	for what, fail := range map[string]func(verb, key string, n int) error{
		"an outage":    func(string, string, int) error { return errDown },
		"a full store": func(verb, _ string, _ int) error { return onSwap(verb, core.ErrFull) },
	} {
		w := newWorld(t, nil)
		start := func() answer { return w.newBrowser().send(t.Context(), "POST", "/wx/scan") }
		w.store.fail(fail)
		for range 150 {
			start().want(t, "during "+what, 503, "store_unavailable")
		}
		w.store.fail(nil)
		for range 99 { // of the first failure nobody could know
			start().want(t, "after "+what, 200, "")
		}
	}
}

func onSwap(verb string, err error) error {
	if verb == "swap" {
		return err
	}
	return nil
}

// TestWhatMayHaveBeenStoredIsCounted: by failing, or by leaving, nobody gets around
// the bound of their address, nor up to that of all.
func TestWhatMayHaveBeenStoredIsCounted(t *testing.T) {
	w := newWorld(t, nil)
	for what, address := range map[string]string{"fail": "192.0.2.1:1", "leave": "192.0.2.2:1"} {
		for i := range 101 {
			ctx, leave := context.WithCancel(t.Context())
			w.store.fail(func(verb, _ string, _ int) error {
				if what == "leave" && verb == "swap" {
					leave()
				}
				return onSwap(verb, errDown)
			})
			a := w.do(ctx, "POST", "/wx/scan", "", "Test-Address", address)
			leave()
			if i < 100 {
				a.want(t, what, 503, "store_unavailable")
				continue
			}
			a.want(t, what+", once too often", 429, "rate_limited")
			if n := w.store.count(); n != 0 {
				t.Errorf("%s: the store is asked %d times for what is refused", what, n)
			}
		}
	}
	w.store.fail(nil)
	w.do(t.Context(), "POST", "/wx/scan", "", "Test-Address", "192.0.2.3:1").want(t, "from elsewhere", 200, "")
	w.clock.advance(180 * time.Second)
	w.do(t.Context(), "POST", "/wx/scan", "", "Test-Address", "192.0.2.1:1").want(t, "later", 200, "")
}

func TestBeginningIsHeldToTheAddressesRate(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitAddress = core.Rate{N: 2, Per: time.Minute} })
	for range 4 {
		w.newBrowser().send(t.Context(), "POST", "/wx/scan").want(t, "within the rate", 200, "")
	}
	w.newBrowser().send(t.Context(), "POST", "/wx/scan").want(t, "beyond the rate", 429, "rate_limited")
}
