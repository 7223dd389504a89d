package ginwx_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/ginwx"
)

// TestABrowserDoesNotChooseItsAddress: the connection's address is the client's,
// unless the application has said whose word about it counts.
func TestABrowserDoesNotChooseItsAddress(t *testing.T) {
	trust := func(proxies ...string) func(*gin.Engine) {
		return func(e *gin.Engine) { _ = e.SetTrustedProxies(proxies) }
	}
	platform := func(e *gin.Engine) { e.TrustedPlatform = gin.PlatformCloudflare }
	realIP := func(e *gin.Engine) { e.RemoteIPHeaders = []string{"X-Client"} }
	const peer = "192.0.2.7"
	for _, tc := range []struct {
		name       string
		set        []func(*gin.Engine)
		peer       string
		header     []string
		unixSocket bool
		want       string
	}{
		{name: "a new engine", header: []string{"X-Forwarded-For", "198.51.100.9"}, want: peer},
		{name: "a new engine, another header", header: []string{"X-Real-Ip", "198.51.100.9"}, want: peer},
		{name: "a new engine, several words", header: []string{"X-Forwarded-For", "198.51.100.9, 192.0.2.7"}, want: peer},
		{name: "a new engine, an address that no peer has", header: []string{"X-Forwarded-For", "255.255.255.255"}, want: peer},
		{name: "a new engine, IPv6", peer: "2001:db8::7", header: []string{"X-Forwarded-For", "198.51.100.9"}, want: "2001:db8::7"},
		{name: "a new engine, no header", want: peer},
		{name: "a new engine, junk", header: []string{"X-Forwarded-For", "junk"}, want: peer},
		{name: "a new engine, headers of its own", set: []func(*gin.Engine){realIP}, header: []string{"X-Client", "198.51.100.9"}, want: peer},
		{name: "a new engine on a Unix socket", peer: "@", unixSocket: true, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: "@"},
		{name: "everybody of IPv4 is trusted", set: []func(*gin.Engine){trust("0.0.0.0/0")}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: peer},
		{name: "everybody of IPv6 is trusted", set: []func(*gin.Engine){trust("::/0")}, peer: "2001:db8::7", header: []string{"X-Forwarded-For", "198.51.100.9"}, want: "2001:db8::7"},
		{name: "half of IPv4 is trusted, the lower one", set: []func(*gin.Engine){trust("0.0.0.0/1")}, peer: "9.0.2.7", header: []string{"X-Forwarded-For", "198.51.100.9"}, want: "9.0.2.7"},
		{name: "half of IPv4 is trusted, the upper one", set: []func(*gin.Engine){trust("128.0.0.0/1")}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: peer},
		{name: "all of IPv6 that is given away is trusted", set: []func(*gin.Engine){trust("2000::/3")}, peer: "2001:db8::7", header: []string{"X-Forwarded-For", "198.51.100.9"}, want: "2001:db8::7"},
		{name: "a long list is trusted", set: []func(*gin.Engine){trust("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/16", "fc00::/7", "2400::/6")}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: "198.51.100.9"},
		{name: "nobody is trusted", set: []func(*gin.Engine){trust()}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: peer},
		{name: "nobody is trusted, on a Unix socket", set: []func(*gin.Engine){trust()}, peer: "@", unixSocket: true, header: []string{"X-Forwarded-For", "203.0.113.1, 198.51.100.9"}, want: "198.51.100.9"},
		{name: "the peer is trusted", set: []func(*gin.Engine){trust(peer)}, header: []string{"X-Forwarded-For", "203.0.113.1, 198.51.100.9"}, want: "198.51.100.9"},
		{name: "the peer is trusted, headers of its own", set: []func(*gin.Engine){trust(peer), realIP}, header: []string{"X-Client", "198.51.100.9"}, want: "198.51.100.9"},
		{name: "a test's usual peer is trusted", set: []func(*gin.Engine){trust("192.0.2.0/24", "2001:db8::/32")}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: "198.51.100.9"},
		{name: "another is trusted", set: []func(*gin.Engine){trust("10.0.0.0/8")}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: peer},
		{name: "headers are not believed", set: []func(*gin.Engine){func(e *gin.Engine) { e.ForwardedByClientIP = false }}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: peer},
		{name: "the platform is trusted", set: []func(*gin.Engine){platform}, header: []string{"Cf-Connecting-Ip", "198.51.100.9"}, want: "198.51.100.9"},
		{name: "the platform is trusted, and says nothing", set: []func(*gin.Engine){platform}, header: []string{"X-Forwarded-For", "198.51.100.9"}, want: peer},
		{name: "the platform says another address than a proxy", set: []func(*gin.Engine){platform, trust(peer)}, header: []string{"Cf-Connecting-Ip", "198.51.100.9", "X-Forwarded-For", "203.0.113.1"}, want: "198.51.100.9"},
		{name: "the platform says a port, too", set: []func(*gin.Engine){platform}, header: []string{"Cf-Connecting-Ip", "198.51.100.9:40000"}, want: "198.51.100.9"},
		{name: "the platform says a port of IPv6, too", set: []func(*gin.Engine){platform}, header: []string{"Cf-Connecting-Ip", "[2001:db8::9]:40000"}, want: "2001:db8::9"},
		{name: "the platform says junk as the port", set: []func(*gin.Engine){platform}, header: []string{"Cf-Connecting-Ip", "198.51.100.9:x"}, want: peer},
		{name: "a new engine, a port, too", header: []string{"X-Forwarded-For", "198.51.100.9:40000"}, want: peer},
		{name: "the platform says junk", set: []func(*gin.Engine){platform}, header: []string{"Cf-Connecting-Ip", "junk"}, want: peer},
		{name: "the platform says a list", set: []func(*gin.Engine){platform, trust(peer)}, header: []string{"Cf-Connecting-Ip", "198.51.100.9, 203.0.113.1"}, want: peer},
		{name: "the platform says junk, on a Unix socket", set: []func(*gin.Engine){platform}, peer: "@", unixSocket: true, header: []string{"Cf-Connecting-Ip", "junk"}, want: "@"},
		{name: "a peer that Gin cannot read", peer: "fe80::7%eth0", want: "fe80::7%eth0"},
	} {
		e, address := addressEngine()
		for _, set := range tc.set { // after the routes, as an application may
			set(e)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = net.JoinHostPort(peer, "1")
		switch tc.peer {
		case "":
		case "@":
			r.RemoteAddr = "@"
		default:
			r.RemoteAddr = net.JoinHostPort(tc.peer, "1")
		}
		if tc.unixSocket {
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.UnixAddr{Net: "unix"}))
		}
		for i := 0; i+1 < len(tc.header); i += 2 {
			r.Header.Set(tc.header[i], tc.header[i+1])
		}
		*address = "not called"
		e.ServeHTTP(httptest.NewRecorder(), r)
		if *address != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, *address, tc.want)
		}
	}
}

// TestOneRequestDoesNotDecideForTheNext: what an engine believes is not learnt
// from whoever comes first.
func TestOneRequestDoesNotDecideForTheNext(t *testing.T) {
	e, address := addressEngine()
	e.TrustedPlatform = gin.PlatformCloudflare
	for _, step := range []struct{ header, want string }{
		{"Cf-Connecting-Ip", "198.51.100.9"}, {"X-Forwarded-For", "192.0.2.7"}, {"Cf-Connecting-Ip", "198.51.100.9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.7:1"
		r.Header.Set(step.header, "198.51.100.9")
		e.ServeHTTP(httptest.NewRecorder(), r)
		if *address != step.want {
			t.Errorf("%s: %q, want %q", step.header, *address, step.want)
		}
	}
}

// addressEngine is an engine with a route that keeps the address of its client.
func addressEngine() (e *gin.Engine, address *string) {
	e, address = gin.New(), new(string)
	ginwx.MountRoutes(e, core.Route{Method: "GET", Path: "/", Serve: func(_ context.Context, req core.Request) core.Reply {
		*address = req.Address
		return core.Reply{Status: http.StatusNoContent}
	}})
	return e, address
}
