package weblogin_test

import (
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

func TestWhatWasNotStoredIsNotCounted(t *testing.T) {
	w := newBubble(t, nil)
	w.store.down()
	for range 150 {
		w.newBrowser().send(t.Context(), "POST", "/wx/scan").want(t, "during an outage", 503, "store_unavailable")
	}
}

func TestBeginningIsHeldToTheAddressesRate(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitAddress = core.Rate{N: 2, Per: time.Minute} })
	for range 4 {
		w.newBrowser().send(t.Context(), "POST", "/wx/scan").want(t, "within the rate", 200, "")
	}
	w.newBrowser().send(t.Context(), "POST", "/wx/scan").want(t, "beyond the rate", 429, "rate_limited")
}
