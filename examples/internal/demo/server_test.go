package demo

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

func TestAddressIsOneThatCurlReaches(t *testing.T) {
	for _, c := range []struct {
		ip   net.IP
		want string
	}{
		{net.IPv4(127, 0, 0, 1), "http://127.0.0.1:80"},
		{net.IPv4zero, "http://localhost:80"},
		{net.IPv6unspecified, "http://localhost:80"},
		{net.IPv6loopback, "http://[::1]:80"},
	} {
		if got := address(&net.TCPAddr{IP: c.ip, Port: 80}); got != c.want {
			t.Errorf("address of %v is %s, want %s", c.ip, got, c.want)
		}
	}
}

func TestSimulatorStandsInOnlyWhereNoAppIsNamed(t *testing.T) {
	for name, cfg := range map[string]core.Config{
		"an appid":               {AppID: "wx1", Secret: core.NewSecret("s")},
		"further apps":           {Apps: []core.App{{AppID: "wx1", Secret: core.NewSecret("s")}}},
		"a secret without appid": {Secret: core.NewSecret("s")}, // a slip that New explains
	} {
		if s := NewServer(&cfg); s.sim != nil {
			s.sim.Close()
			t.Errorf("with %s WeChat is simulated", name)
		}
	}
	var cfg core.Config
	s := NewServer(&cfg)
	if s.sim == nil || cfg.AppID == "" || cfg.Secret.IsZero() || cfg.APIBase != s.sim.URL {
		t.Fatalf("without an app the configuration is %v", cfg)
	}
	s.sim.Close()
}

func TestRealWeChatIsGreetedWithoutScript(t *testing.T) {
	cfg := core.Config{AppID: "wx1", Secret: core.NewSecret("s"), Prefix: "/"}
	var out strings.Builder
	NewServer(&cfg).greet(&out, "http://localhost:8080")
	if want := "listening on http://localhost:8080, the login routes are under http://localhost:8080/\n"; out.String() != want {
		t.Errorf("the greeting is %q, want %q", out.String(), want)
	}
}

func TestASimulatedWeChatIsServedOnLoopbackOnly(t *testing.T) {
	var cfg core.Config
	simulated, real := NewServer(&cfg), NewServer(&core.Config{AppID: "wx1", Secret: core.NewSecret("s")})
	t.Cleanup(simulated.sim.Close)
	for addr, want := range map[string][2]string{
		"":              {"localhost:8080", ":8080"},
		":9090":         {"localhost:9090", ":9090"},
		"0.0.0.0:9090":  {"0.0.0.0:9090", "0.0.0.0:9090"},
		"192.0.2.1:80":  {"192.0.2.1:80", "192.0.2.1:80"},
		"[::]:80":       {"[::]:80", "[::]:80"},
		"localhost:123": {"localhost:123", "localhost:123"},
	} {
		if got := [2]string{simulated.listenAddr(addr), real.listenAddr(addr)}; got != want {
			t.Errorf("ADDR=%q: simulated and real listen on %v, want %v", addr, got, want)
		}
	}
}

// TestWebsitesDoNotReachTheDevtools: a page whose name leads to 127.0.0.1 could
// read the codes.
func TestWebsitesDoNotReachTheDevtools(t *testing.T) {
	var cfg core.Config
	s := NewServer(&cfg)
	t.Cleanup(s.sim.Close)
	srv := httptest.NewServer(s.withDevtools(http.NotFoundHandler()))
	t.Cleanup(srv.Close)
	for _, c := range []struct {
		host, site string
		want       int
	}{
		{"", "", 200}, {"localhost:8080", "", 200}, {"127.0.0.1:8080", "none", 200}, {"[::1]:8080", "same-origin", 200},
		{"rebind.evil.example:8080", "", 403}, {"rebind.evil.example", "same-origin", 403}, {"localhost:8080", "cross-site", 403},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/devtools/code?user=alice", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = c.host
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("Host %q, Sec-Fetch-Site %q: %d, want %d", c.host, c.site, answer.StatusCode, c.want)
		}
	}
}
