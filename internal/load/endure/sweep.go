package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/wxsession/wxsession/core"
)

// swept is what the comparison with the store has looked at.
type swept struct {
	repeated, ended, alive int
	lists                  atomic.Int64
}

// maxLists bounds the users whose lists of sessions are read.
const maxLists = 20_000

// sweep compares the ledger with what the store itself has, when all is quiet.
func (r *rig) sweep(ctx context.Context) error {
	m, err := r.open(ctx, r.storeWithoutCache())
	if err != nil {
		return err
	}
	fmt.Fprintln(r.progress, "comparing the ledger with the store …")
	return r.compare(ctx, m)
}

// compare wants a manager without a near cache.
func (r *rig) compare(ctx context.Context, m *core.Manager) error {
	if err := r.repeatLogouts(ctx, m); err != nil {
		return err
	}
	if !pause(ctx, ms(settle+500)) {
		return ctx.Err()
	}
	ended := r.sample(func(l *login) bool { return l.ended.Load() != 0 })
	alive := r.sample(func(l *login) bool { return l.issued.Load() != 0 && l.ending.Load() == 0 })
	r.swept.ended, r.swept.alive = len(ended), len(alive)
	all := append(ended, alive...)
	return inParallel(ctx, r.workers, len(all), func(ctx context.Context, n int) error {
		listed := n >= len(ended) && n < len(ended)+maxLists
		return r.sweepOne(ctx, m, all[n], listed)
	})
}

// repeatLogouts sends those again whose outcome nobody knows, until they are
// acknowledged.
func (r *rig) repeatLogouts(ctx context.Context, m *core.Manager) error {
	var unclear []uint32
	for i := range r.ledger.filled() {
		if r.ledger.logins[i].unclear() {
			unclear = append(unclear, uint32(i))
		}
	}
	r.swept.repeated = len(unclear)
	return inParallel(ctx, r.workers, len(unclear), func(ctx context.Context, n int) error {
		l := &r.ledger.logins[unclear[n]]
		if err := insist(ctx, func() error { return m.Logout(ctx, l.text()) }); err != nil {
			return fmt.Errorf("a log-out is still not acknowledged although all nodes are back: %w", err)
		}
		l.end(r.ledger.now())
		return nil
	})
}

// filled is how many places of the ledger have been taken.
func (g *ledger) filled() int { return int(min(g.taken.Load(), int64(len(g.logins)))) }

// sample draws from the logins that fit: all, or about -sweep of them.
func (r *rig) sample(fits func(*login) bool) []uint32 {
	var found []uint32
	for i := range r.ledger.filled() {
		if fits(&r.ledger.logins[i]) {
			found = append(found, uint32(i))
		}
	}
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	return found[:min(len(found), r.options.sweep)]
}

func (r *rig) sweepOne(ctx context.Context, m *core.Manager, i uint32, listed bool) error {
	l := &r.ledger.logins[i]
	before := l.before(r.ledger.now())
	var s *core.Session
	err := insist(ctx, func() (err error) {
		s, err = m.Check(ctx, l.text())
		return err
	})
	switch r.ledger.judge(i, before, s, err) {
	case outage:
		return fmt.Errorf("the store does not answer although all nodes are back: %w", err)
	case served:
		if listed {
			return r.wantListed(ctx, m, i, s)
		}
	}
	return nil
}

// wantListed looks for a live session where its user would look for it.
func (r *rig) wantListed(ctx context.Context, m *core.Manager, i uint32, s *core.Session) error {
	var list []core.SessionInfo
	err := insist(ctx, func() (err error) {
		list, err = m.Sessions(ctx, "", s.OpenID)
		return err
	})
	if err != nil {
		return errors.Join(errors.New("a user's list of sessions cannot be read"), err)
	}
	r.swept.lists.Add(1)
	if !slices.ContainsFunc(list, func(info core.SessionInfo) bool { return info.ID == s.ID }) {
		r.ledger.found(unlisted, i, r.ledger.unpromised(r.ledger.logins[i].issued.Load()), fmt.Sprintf("%d others are listed", len(list)))
	}
	return nil
}
