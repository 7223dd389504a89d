package core

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/wxsession/wxsession/core/wxapi"
)

// accessToken is the record that all instances share, one per app, because
// every token that WeChat issues may invalidate the one before. Encoded:
// version (1), expires and lease (6 bytes each), sealed token.
type accessToken struct {
	token   wxapi.Secret
	expires int64 // Unix milliseconds
	// lease is until when one instance has the task of fetching a new one; 0:
	// nobody has.
	lease int64
}

const (
	// refreshAhead is when a token is replaced before its end. stable_token
	// gives a new one during the last five minutes, in which both work.
	refreshAhead = 4 * time.Minute
	// tokenMargin covers the way to WeChat.
	tokenMargin = 10 * time.Second
	// leaseTime outlasts a fetch, with its time limit.
	leaseTime = upstreamTimeout + time.Second
	// leasePoll is how often those without any token look whether the lease's
	// holder has one.
	leasePoll = 50 * time.Millisecond
)

// usable reports whether the token can be sent to WeChat.
func (a *accessToken) usable(now int64, stale wxapi.Secret) bool {
	return a.token != "" && a.token != stale && now < a.expires-tokenMargin.Milliseconds()
}

// due reports whether it is time for a new one.
func (a *accessToken) due(now int64) bool {
	return now >= a.expires-refreshAhead.Milliseconds()
}

// tokenSource is the wxapi.TokenSource of one app.
type tokenSource struct {
	m       *Manager
	api     *wxapi.Client
	key     string
	flights singleflight.Group
}

func (m *Manager) newTokenSource(appID string) *tokenSource {
	return &tokenSource{m: m, key: accessPrefix + appID}
}

// Token returns the shared token. Callers in one process share the work.
func (t *tokenSource) Token(ctx context.Context, stale wxapi.Secret) (wxapi.Secret, error) {
	done := t.flights.DoChan(stale.Reveal(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
		defer cancel()
		return t.token(ctx, stale)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-done:
		if r.Err != nil {
			return "", r.Err
		}
		return r.Val.(wxapi.Secret), nil
	}
}

func (t *tokenSource) token(ctx context.Context, stale wxapi.Secret) (wxapi.Secret, error) {
	for {
		a, raw, err := t.read(ctx)
		if err != nil {
			return "", err
		}
		now := t.m.now()
		usable := a.usable(now, stale)
		leased := a.lease > now
		switch {
		case usable && (leased || !a.due(now)):
			return a.token, nil // while somebody refreshes, the old one still works
		case leased:
			if err := pause(ctx, leasePoll); err != nil {
				return "", errWeChat(err)
			}
			continue
		}
		fresh, err := t.refresh(ctx, a, raw, stale)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil && usable {
			t.m.log.WarnContext(ctx, "cannot refresh an access token ahead of its end", "error", err)
			return a.token, nil
		}
		return fresh, err
	}
}

// refresh takes the lease, fetches a token and stores it. ErrConflict means
// that another instance was faster. A token that WeChat has refused is replaced
// by force: asking kindly would give the same one.
func (t *tokenSource) refresh(ctx context.Context, a accessToken, old []byte, stale wxapi.Secret) (wxapi.Secret, error) {
	a.lease = t.m.now() + leaseTime.Milliseconds()
	raw := t.encode(a)
	if err := t.swap(ctx, old, raw, a); err != nil {
		return "", err
	}
	force := stale != "" && stale == a.token
	token, left, err := t.api.FetchToken(ctx, t.m.cfg.AccessToken, force)
	if err != nil {
		t.release(ctx, a, raw)
		return "", err
	}
	fresh := accessToken{token: token, expires: t.m.now() + left.Milliseconds()}
	// Whatever becomes of this write, the token is good.
	if err := t.swap(ctx, raw, t.encode(fresh), fresh); err != nil {
		t.m.log.WarnContext(ctx, "cannot share a new access token", "error", err)
	}
	return token, nil
}

// release gives the lease back, so that the next request can try at once.
func (t *tokenSource) release(ctx context.Context, a accessToken, raw []byte) {
	a.lease = 0
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := t.swap(ctx, raw, t.encode(a), a); err != nil {
		t.m.log.WarnContext(ctx, "cannot release the lease of an access token, it ends by itself", "error", err)
	}
}

// read returns a zero token where there is none, and where none can be opened
// any more: a new one replaces it.
func (t *tokenSource) read(ctx context.Context) (accessToken, []byte, error) {
	raw, err := t.m.store.Get(ctx, t.key)
	if errors.Is(err, ErrNotFound) {
		return accessToken{}, nil, nil
	}
	if err != nil {
		return accessToken{}, nil, errStore(err)
	}
	r := reader{rest: raw}
	version, expires, lease := r.take(1)[0], r.millis(), r.millis()
	if r.bad || version != recordVersion {
		return accessToken{}, raw, nil
	}
	plain, err := t.m.keys.open(t.key, r.rest)
	if err != nil {
		return accessToken{lease: lease}, raw, nil
	}
	return accessToken{wxapi.Secret(plain), expires, lease}, raw, nil
}

func (t *tokenSource) encode(a accessToken) []byte {
	b := make([]byte, 13)
	b[0] = recordVersion
	putMillis(b[1:], a.expires)
	putMillis(b[7:], a.lease)
	return append(b, t.m.keys.seal(t.key, []byte(a.token.Reveal()))...)
}

// swap passes ErrConflict on as it is.
func (t *tokenSource) swap(ctx context.Context, old, raw []byte, a accessToken) error {
	ttl := time.Duration(max(a.expires, a.lease)-t.m.now())*time.Millisecond + time.Minute
	err := t.m.store.Swap(ctx, t.key, old, raw, max(ttl, time.Minute))
	if err != nil && !errors.Is(err, ErrConflict) {
		return errStore(err)
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
