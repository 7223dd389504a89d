package wxapi_test

import (
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

func TestPluginOpenPID(t *testing.T) {
	wx := newWeChat(t)
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	code := wx.PluginCode("o1")
	if id, err := c.PluginOpenPID(t.Context(), code); err != nil || len(id) != 28 {
		t.Errorf("%q, %v", id, err)
	}
	_, err := c.PluginOpenPID(t.Context(), code)
	wantError(t, err, wxapi.KindNotFound)
	_, err = c.PluginOpenPID(t.Context(), "")
	wantError(t, err, wxapi.KindInvalidCode)
}
