package core_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
)

// warner fails some times before it answers.
type warner struct {
	core.Store
	failures int
	down     error
}

func (w *warner) Ping(context.Context) error { return w.down }

func (w *warner) Warnings(context.Context) ([]string, error) {
	if w.failures--; w.failures >= 0 {
		return nil, errors.New("down")
	}
	return []string{"the server evicts: set noeviction"}, nil
}

func TestAStoresWarningsAreLoggedOnce(t *testing.T) {
	for failures, want := range map[int]int{0: 1, 3: 1, 100: 0} {
		synctest.Test(t, func(t *testing.T) {
			out := new(lockedBuffer)
			w := &warner{noStore{}, failures, nil}
			_, err := core.New(core.Config{
				AppID: "wx1", Secret: core.NewSecret("x"), Keys: []core.Secret{sealKey('a')}, Logger: slog.New(slog.NewTextHandler(out, nil)),
			}, core.WrappedStore{Store: w})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if n := strings.Count(out.b.String(), "noeviction"); n != want {
				t.Errorf("after %d failures: %d lines, want %d", failures, n, want)
			}
		})
	}
}

// TestNewTellsOfAStoreThatMayBeChosenByMistake, once, where it may be.
func TestNewTellsOfAStoreThatMayBeChosenByMistake(t *testing.T) {
	const alone, passedBy = "sessions live in this process alone", "requests do not use a near cache"
	var mem core.Store = inMemory{noStore{}}
	for name, c := range map[string]struct {
		store core.Store
		want  string
	}{
		"memory":                         {mem, alone},
		"memory in a wrapper":            {core.WrappedStore{Store: mem}, alone},
		"memory that can append, too":    {core.WrappedStore{Store: inMemory{near{noStore{}}}}, alone},
		"elsewhere":                      {noStore{}, ""},
		"a near cache":                   {near{noStore{}}, ""},
		"a near cache in a wrapper":      {core.WrappedStore{Store: near{noStore{}}}, passedBy},
		"a near cache in two":            {core.WrappedStore{Store: core.WrappedStore{Store: near{noStore{}}}}, passedBy},
		"a near cache that both have":    {near{core.WrappedStore{Store: near{noStore{}}}}, ""},
		"a wrapper of one without cache": {core.WrappedStore{Store: noStore{}}, ""},
	} {
		out := new(lockedBuffer)
		cfg := core.Config{AppID: "wx1", Secret: core.NewSecret("x"), Keys: []core.Secret{sealKey('a')}}
		jsonLog(out)(&cfg)
		if _, err := core.New(cfg, c.store); err != nil {
			t.Fatal(err)
		}
		lines := out.lines(t)
		switch {
		case c.want == "" && len(lines) > 0:
			t.Errorf("%s: the log says %v", name, lines)
		case c.want == "":
		case len(lines) != 1 || lines[0]["level"] != "INFO" || !strings.HasPrefix(lines[0]["msg"].(string), c.want):
			t.Errorf("%s: the log says %v, want one line %q", name, lines, c.want)
		case c.want == alone && !strings.Contains(lines[0]["msg"].(string), "WX_STORE"),
			c.want == passedBy && lines[0]["store"] != "core.WrappedStore":
			t.Errorf("%s: the line does not say what it is about: %v", name, lines)
		}
	}
}

type inMemory struct{ core.Store }

func (inMemory) InProcess() bool      { return true }
func (s inMemory) Unwrap() core.Store { return s.Store }

type near struct{ core.Store }

func (near) AppendGet(context.Context, []byte, string) ([]byte, error) { return nil, core.ErrNotFound }

