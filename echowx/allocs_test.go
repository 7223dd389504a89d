package echowx_test

import (
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/echowx"
)

// TestCost: the middleware adds three allocations to a request: the session, the copy
// of the request with the context that carries it, and the chain of handlers, which
// Echo v4 builds for each request.
func TestCost(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	served := 0
	auth := echowx.Require(wx)
	next := func(c echo.Context) error {
		if echowx.Session(c) != nil {
			served++
		}
		return nil
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	c := echo.New().NewContext(r, httptest.NewRecorder())

	got := testing.AllocsPerRun(100, func() {
		c.SetRequest(r)
		if err := auth(next)(c); err != nil {
			t.Fatal(err)
		}
	})
	if got > 3 {
		t.Errorf("the middleware allocates %v times, want 3", got)
	}
	if served == 0 {
		t.Error("the handler was not reached")
	}
}

// TestCostOfWith: the session is all that it allocates; there is no chain to build.
func TestCostOfWith(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	served := 0
	h := echowx.With(wx, func(_ echo.Context, s *core.Session) error {
		if s != nil {
			served++
		}
		return nil
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	c := echo.New().NewContext(r, httptest.NewRecorder())

	got := testing.AllocsPerRun(100, func() {
		if err := h(c); err != nil {
			t.Fatal(err)
		}
	})
	if got > 1 {
		t.Errorf("the handler costs %v allocations, want 1", got)
	}
	if served == 0 {
		t.Error("the handler was not reached")
	}
}
