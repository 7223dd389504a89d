package core

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// finish does what the user record lists as to be done, then strikes it off. The
// list was stored before, so that whoever comes next finishes what a crash
// leaves here.
//
// Where it fails, or its time is over, it strikes off what it has done, for which it
// has the time of one more call: a list that is too long for one operation gets
// shorter with each. What could not be done goes behind the rest.
func (m *Manager) finish(ctx context.Context, key string, u storedUser) error {
	_, err := m.carryOut(ctx, key, u)
	return err
}

// carryOut is finish, and returns what it has ended.
func (m *Manager) carryOut(ctx context.Context, key string, u storedUser) (done []record.Revocation, err error) {
	if u.user == nil || !u.unfinished() {
		return nil, nil
	}
	retiring, cancel := halfTime(ctx) // where that fails, others still end
	retired, err := m.retire(retiring, u.user)
	cancel()
	o, errEnd := m.endRecords(withRevocation(ctx), record.NameIn(key), u.user)
	if err = cmp.Or(errEnd, err); err != nil {
		if len(o.done)+len(o.dead)+len(o.failed)+len(retired) == 0 {
			return nil, err
		}
		var cancel context.CancelFunc
		ctx, cancel = afterthought(ctx, m.lastCall())
		defer cancel()
	}
	if _, errList := m.editStored(ctx, key, &u, func(u *user) error {
		u.postpone(o.failed)
		u.finish(o, retired)
		return nil
	}); errList != nil { // it only costs the next operation some deletes
		m.log.failure(ctx, "cannot clear the list of ended sessions", errList)
	}
	return o.done, err
}

// endings are what endRecords has come to.
type endings struct {
	done   []record.Revocation
	dead   []record.Revocation // have a tombstone, and are to be deleted when all others have ended
	failed []record.Revocation
}

// endRecords ends what it can: what cannot be reached keeps nothing else alive.
//
// A log-out with a token whose record is not there succeeds. So the record of one who
// logs out is deleted only when all that is listed has ended. Where there is more than
// that, a tombstone takes its place first: whoever asks again, by whichever token of
// the session, finds the list and goes on here.
//
// The record of the token that asks is the last to go without a tombstone.
func (m *Manager) endRecords(ctx context.Context, user record.Name, u *user) (o endings, err error) {
	var silent, leaving []record.Revocation // that find no room for a tombstone; that are deleted when all is dead
	for _, p := range u.Pending {
		if p.Why == record.ByLogout && (p.Dead || len(u.Pending) == 1) {
			leaving = append(leaving, p)
			continue
		}
		if ctx.Err() != nil {
			return o, cmp.Or(err, error(errStore(ctx.Err())))
		}
		switch errEnd := m.endRecord(ctx, user, p); {
		case errors.Is(errEnd, ErrFull):
			silent = append(silent, p)
		case errEnd != nil:
			o.failed, err = append(o.failed, p), cmp.Or(err, errEnd)
		case p.Why == record.ByLogout:
			o.dead, leaving = append(o.dead, p), append(leaving, p)
		default:
			o.done = append(o.done, p)
		}
	}
	if err != nil {
		o.failed = append(o.failed, silent...)
		return o, err
	}
	last := func(p record.Revocation) int { return count(p.Record == u.asks) }
	slices.SortStableFunc(silent, func(a, b record.Revocation) int { return cmp.Compare(last(a), last(b)) })
	err = m.deleteAll(ctx, slices.Concat(silent, leaving), &o)
	return o, err
}

// deleteAll leaves the records of those who log out where another could not be deleted.
func (m *Manager) deleteAll(ctx context.Context, list []record.Revocation, o *endings) (err error) {
	for _, p := range list {
		switch {
		case ctx.Err() != nil:
			return cmp.Or(err, error(errStore(ctx.Err())))
		case err != nil && p.Why == record.ByLogout:
			continue
		}
		if errDelete := m.delete(ctx, p.Record.Key(record.SessionPrefix)); errDelete != nil {
			o.failed, err = append(o.failed, p), cmp.Or(err, errDelete)
			continue
		}
		o.done = append(o.done, p)
	}
	return err
}

// endRecord deletes one record, or leaves a tombstone that says why. It writes
// even where it finds the record dead: a store that waits for replicas may not
// have said yes to whoever ended it. ErrFull where there is no room to say why.
func (m *Manager) endRecord(ctx context.Context, user record.Name, p record.Revocation) error {
	key := p.Record.Key(record.SessionPrefix)
	if p.Why == record.Unused {
		return m.delete(ctx, key)
	}
	for conflicts := range maxSwaps {
		found, err := m.values.get(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) && !isUnusable(err) {
			return errStore(err)
		}
		now := m.now()
		why, until := tombstoneOf(found.value, p.Why, now, m.cfg.Lifetime)
		if until <= now {
			return m.delete(ctx, key)
		}
		_, err = m.values.swap(ctx, key, found.raw, m.values.ring.New(record.Tombstone(why, until, user)), millisUntil(until, now))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return errStore(err)
		}
		if err := m.backOff(ctx, conflicts); err != nil {
			return err
		}
	}
	return errStore(errSwaps)
}

// tombstoneOf returns what the tombstone that takes the place of a record says, and
// until when; 0 if there is nobody left to be told. Of two reasons the first holds.
// Whoever logs out may ask again even by a token that has expired.
func tombstoneOf(v record.Value, why record.Reason, now int64, lifetime time.Duration) (record.Reason, int64) {
	if v == nil {
		return why, 0
	}
	rec, err := record.ParseSession(v)
	switch {
	case err != nil:
		return why, 0
	case rec.State() == record.Revoked:
		return rec.Why(), rec.Until()
	case why == record.ByLogout:
		return why, now + max(maxTombstone, lifetime).Milliseconds()
	case check(rec, now) != nil:
		return why, 0
	}
	return why, min(expiresAt(rec), now+maxTombstone.Milliseconds())
}

// maxTombstone bounds how long a revoked token is told why.
const maxTombstone = 24 * time.Hour