// TestASilentStoreIsLoggedAtTheStart, once, and not where it answers a moment later.
func TestASilentStoreIsLoggedAtTheStart(t *testing.T) {
	for _, c := range []struct {
		name     string
		failures int
		down     error
		want     int
	}{
		{"it is down", 100, errors.New("no such host"), 1},
		{"it takes a moment to connect", 1, nil, 0},
		{"it tells no settings", 100, nil, 0},
		{"it answers", 0, nil, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			out := new(lockedBuffer)
			w := &warner{noStore{}, c.failures, c.down}
			_, err := core.New(core.Config{
				AppID: "wx1", Secret: core.NewSecret("x"), Keys: []core.Secret{sealKey('a')}, Logger: slog.New(slog.NewJSONHandler(out, nil)),
			}, core.WrappedStore{Store: w})
			if err != nil {
				t.Fatal(err)
			}
			count := func() (n int) {
				for _, line := range out.lines(t) {
					if line["msg"] == "the session store does not answer: see what `wxsession doctor` reports" && line["level"] == "WARN" && line["code"] == "store_unavailable" && line["cause"] == "no such host" {
						n++
					}
				}
				return n
			}
			synctest.Wait()
			if n := count(); n != c.want {
				t.Errorf("%s: %d lines at once, want %d: %s", c.name, n, c.want, &out.b)
			}
			time.Sleep(time.Hour)
			if n := count(); n != c.want {
				t.Errorf("%s: %d lines after an hour, want %d: %s", c.name, n, c.want, &out.b)
			}
		})
	}
}

// TestAProxyThatNobodyHasNamedIsTold: else its users get 429, and nothing says why.
func TestAProxyThatNobodyHasNamedIsTold(t *testing.T) {
	const public = "198.51.100.9"
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tc := range []struct {
		name, peer string
		forwarded  string
		proxies    []netip.Prefix
		err        error // nil: the limit's own
		want       int
	}{
		{name: "a proxy in a private network", peer: "10.0.0.2", forwarded: public, want: 1},
		{name: "a proxy on this machine", peer: "127.0.0.1", forwarded: public, want: 1},
		{name: "a proxy on this machine, IPv6", peer: "::1", forwarded: public, want: 1},
		{name: "a load balancer of a cloud", peer: "100.100.3.4", forwarded: public, want: 1},
		{name: "a proxy on a Unix socket", peer: "@", forwarded: public, want: 1},
		{name: "a proxy that adds the port", peer: "10.0.0.2", forwarded: public + ":4711", want: 1},
		{name: "a proxy behind a client's junk", peer: "10.0.0.2", forwarded: "x, " + public, want: 1},
		{name: "a client of the network that writes junk", peer: "10.0.0.2", forwarded: "x"},
		{name: "a client of the network that writes an address and junk", peer: "10.0.0.2", forwarded: public + ", x"},
		{name: "another bound by address", peer: "10.0.0.2", forwarded: public, err: &core.Error{Code: core.CodeRateLimited}, want: 1},
		{name: "a client of the network, without a proxy", peer: "10.0.0.2"},
		{name: "a client of the network, behind a proxy that is believed", peer: "10.0.0.2", forwarded: "10.0.0.2"},
		{name: "a client whose address begins like the proxy's", peer: "10.0.0.1", forwarded: "10.0.0.12", want: 1},
		{name: "a header of which only the end is read", peer: "10.0.0.2", forwarded: "10.0.0.2, " + strings.Repeat("192.0.2.1, ", 200) + public, want: 1},
		{name: "a public client", peer: "192.0.2.7", forwarded: public},
		{name: "no address", forwarded: public},
		{name: "a proxy that is named, and writes junk", peer: "10.0.0.2", forwarded: "junk", proxies: proxies},
		{name: "a proxy that is named", peer: "10.0.0.2", forwarded: public, proxies: proxies},
		{name: "WeChat's quota", peer: "10.0.0.2", forwarded: public, err: &core.Error{Code: core.CodeRateLimited, ErrCode: 45011}},
		{name: "another failure", peer: "10.0.0.2", forwarded: public, err: core.NewError(400, core.CodeBadRequest, "x")},
	} {
		out := new(lockedBuffer)
		m, err := core.New(core.Config{
			AppID: "wx1", Secret: core.NewSecret("x"), Keys: []core.Secret{sealKey('a')}, TrustedProxies: tc.proxies,
			LimitAddress: core.Rate{N: 1, Per: time.Hour}, Logger: slog.New(slog.NewTextHandler(out, nil)),
		}, noStore{})
		if err != nil {
			t.Fatal(err)
		}
		route := m.Route("GET", "/x", func(_ context.Context, req core.Request) (any, error) {
			if tc.err != nil {
				return nil, tc.err
			}
			return nil, m.LimitAddress(req)
		})
		last := 0
		for range 500 {
			h := http.Header{}
			if tc.forwarded != "" {
				h.Set("X-Forwarded-For", tc.forwarded)
			}
			last = route.Serve(t.Context(), core.Request{Address: tc.peer, Header: h}).Status
		}
		if last < 400 {
			t.Errorf("%s: status %d", tc.name, last)
		}
		log := out.b.String()
		if n := strings.Count(log, "WX_TRUSTED_PROXIES"); n != tc.want {
			t.Errorf("%s: %d lines, want %d", tc.name, n, tc.want)
		}
		if strings.Contains(log, public) || tc.peer != "@" && tc.peer != "" && strings.Contains(log, tc.peer) {
			t.Errorf("%s: an address is in the log: %s", tc.name, log)
		}
	}
}

