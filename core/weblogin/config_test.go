package weblogin_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/stores/memory"
)

// anybody is an identity provider: an app with one needs no secret.
type anybody struct{}

func (anybody) Identify(_ context.Context, r core.LoginRequest) (core.Identity, error) {
	return core.Identity{OpenID: r.Code}, nil
}

func newManager(t *testing.T, cfg core.Config) *core.Manager {
	t.Helper()
	mem, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mem.Close() })
	return must[*core.Manager](t)(core.New(cfg, mem))
}

func routesOf(t *testing.T, wx *core.Manager, cfg weblogin.Config) (routes []string) {
	t.Helper()
	for _, r := range must[*weblogin.Login](t)(weblogin.New(wx, cfg)).Routes() {
		routes = append(routes, r.Method+" "+r.Path)
	}
	return routes
}

func TestRoutesThereAreAsConfigured(t *testing.T) {
	app := core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("s")}
	plain := newManager(t, app)
	app.Cookie, app.Prefix = "__Host-wx", "/auth"
	web := newManager(t, app)
	if got := routesOf(t, plain, weblogin.Config{}); len(got) != 0 {
		t.Errorf("without a cookie there is %q", got)
	}
	handOver := []string{"POST /auth/ticket", "GET /auth/enter"}
	if got := routesOf(t, web, weblogin.Config{}); !slices.Equal(got, handOver) {
		t.Errorf("with a cookie there is %q", got)
	}
	scan := []string{"POST /auth/scan", "GET /auth/scan/{id}", "GET /auth/scan/{id}/code", "POST /auth/scan/{id}"}
	if got := routesOf(t, web, weblogin.Config{ScanLogin: true}); !slices.Equal(got, append(handOver, scan...)) {
		t.Errorf("with ScanLogin there is %q", got)
	}
}

// TestTheLogSaysThatThereAreNoRoutes, once and at the start: the application has
// asked for them.
func TestTheLogSaysThatThereAreNoRoutes(t *testing.T) {
	for cookie, want := range map[string]int{"": 1, "__Host-wx": 0} {
		log := new(syncBuffer)
		wx := newManager(t, core.Config{
			AppID: "wx0123456789abcdef", Secret: core.NewSecret("s"), Cookie: cookie, Logger: slog.New(slog.NewTextHandler(log, nil)),
		})
		login := must[*weblogin.Login](t)(weblogin.New(wx, weblogin.Config{}))
		lines := 1 + want // New tells of the memory store
		if login.Routes(); strings.Count(log.String(), "WX_COOKIE") != want || strings.Count(log.String(), "\n") != lines {
			t.Errorf("with the cookie %q the log says: %s", cookie, log)
		}
	}
}

func TestWhatCannotWorkIsRefusedWithWhatToSet(t *testing.T) {
	app := core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("s")}
	other := core.Config{AppID: "wx0123456789abcdef", IdentityProvider: anybody{}, Cookie: "wx", Apps: []core.App{{AppID: "wxother", Secret: core.NewSecret("s")}}}
	web := app
	web.Cookie = "wx"
	for _, c := range []struct {
		what string
		app  core.Config
		cfg  weblogin.Config
		want string // "": it works
	}{
		{"no cookie", app, weblogin.Config{ScanLogin: true}, "WX_COOKIE"},
		{"no cookie, no scan", app, weblogin.Config{}, ""},
		{"no secret", other, weblogin.Config{ScanLogin: true}, "WX_SECRET"},
		{"no secret, no scan", other, weblogin.Config{}, ""},
		{"the secret of another app", other, weblogin.Config{ScanLogin: true, ScanApp: "wxother"}, ""},
		{"an app that is not configured", web, weblogin.Config{ScanLogin: true, ScanApp: "wxother"}, "ScanApp"},
		{"a good page", web, weblogin.Config{ScanLogin: true, ScanPage: "pkg-a/pages/web_login/index"}, ""},
		{"a slash before", web, weblogin.Config{ScanLogin: true, ScanPage: "/pages/scan/scan"}, "WX_SCAN_PAGE"},
		{"a slash behind", web, weblogin.Config{ScanLogin: true, ScanPage: "pages/scan/"}, "WX_SCAN_PAGE"},
		{"a query", web, weblogin.Config{ScanLogin: true, ScanPage: "pages/scan?x=1"}, "WX_SCAN_PAGE"},
		{"an escape", web, weblogin.Config{ScanLogin: true, ScanPage: "pages/%73can"}, "WX_SCAN_PAGE"},
		{"a blank", web, weblogin.Config{ScanLogin: true, ScanPage: "pages/scan "}, "WX_SCAN_PAGE"},
		{"too long", web, weblogin.Config{ScanLogin: true, ScanPage: strings.Repeat("p/", 64) + "p"}, "WX_SCAN_PAGE"},
		{"a bad page that nobody opens", web, weblogin.Config{ScanPage: "/"}, "WX_SCAN_PAGE"},
	} {
		_, err := weblogin.New(newManager(t, c.app), c.cfg)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v; it should say %q", c.what, err, c.want)
		}
	}
	if _, err := weblogin.New(nil, weblogin.Config{}); err == nil {
		t.Error("no manager: taken")
	}
}

func TestConfigFromEnv(t *testing.T) {
	for text, want := range map[string]bool{"": false, "true": true, "1": true, "false": false} {
		t.Setenv("WX_SCAN_LOGIN", text)
		t.Setenv("WX_SCAN_PAGE", "pages/web/web")
		cfg, err := weblogin.ConfigFromEnv()
		if err != nil || cfg != (weblogin.Config{ScanLogin: want, ScanPage: "pages/web/web"}) {
			t.Errorf("WX_SCAN_LOGIN=%s: %v, %v", text, cfg, err)
		}
	}
	t.Setenv("WX_SCAN_LOGIN", "yes-please")
	_, err := weblogin.ConfigFromEnv()
	if err == nil || !strings.Contains(err.Error(), "WX_SCAN_LOGIN") || strings.Contains(err.Error(), "please") {
		t.Errorf("a value that is none: %v", err)
	}
	var cfg weblogin.Config
	if err := json.Unmarshal([]byte(`{"scan_login":true,"scan_page":"p","scan_app":"a"}`), &cfg); err != nil || cfg != (weblogin.Config{ScanLogin: true, ScanPage: "p", ScanApp: "a"}) {
		t.Errorf("from JSON: %v, %v", cfg, err)
	}
}
