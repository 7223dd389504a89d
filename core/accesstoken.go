package core

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wxsession/wxsession/core/internal/record"
	"github.com/wxsession/wxsession/core/wxapi"
)

const (
	// refreshAhead is when a token is replaced before its end. stable_token
	// gives a new one during the last five minutes, in which both work.
	refreshAhead = 4 * time.Minute
	// tokenMargin covers the way to WeChat.
	tokenMargin = 10 * time.Second
	// leaseTime outlasts a fetch, with its time limit.
	leaseTime = upstreamTimeout + time.Second
	// leaseSkew is by how much clocks may differ: NTP keeps them to within a second
	// or so. To a clock that is a millisecond behind, a new lease ends too late.
	leaseSkew = 2 * time.Second
	// leasePoll is how often those without any token look whether the lease's
	// holder has one.
	leasePoll = 50 * time.Millisecond
	// forceAge is how old a token must be before a new one is forced: WeChat
	// ignores what comes sooner, and allows twenty a day.
	forceAge = 30 * time.Second
)

// tokenSource is the wxapi.TokenSource of one app. All instances share one
// token, because every one that WeChat issues may invalidate the one before.
type tokenSource struct {
	m       *Manager
	client  *wxapi.Client
	key     string
	flights singleflight.Group
}

func (m *Manager) newTokenSource(appID string) *tokenSource {
	return &tokenSource{m: m, key: record.AccessPrefix + appID}
}

// Token returns the shared token. Callers in one process share the work.
func (t *tokenSource) Token(ctx context.Context, stale wxapi.Secret) (wxapi.Secret, error) {
	done := t.flights.DoChan(stale.Reveal(), func() (_ any, err error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
		defer cancel()
		defer t.m.recoverPanic(ctx, "a fetch of an access token panicked", &err)
		return t.token(ctx, stale.Reveal())
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-done:
		if r.Err != nil {
			return "", r.Err
		}
		return wxapi.Secret(r.Val.(string)), nil
	}
}

func (t *tokenSource) token(ctx context.Context, stale string) (string, error) {
	for {
		a, raw, err := t.read(ctx)
		if err != nil {
			return "", err
		}
		now := t.m.now()
		usable := a.Token != "" && a.Token != stale && now < a.Expires-tokenMargin.Milliseconds()
		// A lease that ends later than one can was written by a clock that is ahead.
		leased := a.Lease > now && a.Lease <= now+(leaseTime+leaseSkew).Milliseconds()
		switch {
		case usable && (leased || now < a.Expires-refreshAhead.Milliseconds()):
			return a.Token, nil // while somebody refreshes, the old one still works
		case leased:
			if err := t.m.pause(ctx, leasePoll); err != nil {
				return "", errWeChat(err)
			}
			continue
		}
		fresh, err := t.refresh(ctx, a, raw, stale)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil && usable {
			t.m.log.failure(ctx, "cannot refresh an access token ahead of its end", upstreamError(err))
			return a.Token, nil
		}
		return fresh, err
	}
}

// refresh takes the lease, fetches a token and stores it. ErrConflict means
// that another instance was faster.
func (t *tokenSource) refresh(ctx context.Context, a record.AccessToken, old []byte, stale string) (string, error) {
	leased := a
	leased.Lease = t.m.now() + leaseTime.Milliseconds()
	raw, err := t.swap(ctx, old, leased)
	if err != nil {
		return "", err
	}
	fresh, err := t.fetch(ctx, a, stale)
	if err != nil {
		t.release(ctx, a, raw)
		return "", err
	}
	// Whatever becomes of this write, the token is good.
	if _, err := t.swap(ctx, raw, fresh); err != nil {
		t.m.log.failure(ctx, "cannot share a new access token", asError(err))
	}
	return fresh.Token, nil
}

// fetch asks kindly first: another deployment on this app may have a new token
// already, and to force one would take theirs away. Only if WeChat gives the one
// that it has refused, and that is not just issued, is a new one forced.
func (t *tokenSource) fetch(ctx context.Context, a record.AccessToken, stale string) (record.AccessToken, error) {
	token, left, err := t.client.FetchToken(ctx, t.m.cfg.AccessToken, false)
	now := t.m.now()
	given := now
	if err == nil && stale != "" && token.Reveal() == stale {
		if given = a.Given; now-given >= forceAge.Milliseconds() {
			token, left, err = t.client.FetchToken(ctx, t.m.cfg.AccessToken, true)
			given = t.m.now()
		}
	}
	if err != nil {
		return record.AccessToken{}, err
	}
	if token.Reveal() == a.Token {
		given = a.Given
	}
	return record.AccessToken{Token: token.Reveal(), Expires: t.m.now() + left.Milliseconds(), Given: given}, nil
}

// release gives the lease back, so that the next request can try at once.
func (t *tokenSource) release(ctx context.Context, a record.AccessToken, raw []byte) {
	a.Lease = 0
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := t.swap(ctx, raw, a); err != nil {
		t.m.log.failure(ctx, "cannot release the lease of an access token, it ends by itself", asError(err))
	}
}

// read returns a zero token where there is none, and where none can be opened
// any more: a new one replaces it.
func (t *tokenSource) read(ctx context.Context) (record.AccessToken, []byte, error) {
	found, err := t.m.values.get(ctx, t.key)
	if err == nil {
		var a record.AccessToken
		if a, err = record.DecodeAccessToken(found.value.Body()); err == nil {
			return a, found.raw, nil
		}
	}
	if errors.Is(err, ErrNotFound) || isUnusable(err) {
		return record.AccessToken{}, found.raw, nil
	}
	return record.AccessToken{}, nil, errStore(err)
}

// swap passes ErrConflict on as it is.
//
// In clear, two processes that take the lease in one millisecond make the same
// bytes, and one whose answer is lost may take the other's for its own. Then both ask
// WeChat, kindly, and get the same token. A lease that was taken and that nobody knows
// to be theirs would be worse: no instance gets a token before it ends.
func (t *tokenSource) swap(ctx context.Context, old []byte, a record.AccessToken) ([]byte, error) {
	ttl := millisUntil(max(a.Expires, a.Lease), t.m.now()) + time.Minute
	written, err := t.m.values.swap(ctx, t.key, old, t.m.values.ring.New(a.Encode()), ttl)
	if err != nil && !errors.Is(err, ErrConflict) {
		return nil, errStore(err)
	}
	return written.raw, err
}
