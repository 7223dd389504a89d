package core

import (
	"fmt"
	"log/slog"
	"testing"
	"time"
)

// siteManager limits addresses to one request a minute, twice that at once.
func siteManager(t *testing.T) *Manager {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	m, err := New(Config{
		AppID: "wx1", Secret: NewSecret("x"), LimitAddress: Rate{1, time.Minute},
		Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler),
	}, inMemory{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestWhatASiteIsRefusedFillsNoTable: whoever has an IPv6 /48 has 65,536 addresses
// to use up, as many as the table has places.
func TestWhatASiteIsRefusedFillsNoTable(t *testing.T) {
	m := siteManager(t)
	for what, limit := range map[string]func(Request) error{"requests": m.LimitAddress, "log-outs": m.limitDead} {
		passed := 0
		for i := range 100_000 {
			if limit(Request{Address: fmt.Sprintf("2001:db8:77:%x::1", i%40_000)}) == nil {
				passed++
			}
		}
		if passed != 2*siteFactor {
			t.Errorf("%d %s of one /48 pass, want %d", passed, what, 2*siteFactor)
		}
		refused := 0
		for i := range 1000 {
			if limit(Request{Address: fmt.Sprintf("203.0.%d.%d", i/250, i%250)}) != nil {
				refused++
			}
		}
		if refused > 3 {
			t.Errorf("then %d of 1000 honest ones are refused %s", refused, what)
		}
	}
}

// TestThoseWithoutAnAddressAreLimitedTogether: else junk in the header that should
// hold the address lifts the limit. They are in nobody's way who has one.
func TestThoseWithoutAnAddressAreLimitedTogether(t *testing.T) {
	m := siteManager(t)
	for what, limit := range map[string]func(Request) error{"requests": m.LimitAddress, "log-outs": m.limitDead} {
		passed := 0
		for i := range 100_000 {
			if limit(Request{Address: []string{"", "@", fmt.Sprint("junk ", i)}[i%3]}) == nil {
				passed++
			}
		}
		if passed != 2*siteFactor {
			t.Errorf("%d %s without an address pass, want %d", passed, what, 2*siteFactor)
		}
		for _, address := range []string{"192.0.2.1", "2001:db8::1"} {
			if err := limit(Request{Address: address}); err != nil {
				t.Errorf("%s from %s: %v", what, address, err)
			}
		}
	}
	m.addresses, m.deadLogouts, m.sites = nil, nil, nil
	for range 10 * siteFactor {
		if m.LimitAddress(Request{}) != nil || m.limitDead(Request{}) != nil {
			t.Fatal("no limit limits")
		}
	}
}

// TestWhatAnAddressIsRefusedDoesNotUseUpItsSite: nor the other way round.
func TestWhatAnAddressIsRefusedDoesNotUseUpItsSite(t *testing.T) {
	m := siteManager(t)
	for what, limit := range map[string]func(Request) error{"requests": m.LimitAddress, "log-outs": m.limitDead} {
		passed := 0
		for range 10 * siteFactor {
			if limit(Request{Address: "2001:db8:77:1::1"}) == nil {
				passed++
			}
		}
		for i := range siteFactor {
			if limit(Request{Address: fmt.Sprintf("2001:db8:77:2%x::1", i)}) == nil {
				passed++
			}
		}
		if passed != 2+siteFactor {
			t.Errorf("%d %s pass, want %d", passed, what, 2+siteFactor)
		}
	}
}
