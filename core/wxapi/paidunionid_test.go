package wxapi_test

import (
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func TestPaidUnionID(t *testing.T) {
	wx := newWeChat(t, wxtest.Options{UnionIDs: true})
	c := newClient(t, wx, withTokens(&tokens{wx: wx}))
	s, err := c.Code2Session(t.Context(), wx.Code("o1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, trade := range []wxapi.Trade{
		{TransactionID: wx.Pay("o1", "m", "n")},
		{MchID: "m", OutTradeNo: "n"},
	} {
		if id, err := c.PaidUnionID(t.Context(), "o1", trade); err != nil || id != s.UnionID {
			t.Errorf("%+v: %q, %v", trade, id, err)
		}
	}
	_, err = c.PaidUnionID(t.Context(), "o1", wxapi.Trade{MchID: "m", OutTradeNo: "other"})
	wantError(t, err, wxapi.KindRejected)
	wx.Advance(6 * time.Minute)
	_, err = c.PaidUnionID(t.Context(), "o1", wxapi.Trade{MchID: "m", OutTradeNo: "n"})
	wantError(t, err, wxapi.KindRejected)
}
