package weblogin

import (
	"context"
	"errors"

	"github.com/wxsession/wxsession/core"
)

// A confirmed attempt becomes a session in three steps, in this order:
//
//  1. The attempt is claimed, by compare-and-swap. Of all requests that try, in
//     all processes, one goes on; nobody takes a claim away from it.
//  2. The session is issued. That it is listed, and that its user has not logged
//     out everywhere since they confirmed, is one decision in the user's record.
//  3. The attempt is settled: used, denied, or confirmed as it was, if the store
//     or the application could not answer. Only the one that has claimed it does
//     that, and only after its own step 2 has ended.
//
// So there is at most one session for an attempt, it is listed before anybody has
// its token, and a failure costs nothing as long as the store takes step 3. A
// process that dies after step 1, or a store that is lost just then, leaves the
// claim: the browser gets 404, and the user scans again. If it dies after step 2
// there is a session in the user's list that nobody has the token of, as after
// every reply that is lost.
//
// Step 3 decides nothing for a login that went well: the claim has ended the
// attempt, so the browser gets its session even if the store has gone by then.

// claim is the first step. core.ErrConflict if the attempt has moved since it was
// found.
func (l *Login) claim(ctx context.Context, id string, f found) (attempt, error) {
	claim := f.with(claimed)
	err := l.attempts.move(ctx, id, f, claim)
	if err != nil && !errors.Is(err, core.ErrConflict) {
		l.settle(ctx, id, claim, confirmed) // it may have come about
	}
	return claim, err
}

// consume is the second step, and the third.
func (l *Login) consume(ctx context.Context, id string, claim attempt) (any, error) {
	token, s, err := l.wx.IssueApproved(ctx, claim.By, deviceOf(claim.Browser))
	switch {
	case err == nil:
		l.settle(ctx, id, claim, used)
		l.tally.remove(id)
		r := core.NewReply(stateReply{confirmed})
		r.Session = s
		// The secret has done its work. Where the answer is lost, it finds nothing either.
		r.Header = append(r.Header, l.wx.SessionCookie(token, s), l.wx.NewCookie(scanCookie, "", 0))
		return r, nil
	case refuses(err):
		l.settle(ctx, id, claim, denied)
		return stateReply{denied}, nil
	}
	l.settle(ctx, id, claim, confirmed)
	return nil, err
}

// refuses tells the word of the application or of the user, which is final, from
// an outage.
func refuses(err error) bool {
	e, ok := errors.AsType[*core.Error](err)
	return ok && e.Status() < 500
}

// settle ends a claim. If the store does not take it, the claim stays.
func (l *Login) settle(ctx context.Context, id string, claim attempt, to state) {
	from, settled := found{claim, claim.encode()}, claim.with(to)
	insist(ctx, func(ctx context.Context) error { return l.attempts.move(ctx, id, from, settled) })
}
