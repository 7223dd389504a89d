package core

import (
	"context"
	"errors"
	"math/rand/v2"
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
