package demo

import (
	"errors"
	"net"
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
			s.sim.close()
			t.Errorf("with %s WeChat is simulated", name)
		}
	}
	var cfg core.Config
	s := NewServer(&cfg)
	if s.sim == nil || cfg.AppID == "" || cfg.Secret.IsZero() || cfg.APIBase != s.sim.wechat.URL {
		t.Fatalf("without an app the configuration is %v", cfg)
	}
	s.sim.close()
}

func TestRealWeChatIsGreetedWithoutScript(t *testing.T) {
	const want = "listening on http://localhost:8080, the login routes are under http://localhost:8080/\n"
	cfg := core.Config{AppID: "wx1", Secret: core.NewSecret("s"), Prefix: "/"}
	var out strings.Builder
	NewServer(&cfg).greet(&out, "http://localhost:8080")
	if out.String() != want {
		t.Errorf("the greeting is %q, want %q", out.String(), want)
	}
}

func TestAnAddressThatIsTakenNamesItsVariable(t *testing.T) {
	taken := listen(t)
	defer taken.Close()
	t.Setenv("ADDR", taken.Addr().String())
	err := NewServer(&core.Config{AppID: "wx1", Secret: core.NewSecret("s")}).Run(nil)
	if _, refused := errors.AsType[*net.OpError](err); !refused || !strings.Contains(err.Error(), "(ADDR)") {
		t.Errorf("the address is taken, and Run returns %v", err)
	}
}

func TestAnAddressOfWeChatThatIsNotAskedIsTold(t *testing.T) {
	for base, want := range map[string]int{"": 0, "https://api.q.qq.com": 1} {
		cfg := core.Config{APIBase: base}
		s := NewServer(&cfg)
		t.Cleanup(s.sim.close)
		var out strings.Builder
		s.greet(&out, "http://localhost:8080")
		if got := strings.Count(out.String(), "WX_API_BASE is not used"); got != want {
			t.Errorf("with WX_API_BASE=%q it is told %d times:\n%s", base, got, &out)
		}
	}
}

func TestAnAddressToListenAtNeedsItsColon(t *testing.T) {
	t.Setenv("ADDR", "8080")
	err := NewServer(&core.Config{AppID: "wx1", Secret: core.NewSecret("s")}).Run(nil)
	if err == nil || !strings.Contains(err.Error(), "ADDR") || !strings.Contains(err.Error(), ":8080 or") {
		t.Errorf("ADDR=8080: %v", err)
	}
}

func TestASimulatedWeChatIsServedOnLoopbackOnly(t *testing.T) {
	var cfg core.Config
	simulated, real := NewServer(&cfg), NewServer(&core.Config{AppID: "wx1", Secret: core.NewSecret("s")})
	t.Cleanup(simulated.sim.close)
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

// The page tells how to start this server with more: the line is for a shell.
func TestTheStateNamesTheCommandThatStartsThisServer(t *testing.T) {
	if got, want := newWorld(t).sim.state().Run, "go run ./examples/internal/demo"; got != want {
		t.Errorf("the command is %q, want %q", got, want)
	}
}
