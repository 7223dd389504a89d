package core

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// storedUser is a user record and the bytes it was read from; nil if there are
// none. The user itself is never nil.
type storedUser struct {
	*user
	raw   []byte
	stale bool // sealed with an older key, say: to be written anew
}

// readUser reads a user record. One that counts as absent is replaced by the
// next write.
func (m *Manager) readUser(ctx context.Context, key string) (storedUser, error) {
	found, err := m.values.get(ctx, key)
	if err == nil {
		var u *record.User
		if u, err = record.DecodeUser(found.value.Body()); err == nil {
			return storedUser{&user{User: *u}, found.raw, m.values.ring.Stale(found.value)}, nil
		}
	}
	if !isUnusable(err) && !errors.Is(err, ErrNotFound) {
		return storedUser{}, errStore(err)
	}
	if found.raw != nil {
		m.log.failure(ctx, "a stored user record counts as absent", unusable("user record", err))
	}
	return storedUser{user: new(user), raw: found.raw}, nil
}

// editUser changes the user record under key with fn, which runs again after
// every conflict, on a fresh copy. If fn fails nothing is written, and what it
// changed shows in the returned user only. fn gets an empty user where there
// is no record; one that is still empty afterwards is not created.
func (m *Manager) editUser(ctx context.Context, key string, fn func(u *user) error) (storedUser, error) {
	return m.editStored(ctx, key, nil, fn)
}

// editStored is editUser of a record that was read just now; nil if none was.
//
// In one process the editors of a record take turns, so that many at once cost
// the store two calls each, not a storm of conflicts. Who ends something goes first,
// and who has read the record, which others would make stale.
func (m *Manager) editStored(ctx context.Context, key string, known *storedUser, fn func(u *user) error) (storedUser, error) {
	if err := m.turns.wait(ctx, key, known != nil || IsRevocation(ctx)); err != nil {
		return storedUser{}, errStore(err)
	}
	defer m.turns.done(key)
	for conflicts := range maxSwaps {
		if known == nil {
			read, err := m.readUser(ctx, key)
			if err != nil {
				return storedUser{}, err
			}
			known = &read
		}
		edited, err := m.writeUser(ctx, key, *known, fn)
		if !errors.Is(err, ErrConflict) {
			return edited, err
		}
		known = nil
		if err := m.backOff(ctx, conflicts); err != nil {
			return storedUser{}, err
		}
	}
	return storedUser{}, errStore(errSwaps)
}

// mostTombstones keeps a user's record within what stores take, however many sessions
// a user may have.
const mostTombstones = 2000

// writeUser passes ErrConflict on as it is.
func (m *Manager) writeUser(ctx context.Context, key string, old storedUser, fn func(u *user) error) (storedUser, error) {
	var before []byte // of a new record nothing
	if old.raw != nil {
		before = old.Encode()
	}
	tombstones := 2 * m.cfg.MaxSessions
	if old.ending() > 0 {
		// Until that is done, those that were left before tell the log-outs of dead tokens
		// that it is not.
		tombstones = min(10*tombstones, max(tombstones, mostTombstones))
	}
	if err := fn(old.user); err != nil {
		return old, err
	}
	old.boundTombstones(tombstones)
	old.boundDead(tombstones)
	body := old.Encode()
	if string(body) == string(before) && !old.stale || old.raw == nil && old.isEmpty() {
		return old, nil
	}
	now := m.now()
	written, err := m.values.swap(ctx, key, old.raw, m.values.ring.New(body), old.ttl(now, m.cfg.Lifetime))
	if err != nil && !errors.Is(err, ErrConflict) {
		return storedUser{}, errStore(err)
	}
	if err == nil {
		m.noteEnded(ctx, old.user)
	}
	return storedUser{user: old.user, raw: written.raw}, err
}

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

func (m *Manager) delete(ctx context.Context, key string) error {
	if err := m.values.delete(ctx, key); err != nil {
		return errStore(err)
	}
	return nil
}

// discard deletes a record that nobody holds a token of, after something else
// failed. It runs even if the request is over; a failure costs nothing but
// memory until the record expires. It returns whether the store has answered: if not,
// the client has waited long enough.
func (m *Manager) discard(ctx context.Context, key string) (answered bool) {
	ctx, cancel := afterthought(ctx, afterthoughtTimeout)
	defer cancel()
	if err := m.values.delete(ctx, key); err != nil {
		m.log.failure(ctx, "cannot delete a session that was not handed out", errStore(err))
	}
	return ctx.Err() == nil
}

// backOff waits after a conflict, longer after each, and not as long as the
// others do: whoever lost against another process should not meet it again.
func (m *Manager) backOff(ctx context.Context, conflicts int) error {
	if conflicts == 0 {
		return nil
	}
	most := min(time.Millisecond<<min(conflicts, 5), 20*time.Millisecond)
	if err := m.pause(ctx, rand.N(most)); err != nil {
		return errStore(err)
	}
	return nil
}

// pause waits for d, or until ctx ends.
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
