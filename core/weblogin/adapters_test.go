package weblogin_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/echowx"
	echowxv5 "github.com/wxsession/wxsession/echowx/v5"
	"github.com/wxsession/wxsession/ginwx"
	"github.com/wxsession/wxsession/nethttpwx"
)

// adapters mount the routes in each framework, in a group of its own; the
// framework believes no proxy.
func adapters() map[string]func(wx *core.Manager, routes []core.Route) http.Handler {
	return map[string]func(wx *core.Manager, routes []core.Route) http.Handler{
		"net/http": func(wx *core.Manager, routes []core.Route) http.Handler {
			mux := http.NewServeMux()
			nethttpwx.Mount(mux, wx)
			nethttpwx.MountRoutes(mux, routes...)
			return mux
		},
		"gin": func(wx *core.Manager, routes []core.Route) http.Handler {
			gin.SetMode(gin.ReleaseMode)
			r := gin.New()
			_ = r.SetTrustedProxies(nil)
			ginwx.Mount(r.Group("/shop"), wx)
			ginwx.MountRoutes(r.Group("/shop"), routes...)
			return r
		},
		"echo v4": func(wx *core.Manager, routes []core.Route) http.Handler {
			e := echo.New()
			e.IPExtractor = echo.ExtractIPDirect()
			echowx.Mount(e.Group("/shop"), wx)
			echowx.MountRoutes(e.Group("/shop"), routes...)
			return e
		},
		"echo v5": func(wx *core.Manager, routes []core.Route) http.Handler {
			e := echov5.New()
			e.IPExtractor = echov5.ExtractIPDirect()
			echowxv5.Mount(e.Group("/shop"), wx)
			echowxv5.MountRoutes(e.Group("/shop"), routes...)
			return e
		},
	}
}

// TestEveryAdapterServesTheRoutes goes the whole way in each framework, by the
// URLs that the replies name.
func TestEveryAdapterServesTheRoutes(t *testing.T) {
	for name, mount := range adapters() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			base := "/shop/wx"
			if name == "net/http" {
				base = "/wx"
			}
			w.Handler = mount(w.wx, w.login.Routes())
			phone := w.wechat.Open("o-alice", "https://shop.example.com"+base)
			phone.Client = &http.Client{Transport: w.site}

			b := w.newBrowser("User-Agent", chrome, "X-Forwarded-For", "198.51.100.1", "X-Real-IP", "198.51.100.1")
			a := b.send(t.Context(), "POST", base+"/scan")
			if want := base + "/scan/" + a.member("id") + "/code"; a.member("image") != want {
				t.Fatalf("beginning: %d %s, want the image at %s", a.status, a.body, want)
			}
			scan := base + "/scan/" + a.member("id")
			seen := must[wxtest.Scanned](t)(phone.Scan(t.Context(), b.send(t.Context(), "GET", a.member("image")).body))
			if want := (wxtest.Scanned{State: "scanned", Browser: chrome, IP: "192.0.2.7", CreatedAt: w.clock.Now().Unix()}); seen != want {
				t.Errorf("the user sees %+v", seen)
			}
			must[wxtest.Scanned](t)(phone.Confirm(t.Context()))
			if a = b.send(t.Context(), "HEAD", scan); a.header.Get("Set-Cookie") != "" {
				t.Errorf("HEAD sets %s", a.header.Get("Set-Cookie"))
			}
			wantState(t, b.send(t.Context(), "GET", scan+"?state=scanned&wait=5"), "confirmed", true)
			b.send(t.Context(), "GET", scan).want(t, "afterwards", 404, "not_found")
			b.send(t.Context(), "GET", scan+"?wait=5&state=junk").want(t, "a bad state", 400, "bad_request")

			a = w.do(t.Context(), "POST", base+"/ticket", `{"to":"/h5?x=1"}`, "Authorization", "Bearer "+phone.Token)
			w.newBrowser().send(t.Context(), "HEAD", a.member("url"))
			entered := w.newBrowser()
			if r := entered.send(t.Context(), "GET", a.member("url")); r.status != 303 || r.header.Get("Location") != "/h5?x=1" || entered.loggedIn(t) != "o-alice" {
				t.Errorf("entering: %d %v %s", r.status, r.header, r.body)
			}
			w.newBrowser().send(t.Context(), "GET", a.member("url")).want(t, fmt.Sprint("a second time at ", a.member("url")), 401, "invalid_ticket")
		})
	}
}
