package wxtest

import "time"

// paidLife is how long after a payment its unionid can be asked for.
const paidLife = 5 * time.Minute

const errNotBound = 89002

type payment struct {
	transaction string
	mchID       string
	tradeNo     string
	at          time.Time
}

// Pay is a payment by the user: for five minutes getpaidunionid knows it by the
// merchant's two numbers, or by the transaction id that Pay returns. Only the
// latest payment of a user counts.
func (a *App) Pay(openid, mchID, outTradeNo string) (transactionID string) {
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	p := payment{"42" + text(26, "0123456789"), mchID, outTradeNo, s.now()}
	a.user(openid).paid = p
	return p.transaction
}

// servePaidUnionID serves /wxa/getpaidunionid.
func (s *Server) servePaidUnionID(a *App, rq *request, rp *reply) {
	q := rq.query
	u := a.users[q.Get("openid")]
	switch {
	case u == nil:
		rp.refuse(errInvalidOpenID)
	case !s.opts.UnionIDs:
		rp.refuse(errNotBound)
	case s.now().Sub(u.paid.at) > paidLife || !u.paid.is(q.Get("transaction_id"), q.Get("mch_id"), q.Get("out_trade_no")):
		rp.refuse(errTrade)
	default:
		rp.succeed(struct {
			UnionID string `json:"unionid"`
			refusal
		}{s.unionID(u.openid), ok})
	}
}

func (p payment) is(transaction, mchID, tradeNo string) bool {
	if transaction != "" {
		return transaction == p.transaction
	}
	return mchID != "" && mchID == p.mchID && tradeNo == p.tradeNo
}
