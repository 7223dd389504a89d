package core

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

var ourProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestTheClientsAddressIsTheFirstThatIsNoProxys(t *testing.T) {
	for _, tc := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a client without a proxy", "192.0.2.1", nil, "192.0.2.1"},
		{"a client that says it is another", "192.0.2.1", []string{"198.51.100.9"}, "192.0.2.1"},
		{"a proxy's word", "10.0.0.1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a client's word before the proxy's", "10.0.0.1", []string{"198.51.100.9, 192.0.2.1"}, "192.0.2.1"},
		{"a client's word in a line before the proxy's", "10.0.0.1", []string{"198.51.100.9", "192.0.2.1"}, "192.0.2.1"},
		{"a client that says it is behind our proxy", "10.0.0.1", []string{"198.51.100.9, 10.0.0.7, 192.0.2.1"}, "192.0.2.1"},
		{"two proxies", "10.0.0.1", []string{"198.51.100.9,192.0.2.1 , 10.0.0.2"}, "192.0.2.1"},
		{"two proxies, a line each", "10.0.0.1", []string{"198.51.100.9,192.0.2.1", "10.0.0.2"}, "192.0.2.1"},
		{"proxies only", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy that says nothing", "10.0.0.1", nil, "10.0.0.1"},
		{"an empty line", "10.0.0.1", []string{""}, "10.0.0.1"},
		{"junk", "10.0.0.1", []string{"192.0.2.1, unknown"}, "10.0.0.1"},
		{"junk before the client", "10.0.0.1", []string{"<script>, 192.0.2.1"}, "192.0.2.1"},
		{"commas", "10.0.0.1", []string{",192.0.2.1", ",,"}, "10.0.0.1"},
		{"a port", "10.0.0.1", []string{"192.0.2.1:4711"}, "192.0.2.1"},
		{"IPv6 with a port", "10.0.0.1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"IPv6 in brackets", "fd00::1", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv4 in IPv6", "::ffff:10.0.0.1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"a zone", "fd00::1%eth0", []string{"fe80::1%eth0"}, "fe80::1"},
		{"a Unix socket", "@", []string{"192.0.2.1"}, "192.0.2.1"},
		{"a Unix socket, as gin and echo have it", "", []string{"192.0.2.1"}, "192.0.2.1"},
	} {
		req := Request{Address: tc.peer, Header: http.Header{"X-Forwarded-For": tc.forwarded}}
		if got := clientAddress(req, ourProxies); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		if got := clientAddress(req, nil); got != tc.peer {
			t.Errorf("%s, no proxy is trusted: %q, want %q", tc.name, got, tc.peer)
		}
	}
}

// getOnly is a framework's headers without a way to all lines of one name.
type getOnly struct{ h http.Header }

func (g getOnly) Get(name string) string { return g.h.Get(name) }

func TestHeadersThatShowOneLineAreNotBelieved(t *testing.T) {
	h := http.Header{"X-Forwarded-For": {"198.51.100.9", "192.0.2.1"}}
	if got := clientAddress(Request{Address: "10.0.0.1", Header: getOnly{h}}, ourProxies); got != "10.0.0.1" {
		t.Errorf("the client's own line is believed: %q", got)
	}
	if got := clientAddress(Request{Address: "10.0.0.1"}, ourProxies); got != "10.0.0.1" {
		t.Errorf("without headers: %q", got)
	}
}

// FuzzForwarded: nobody whose connection does not come from a proxy is somebody
// else, and a client cannot choose what stands to the right of its own words.
func FuzzForwarded(f *testing.F) {
	good := 0
	for _, line := range []string{"192.0.2.1", "a, b", "10.0.0.1", "[::1]:80", ",", ""} {
		f.Add(line)
		if got := clientAddress(Request{Address: "10.0.0.1", Header: http.Header{"X-Forwarded-For": {line}}}, ourProxies); got != "10.0.0.1" {
			good++
		}
	}
	if good != 2 {
		f.Fatalf("%d lines of the corpus name a client, want 2", good)
	}
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"X-Forwarded-For": {line}}
		if got := clientAddress(Request{Address: "192.0.2.7", Header: h}, ourProxies); got != "192.0.2.7" {
			t.Errorf("a client is %q by its own word %q", got, line)
		}
		for _, honest := range [][]string{{line + ", 192.0.2.7"}, {line, "192.0.2.7"}, {line, "192.0.2.7, 10.0.0.2"}} {
			h["X-Forwarded-For"] = honest
			if got := clientAddress(Request{Address: "10.0.0.1", Header: h}, ourProxies); got != "192.0.2.7" {
				t.Errorf("behind a proxy a client is %q by its own word %q", got, line)
			}
		}
	})
}

