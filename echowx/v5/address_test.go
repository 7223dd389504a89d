package echowx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/echowx/v5"
)

// TestWhatIsNoAddressIsTheConnections: an extractor of the application may hand on
// a header as it is, and all who write junk there would count as nobody.
func TestWhatIsNoAddressIsTheConnections(t *testing.T) {
	e, got := echo.New(), ""
	e.IPExtractor = func(r *http.Request) string { return r.Header.Get("X-Client") }
	echowx.MountRoutes(e, core.Route{Method: "GET", Path: "/", Serve: func(_ context.Context, req core.Request) core.Reply {
		got = req.Address
		return core.Reply{Status: http.StatusNoContent}
	}})
	for header, want := range map[string]string{
		"198.51.100.9": "198.51.100.9", "2001:db8::9": "2001:db8::9",
		"198.51.100.9:40000": "198.51.100.9", "[2001:db8::9]:40000": "2001:db8::9", "198.51.100.9:x": "192.0.2.7",
		"": "192.0.2.7", "junk": "192.0.2.7", "198.51.100.9, 203.0.113.1": "192.0.2.7",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.7:1"
		r.Header.Set("X-Client", header)
		e.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("%q: the client's address is %q, want %q", header, got, want)
		}
	}
}
