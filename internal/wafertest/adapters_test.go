package wafertest

import (
	"net/http"

	"github.com/gin-gonic/gin"
	echo4 "github.com/labstack/echo/v4"
	echo5 "github.com/labstack/echo/v5"

	"github.com/wxsession/wxsession/core"
	echowx4 "github.com/wxsession/wxsession/echowx"
	echowx5 "github.com/wxsession/wxsession/echowx/v5"
	"github.com/wxsession/wxsession/ginwx"
	"github.com/wxsession/wxsession/nethttpwx"
)

// adapter makes an application whose one route of its own is GET apiPath.
type adapter struct {
	name string
	app  func(*core.Manager) http.Handler
}

func adapters() []adapter {
	return []adapter{{"gin", ginApp}, {"echo4", echo4App}, {"echo5", echo5App}, {"nethttp", nethttpApp}}
}

// orders is the business body. It has members that a client could take for the
// session layer's, were it not for their values.
func orders(s *core.Session) map[string]any {
	return map[string]any{
		"openid": s.OpenID, "orders": []int{7, 42}, "note": "茶 & <milk>",
		"code": 1, "error": "none", "session": map[string]any{}, "data": nil,
	}
}

func ginApp(wx *core.Manager) http.Handler {
	r := gin.New()
	auth := ginwx.Mount(r, wx)
	r.GET(apiPath, auth, func(c *gin.Context) {
		c.JSON(http.StatusOK, orders(ginwx.Session(c)))
	})
	return r
}

func echo4App(wx *core.Manager) http.Handler {
	e := echo4.New()
	auth := echowx4.Mount(e, wx)
	e.GET(apiPath, func(c echo4.Context) error {
		return c.JSON(http.StatusOK, orders(echowx4.Session(c)))
	}, auth)
	return e
}

func echo5App(wx *core.Manager) http.Handler {
	e := echo5.New()
	auth := echowx5.Mount(e, wx)
	e.GET(apiPath, func(c *echo5.Context) error {
		return c.JSON(http.StatusOK, orders(echowx5.Session(c)))
	}, auth)
	return e
}

func nethttpApp(wx *core.Manager) http.Handler {
	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx)
	mux.Handle("GET "+apiPath, auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, orders(nethttpwx.Session(r)))
	})))
	return mux
}
