package ginwx_test

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/ginwx"
)

// TestCost: the middleware adds two allocations to a request: the session, and the
// copy of the request with the context that carries it.
func TestCost(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	auth := ginwx.Require(wx)
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)

	got := testing.AllocsPerRun(100, func() {
		c.Request = r
		auth(c)
	})
	if got > 2 {
		t.Errorf("the middleware allocates %v times, want 2", got)
	}
	if ginwx.Session(c) == nil {
		t.Error("the token is refused")
	}
}

// TestCostOfWith: the session is all that it allocates.
func TestCostOfWith(t *testing.T) {
	wx, token, stop := newManager()
	defer stop()
	served := 0
	h := ginwx.With(wx, func(_ *gin.Context, s *core.Session) {
		if s != nil {
			served++
		}
	})
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/", nil)
	c.Request.Header.Set("Authorization", "Bearer "+token)

	if got := testing.AllocsPerRun(100, func() { h(c) }); got > 1 {
		t.Errorf("the handler costs %v allocations, want 1", got)
	}
	if served == 0 {
		t.Error("the token is refused")
	}
}
