package wxapi

import (
	"context"
	"net/url"
)

// Trade names a payment: by TransactionID, or by MchID and OutTradeNo.
type Trade struct {
	TransactionID string // WeChat Pay's
	MchID         string // the merchant's
	OutTradeNo    string // the merchant's own number
}

func (t Trade) params(openid string) url.Values {
	if t.TransactionID != "" {
		return url.Values{"openid": {openid}, "transaction_id": {t.TransactionID}}
	}
	return url.Values{"openid": {openid}, "mch_id": {t.MchID}, "out_trade_no": {t.OutTradeNo}}
}

type unionIDReply struct {
	outcome
	UnionID string `json:"unionid"`
}

func (r unionIDReply) complete() bool { return visible(r.UnionID, maxIdentifier) }

// PaidUnionID returns the unionid of a user who paid within the last five
// minutes (/wxa/getpaidunionid). Code2Session gives the unionid without that,
// if the app is bound to an Open Platform account.
func (c *Client) PaidUnionID(ctx context.Context, openid string, t Trade) (string, error) {
	rq := &request{op: "getPaidUnionId", path: "/wxa/getpaidunionid"}
	r, err := authorized(ctx, c, rq, t.params(openid), decode[unionIDReply])
	return r.UnionID, err
}
