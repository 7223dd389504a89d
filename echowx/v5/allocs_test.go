package echowx_test

import (
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/echowx/v5"
)

// TestCost: the middleware adds two allocations to a request: the session, and the
// copy of the request with the context that carries it.
func TestCost(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	served := 0
	h := echowx.Require(wx)(func(c *echo.Context) error {
		if echowx.Session(c) != nil {
			served++
		}
		return nil
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	c := echo.New().NewContext(r, httptest.NewRecorder())

	got := testing.AllocsPerRun(100, func() {
		c.SetRequest(r)
		if err := h(c); err != nil {
			t.Fatal(err)
		}
	})
	if got > 2 {
		t.Errorf("the middleware allocates %v times, want 2", got)
	}
	if served == 0 {
		t.Error("the handler was not reached")
	}
}

// TestCostOfWith: the session is all that it allocates.
func TestCostOfWith(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	served := 0
	h := echowx.With(wx, func(_ *echo.Context, s *core.Session) error {
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