// TestAProxyThatSaysNothingIsTold: whoever names a proxy believes that the users
// behind it are told apart.
func TestAProxyThatSaysNothingIsTold(t *testing.T) {
	const public, message = "198.51.100.9", "set X-Forwarded-For in the proxy"
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, tc := range []struct {
		name, address, forwarded string
		proxies                  []netip.Prefix
		unlimited                bool
		want                     int
	}{
		{name: "a proxy without the header", address: "10.0.0.2", proxies: proxies, want: 1},
		{name: "a proxy with an empty one", address: "10.0.0.2", forwarded: " ", proxies: proxies, want: 1},
		{name: "a proxy on a Unix socket", address: "@", proxies: proxies, want: 1},
		{name: "a proxy without the header, and no limit", address: "10.0.0.2", proxies: proxies, unlimited: true, want: 1},
		{name: "a proxy with the header", address: "10.0.0.2", forwarded: public, proxies: proxies},
		{name: "a proxy whose client is in its network", address: "10.0.0.2", forwarded: "10.0.0.3", proxies: proxies},
		{name: "a client that the framework knows by another header", address: public, proxies: proxies},
		{name: "a network that nobody has named", address: "10.0.0.2"},
		{name: "a socket that nobody has named", address: "@"},
	} {
		out := new(lockedBuffer)
		w := newWorld(t, func(c *core.Config) {
			c.TrustedProxies, c.Logger = tc.proxies, slog.New(slog.NewTextHandler(out, nil))
			if !tc.unlimited {
				c.LimitAddress = core.Rate{N: 1, Per: time.Hour}
			}
		})
		var header []string
		if tc.forwarded != "" {
			header = []string{"X-Forwarded-For", strings.TrimSpace(tc.forwarded)}
		}
		from(t, w.Manager, tc.address, "GET", "/wx/check", "", header...) // no stranger's: services of the network ask such
		if log := out.b.String(); strings.Contains(log, message) {
			t.Errorf("%s: a route that counts nothing told: %s", tc.name, log)
		}
		for range 3 {
			from(t, w.Manager, tc.address, "POST", "/wx/login", `{"code":"junk"}`, header...)
		}
		log := out.b.String()
		if n := strings.Count(log, message); n != tc.want {
			t.Errorf("%s: %d lines, want %d", tc.name, n, tc.want)
		}
		if strings.Contains(log, public) || strings.Contains(log, "10.0.0.") {
			t.Errorf("%s: an address is in the log: %s", tc.name, log)
		}
	}
}

func TestALimitOfAUserIsNoProxysFault(t *testing.T) {
	out := new(lockedBuffer)
	w := newWorld(t, func(c *core.Config) {
		c.PhoneRoute, c.LimitUser, c.Logger = true, core.Rate{N: 1, Per: time.Hour}, slog.New(slog.NewTextHandler(out, nil))
	})
	token, _ := w.login(t, "o-alice")
	status := 0
	for range 3 {
		header := append(bearer(token), "X-Forwarded-For", "198.51.100.9")
		status = from(t, w.Manager, "10.0.0.2", "POST", "/wx/phone", `{"code":"junk"}`, header...).Status
	}
	if log := out.b.String(); status != 429 || strings.Contains(log, "WX_TRUSTED_PROXIES") {
		t.Errorf("status %d, log %s", status, log)
	}
}
