package weblogin

import (
	"context"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxapi"
)

const (
	// leaseTime outlasts a call to WeChat, which takes five seconds at most, and
	// the wait for a place to make it.
	leaseTime = 8 * time.Second
	// leaseSkew is by how much clocks may differ. To a clock that is a millisecond
	// behind, a new lease ends later than one can.
	leaseSkew = 2 * time.Second
	// leasePatience lets those who wait for an image see the end of a lease whose
	// holder has died.
	leasePatience = leaseTime + leaseSkew + time.Second
	// leaseLookEvery is how often they look.
	leaseLookEvery = 100 * time.Millisecond
	// maxKept bounds an image that is kept; WeChat's have some 100 KB. Memcached
	// takes 1 MiB, with what sealing adds.
	maxKept = 512 << 10
)

// serveCode returns the image that the user scans.
//
// WeChat draws 5,000 codes a minute for an app, so it is asked once for each
// attempt, whichever process the browser's requests reach: the one that stores a
// lease asks, and the image is kept beside the attempt, until that ends. A
// failure is not kept; the next request tries again.
func (l *Login) serveCode(ctx context.Context, req core.Request) (core.Reply, error) {
	v, err := l.visitor(req)
	if err != nil {
		return core.Reply{}, err
	}
	f, err := l.findFor(ctx, v)
	if err != nil {
		return core.Reply{}, err
	}
	img, err := l.picture(ctx, v.id, f.attempt, func() error { return l.wx.LimitAddress(req) })
	if err != nil {
		return core.Reply{}, err
	}
	return core.Reply{Status: 200, Body: img.Data, Header: []core.HeaderField{
		{Name: "Cache-Control", Value: "no-store"},
		{Name: "Content-Type", Value: img.ContentType},
		{Name: "X-Content-Type-Options", Value: "nosniff"},
	}}, nil
}

// picture returns the image, from the store or from WeChat, which is asked if admit
// lets it: as failures are not kept, a browser can have it asked again and again.
func (l *Login) picture(ctx context.Context, id string, a attempt, admit func() error) (wxapi.Image, error) {
	store, key := l.attempts.store, pictureKey(id)
	bell, crowded := l.bells.listen(key) // nobody rings it: it counts who waits
	defer l.bells.leave(key, bell)
	for until := time.Now().Add(leasePatience); time.Now().Before(until); {
		raw, err := store.Get(ctx, key)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return wxapi.Image{}, err
		}
		p, err := decodePicture(raw)
		switch {
		case err == nil && p.drawn():
			return p.image, nil
		case err != nil || !p.leased(l.wx.Now()): // what is malformed is replaced
			if raw != nil { // not the first time
				if err := admit(); err != nil {
					return wxapi.Image{}, err
				}
			}
			lease := picture{until: l.wx.Now().Add(leaseTime).UnixMilli(), mark: randomText(claimBytes)}
			err := store.Swap(ctx, key, raw, lease.encode(), leaseTime+ttlMargin)
			if err == nil {
				return l.draw(ctx, id, a, lease)
			}
			if !errors.Is(err, core.ErrConflict) {
				return wxapi.Image{}, err
			}
		}
		if crowded { // each of those that wait reads the store ten times a second
			break
		}
		if pause(ctx, leaseLookEvery, nil, l.done); l.leaving(ctx) {
			break
		}
	}
	return wxapi.Image{}, errSlow()
}

// draw asks WeChat, and keeps the image in the place of the lease. It does so even
// if the browser has gone: what was asked for once is not asked for again. If the
// store does not take the image, the browser gets it all the same, and the lease
// ends by itself.
func (l *Login) draw(ctx context.Context, id string, a attempt, lease picture) (wxapi.Image, error) {
	img, err := l.ask(ctx, id)
	kept := picture{image: img}
	if err != nil || len(img.Data) > maxKept || len(img.ContentType) > maxMediaType {
		kept = picture{} // a lease that has ended
	}
	insist(ctx, func(ctx context.Context) error {
		return l.attempts.store.Swap(ctx, pictureKey(id), lease.encode(), kept.encode(), max(0, l.attempts.left(a))+ttlMargin)
	})
	return img, err
}

func (l *Login) ask(ctx context.Context, id string) (img wxapi.Image, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	err = l.wx.AskWeChat(ctx, l.cfg.ScanApp, func(c *wxapi.Client) (err error) {
		img, err = c.UnlimitedQRCode(ctx, wxapi.QRCode{Scene: id, Page: l.cfg.ScanPage})
		return err
	})
	return img, err
}

func pictureKey(id string) string { return "code:" + id }

func errSlow() *core.Error {
	return &core.Error{Code: core.CodeWeChatUnavailable, Message: "the code is not drawn yet, try again", RetryAfter: time.Second}
}
