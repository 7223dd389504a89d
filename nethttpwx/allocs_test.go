package nethttpwx_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/nethttpwx"
)

// TestCost: the middleware adds two allocations to a request: the session, and the
// copy of the request with the context that carries it.
func TestCost(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	served := 0
	h := nethttpwx.Require(wx)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if nethttpwx.Session(r) != nil {
			served++
		}
	}))
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)

	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > 2 {
		t.Errorf("the middleware allocates %v times, want 2", got)
	}
	if served == 0 {
		t.Error("the token is refused")
	}
}

// TestCostOfWith: the session is all that it allocates.
func TestCostOfWith(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	served := 0
	h := nethttpwx.With(wx, func(_ http.ResponseWriter, _ *http.Request, s *core.Session) {
		if s != nil {
			served++
		}
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)

	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > 1 {
		t.Errorf("the handler costs %v allocations, want 1", got)
	}
	if served == 0 {
		t.Error("the token is refused")
	}
}
