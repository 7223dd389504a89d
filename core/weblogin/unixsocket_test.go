package weblogin_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/ginwx"
)

// TestAProxyOnAUnixSocketIsTold in each framework: all its users are one client
// until somebody names it.
func TestAProxyOnAUnixSocketIsTold(t *testing.T) {
	all := adapters()
	all["gin"] = func(_ *core.Manager, routes []core.Route) http.Handler {
		gin.SetMode(gin.ReleaseMode)
		e := gin.New() // with a list of proxies it would believe whoever comes by a Unix socket
		ginwx.MountRoutes(e.Group("/shop"), routes...)
		return e
	}
	for name, mount := range all {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			var address string
			route := w.wx.Route("POST", "/limited", func(_ context.Context, req core.Request) (any, error) {
				address = req.Address
				return nil, &core.Error{Code: core.CodeRateLimited}
			})
			client := onUnixSocket(t, mount(w.wx, []core.Route{route}))
			path := "/shop/wx/limited"
			if name == "net/http" {
				path = "/wx/limited"
			}
			r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://shop.example.com"+path, nil)
			r.Header.Set("X-Forwarded-For", "198.51.100.9")
			resp := must[*http.Response](t)(client.Do(r))
			resp.Body.Close()
			if resp.StatusCode != 429 || address != "@" || !strings.Contains(w.log.String(), "WX_TRUSTED_PROXIES") {
				t.Errorf("status %d, from %q, log: %s", resp.StatusCode, address, w.log)
			}
		})
	}
}

// onUnixSocket serves h on a Unix socket, and returns a client that talks to it.
func onUnixSocket(t *testing.T, h http.Handler) *http.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	listener := must[net.Listener](t)(net.Listen("unix", socket))
	server := &http.Server{Handler: h}
	go server.Serve(listener)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	transport := &http.Transport{DialContext: dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return &http.Client{Transport: transport}
}
