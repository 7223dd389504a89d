package wxtest_test

import (
	"net/url"
	"testing"

	"github.com/wxsession/wxsession/core/wxtest"
)

func TestPaidUnionID(t *testing.T) {
	for _, unions := range []bool{false, true} {
		wx := newServer(t, wxtest.Options{UnionIDs: unions})
		id := wx.Pay("o1", "m", "n")
		ask := func(openid, transaction string) answer {
			return send(t, wx, "/wxa/getpaidunionid", url.Values{
				"access_token": {wx.AccessToken()}, "openid": {openid}, "transaction_id": {transaction},
			}, "")
		}
		for _, test := range []struct {
			openid, transaction string
			want                int
		}{{"o1", id, 0}, {"o1", "", 89300}, {"o1", "x", 89300}, {"nobody", id, 40003}} {
			want := test.want
			if !unions && want != 40003 {
				want = 89002
			}
			if a := ask(test.openid, test.transaction); a.errcode() != want {
				t.Errorf("unionids %v, %+v: %s", unions, test, a.body)
			}
		}
	}
}
