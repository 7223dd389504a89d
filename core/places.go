package core

import (
	"context"
	"time"
)

// placesShare: what is no login's exchange has a quarter of the places for each of
// its kinds, and one at least, so that logins find places while all else is slow.
const placesShare = 4

// exchangePatient is how long a call waits for its place.
const exchangePatient = time.Second

// places bounds the calls to WeChat that are under way.
type places struct {
	all    chan struct{}
	shares [callKinds]chan struct{} // nil: has no bound of its own
}

func newPlaces(n int) *places {
	p := &places{all: make(chan struct{}, n)}
	for kind := range callKinds {
		if kind != exchangeCalls {
			p.shares[kind] = make(chan struct{}, max(1, n/placesShare))
		}
	}
	return p
}

// take waits for a place, a second at most. Who waits for one of its own share is in
// no login's way.
func (p *places) take(ctx context.Context, kind callKind) error {
	began, share := time.Now(), p.shares[kind]
	if share != nil {
		if err := takePlace(ctx, share, exchangePatient); err != nil {
			return err
		}
	}
	err := takePlace(ctx, p.all, exchangePatient-time.Since(began))
	if err != nil && share != nil {
		<-share
	}
	return err
}

func (p *places) leave(kind callKind) {
	<-p.all
	if share := p.shares[kind]; share != nil {
		<-share
	}
}

func takePlace(ctx context.Context, among chan struct{}, patience time.Duration) error {
	select {
	case among <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case among <- struct{}{}:
		return nil
	case <-timer.C:
		return errRateLimited(ReasonExchanges, "too many requests at once, try again", time.Second)
	case <-ctx.Done():
		return errWeChat(ctx.Err())
	}
}