func TestAddressesCountAsWhatOneClientHas(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "@": "", "unix": "", "192.0.2.1:80": "", "192.0.2.256": "",
		"64:ff9b::192.0.2.1": "192.0.2.1", "64:ff9b::192.0.2.1%eth0": "192.0.2.1", "64:ff9b:0:0:0:1:c000:201": "64:ff9b::/64", "64:ff9b:1::192.0.2.1": "64:ff9b:1::/64",
	} {
		if got := addressKey(address); got != want {
			t.Errorf("%q counts as %q, want %q", address, got, want)
		}
	}
}

// FuzzAddress: whatever a proxy writes, the key is short, or there is none.
func FuzzAddress(f *testing.F) {
	good := 0
	for _, address := range []string{"192.0.2.1", "2001:db8::1", "fe80::1%x", "junk", ""} {
		f.Add(address)
		if addressKey(address) != "" {
			good++
		}
	}
	if good != 3 {
		f.Fatalf("%d addresses of the corpus count, want 3", good)
	}
	f.Fuzz(func(t *testing.T, address string) {
		key := addressKey(address)
		if len(key) > 45 || strings.Contains(key, "%") {
			t.Errorf("%q counts as %q", address, key)
		}
		if ip, err := netip.ParseAddr(address); (err == nil) != (key != "") {
			t.Errorf("%q is %v, and counts as %q", address, ip, key)
		}
	})
}

// TestProxiesWrittenAsIPv6AreThoseOfIPv4: addresses are compared without the
// prefix ::ffff:, so a network that kept it would match none.
func TestProxiesWrittenAsIPv6AreThoseOfIPv4(t *testing.T) {
	own := []netip.Prefix{
		netip.MustParsePrefix("::ffff:10.0.0.0/104"), netip.MustParsePrefix("::ffff:192.0.2.1/128"),
		netip.MustParsePrefix("::ffff:0.0.0.0/97"), netip.MustParsePrefix("2001:db8::/32"),
	}
	before := slices.Clone(own)
	cfg := Config{AppID: "wx1", Secret: NewSecret("x"), TrustedProxies: own}
	m, err := New(cfg, noStore{})
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"),
		netip.MustParsePrefix("0.0.0.0/1"), netip.MustParsePrefix("2001:db8::/32"),
	}
	if got := m.cfg.TrustedProxies; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !slices.Equal(own, before) {
		t.Errorf("New has changed the application's own list: %v", own)
	}
	req := Request{Address: "10.1.2.3", Header: http.Header{"X-Forwarded-For": {"198.51.100.9"}}}
	m.cfg.TrustedProxies = m.cfg.TrustedProxies[:1]
	if got := clientAddress(req, m.cfg.TrustedProxies); got != "198.51.100.9" {
		t.Errorf("behind such a proxy: %s", got)
	}
}

func TestTheSiteOfAnIPv4AddressCostsNothing(t *testing.T) {
	for key, want := range map[string]string{"": noSite, "192.0.2.1": "", "2001:db8:1:2::/64": "2001:db8:1::/48"} {
		if got := siteKey(key); got != want {
			t.Errorf("the site of %q is %q, want %q", key, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { siteKey("192.0.2.1") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
