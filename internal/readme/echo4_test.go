package readme

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/echowx"
)

// echo4 has a file of its own, as both packages of Echo have one name.
func echo4(wx *core.Manager) http.Handler {
	e := echo.New()
	auth := echowx.Mount(e, wx)
	e.GET("/api/me", func(c echo.Context) error {
		return c.JSON(http.StatusOK, echo.Map{"openid": echowx.Session(c).OpenID})
	}, auth)
	return e
}
