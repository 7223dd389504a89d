package wxapi_test

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtest"
)

func TestCheckEncryptedMsg(t *testing.T) {
	now := time.Unix(1700000000, 0)
	wx := newWeChat(t, wxtest.Options{Now: func() time.Time { return now }})
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	data, _ := wx.PhoneData("o1", "13580006666")
	valid, created, err := c.CheckEncryptedMsg(t.Context(), data)
	if err != nil || !valid || !created.Equal(now) {
		t.Errorf("%v, %v, %v", valid, created, err)
	}
	if valid, _, err := c.CheckEncryptedMsg(t.Context(), phoneData); err != nil || valid {
		t.Errorf("foreign data: %v, %v", valid, err)
	}
	wx.Advance(73 * time.Hour)
	if valid, _, err := c.CheckEncryptedMsg(t.Context(), data); err != nil || valid {
		t.Errorf("old data: %v, %v", valid, err)
	}
}
