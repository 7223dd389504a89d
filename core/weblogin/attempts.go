package weblogin

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

// attempts is where attempts are kept.
type attempts struct {
	store core.Store
	now   func() time.Time
	moved func(id string) // is told of every move of this process
	// doubt: the last attempt that was to be created may have been stored, or not.
	doubt atomic.Bool
}

// ttlMargin is how much longer than its life the store keeps an attempt: what
// ends it is its record, and clocks differ.
const ttlMargin = 10 * time.Second

// found is an attempt and the bytes that it was read from.
type found struct {
	attempt
	raw []byte
}

// create stores a new attempt. Of one that it returns an error for, stored reports
// whether it may be there all the same.
//
// A store that has refused has stored nothing. Any other failure leaves that open,
// also where nothing can have been written, as with a store that does not ask its
// server for a moment: its errors do not tell. So after such a failure the store is
// read first. While it is away, that is what fails, and only the failure before
// counts as stored.
func (as *attempts) create(ctx context.Context, id string, a attempt) (stored bool, err error) {
	key := attemptKey(id)
	if as.doubt.Load() {
		if _, err := as.store.Get(ctx, key); err != nil && !errors.Is(err, core.ErrNotFound) {
			return false, err
		}
	}
	err = as.store.Swap(ctx, key, nil, a.encode(), attemptLife+ttlMargin)
	stored = !errors.Is(err, core.ErrFull) && !errors.Is(err, core.ErrConflict)
	as.doubt.Store(err != nil && stored)
	return stored, err
}

// find reads an attempt. Errors are CodeNotFound, for one that is over too, and
// the store's.
func (as *attempts) find(ctx context.Context, id string) (found, error) {
	if !textOf(id, idBytes) {
		return found{}, errNotFound()
	}
	raw, err := as.store.Get(ctx, attemptKey(id))
	var a attempt
	if err == nil {
		a, err = decodeAttempt(raw)
	}
	switch {
	case errors.Is(err, core.ErrNotFound):
		return found{}, errNotFound()
	case err != nil:
		return found{}, err
	case as.left(a) <= 0:
		return found{}, errNotFound()
	}
	return found{a, raw}, nil
}

// left is how long an attempt goes on.
func (as *attempts) left(a attempt) time.Duration { return a.ends().Sub(as.now()) }

// move replaces what was found. core.ErrConflict if it has changed since.
func (as *attempts) move(ctx context.Context, id string, from found, to attempt) error {
	err := as.store.Swap(ctx, attemptKey(id), from.raw, to.encode(), max(0, as.left(to))+ttlMargin)
	if err == nil {
		as.moved(id)
	}
	return err
}

// looking looks whether a swap took place where the store leaves that open. It may
// go by the bytes: claims, leases and secrets are random, and what a user has
// decided is as good if another request of theirs has stored it.
type looking struct{ core.Store }

func (s looking) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	err := s.Store.Swap(ctx, key, old, new, ttl)
	if err == nil || errors.Is(err, core.ErrConflict) || errors.Is(err, core.ErrFull) || ctx.Err() != nil {
		return err
	}
	brief, cancel := context.WithTimeout(ctx, insistence/4)
	defer cancel()
	if found, lost := s.Get(brief, key); lost == nil && bytes.Equal(found, new) {
		return nil
	}
	return err
}

func attemptKey(id string) string { return "scan:" + id }

// maxMoves bounds the repetitions after a conflict. An attempt has few moves in
// it, so only a broken store gets there.
const maxMoves = 20

var errMoves = errors.New("gave up after too many conflicts on one login")

// insistence bounds how long a change is tried that others wait for. The first
// pause between two tries is a twentieth of it.
const insistence = time.Second

// insist tries a change until the store takes it, or says why it does not: a
// failure that passes must not cost a login. It runs even if the request is over.
func insist(ctx context.Context, change func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insistence)
	defer cancel()
	for wait := insistence / 20; ; wait *= 2 {
		err := change(ctx)
		if err == nil || errors.Is(err, core.ErrConflict) || errors.Is(err, core.ErrFull) {
			return
		}
		if pause(ctx, wait, nil, nil); ctx.Err() != nil {
			return
		}
	}
}

// pause waits for d, or until ctx ends or a channel is closed; nil ones never are.
func pause(ctx context.Context, d time.Duration, wake, done <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-wake:
	case <-done:
	}
}
