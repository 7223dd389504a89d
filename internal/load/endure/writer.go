package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/wxsession/wxsession/core"
)

// attribute is the name of a number that grows with every update.
const attribute = "n"

// Of a hundred calls of a writer so many are of that kind; the rest are logins.
const (
	updateShare     = 30
	logoutShare     = 20
	everywhereShare = 10
)

// awayFor is how long a hot session that was logged out is still asked for,
// before its user comes back.
const awayFor = 3 * time.Second

// writer is one of those who change sessions.
type writer struct {
	*rig
	away []absence // the oldest first
}

// absence is a place among the hot logins whose session has ended.
type absence struct {
	slot  int
	since time.Time
}

func (w *writer) write(ctx context.Context) {
	for ctx.Err() == nil {
		if w.once(context.WithoutCancel(ctx)) == outage {
			pause(ctx, respite)
		}
	}
}

// once acts for one user, if nobody else does.
func (w *writer) once(ctx context.Context) outcome {
	draw := rand.IntN(100)
	if draw >= updateShare+logoutShare+everywhereShare {
		return w.login(ctx)
	}
	i, slot, ok := w.ledger.pick()
	if !ok {
		return served
	}
	l := &w.ledger.logins[i]
	if !w.ledger.lock(l.user) {
		return served
	}
	defer w.ledger.unlock(l.user)
	if l.ended.Load() != 0 {
		return served
	}
	if draw < updateShare {
		return w.update(ctx, i)
	}
	if slot >= 0 {
		w.away = append(w.away, absence{slot, time.Now()})
	}
	if draw < updateShare+logoutShare {
		return w.logout(ctx, i)
	}
	return w.logoutUser(ctx, i)
}

// login lets a user whose hot session has ended come back, or else a user log in
// with another device, or a new one. The new session is a hot one.
func (w *writer) login(ctx context.Context) outcome {
	i, ok := w.ledger.reserve()
	if !ok {
		return served
	}
	slot := w.slot()
	user := w.whose(slot, i)
	defer w.ledger.unlock(user)
	w.ledger.logins[user].devices++
	began := time.Now()
	token, _, err := w.manager().Issue(ctx, "", core.Identity{OpenID: openID(user)}, "phone")
	o := w.settled(w.logins, i, began, err)
	if o == served {
		w.ledger.enter(i, user, token)
		w.ledger.hot[slot].Store(i)
	} else {
		w.away = append(w.away, absence{slot, time.Now()})
	}
	return o
}

// slot is the place among the hot logins that the next one takes.
func (w *writer) slot() int {
	if len(w.away) > 0 && time.Since(w.away[0].since) > awayFor {
		slot := w.away[0].slot
		w.away = w.away[1:]
		return slot
	}
	return rand.IntN(len(w.ledger.hot))
}

// whose returns who logs in, and locks the user: that of the place, or a new one
// who goes by the number of the login.
func (w *writer) whose(slot int, i uint32) uint32 {
	g := w.ledger
	user := g.logins[g.hot[slot].Load()].user
	if rand.IntN(2) == 0 && g.lock(user) {
		if g.logins[user].devices < maxDevices {
			return user
		}
		g.unlock(user)
	}
	g.lock(i)
	return i
}

// settled counts a call that has changed something, or was to.
func (w *writer) settled(k *kind, i uint32, began time.Time, err error) outcome {
	o := outcomeOf(err)
	k.done(time.Since(began), o)
	if o == strange {
		w.ledger.found(odd, i, false, err.Error())
	}
	return o
}

// update writes the next number. One whose outcome is unknown is written again
// by the next update; it cannot take effect after that, which compares and swaps.
func (w *writer) update(ctx context.Context, i uint32) outcome {
	m, l := w.manager(), &w.ledger.logins[i]
	if l.ending.Load() != 0 {
		return served
	}
	before := l.before(w.ledger.now())
	s, err := m.Check(ctx, l.text())
	if o := w.ledger.judge(i, before, s, err); o != served {
		return o
	}
	value := before.value + 1
	began := time.Now()
	err = m.Update(ctx, s, func(d *core.Draft) error {
		d.SetAttrInt(attribute, int64(value))
		return nil
	})
	o := w.settled(w.updates, i, began, err)
	switch o {
	case served:
		l.wrote(value, w.ledger.now())
	case refused:
		w.ledger.judge(i, before, nil, err)
	}
	return o
}

// logout ends one session.
func (w *writer) logout(ctx context.Context, i uint32) outcome {
	l := &w.ledger.logins[i]
	l.beginEnding(w.ledger.now())
	began := time.Now()
	o := w.settled(w.logouts, i, began, w.manager().Logout(ctx, l.text()))
	if o == served {
		l.end(w.ledger.now())
	} else {
		w.timeline.at(time.Now()).unacknowledged.Add(1)
	}
	return o
}

// logoutUser ends all sessions of the login's user.
func (w *writer) logoutUser(ctx context.Context, i uint32) outcome {
	user := w.ledger.logins[i].user
	now := w.ledger.now()
	w.ledger.ofUser(user, func(l *login) { l.beginEnding(now) })
	began := time.Now()
	o := w.settled(w.everywhere, i, began, w.manager().LogoutUser(ctx, "", openID(user)))
	if o == served {
		now := w.ledger.now()
		w.ledger.ofUser(user, func(l *login) { l.end(now) })
	} else {
		w.timeline.at(time.Now()).unacknowledged.Add(1)
	}
	return o
}
