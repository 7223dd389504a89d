package core

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxSwaps bounds the compare-and-swap loops. Every conflict means that
// somebody else succeeded, so only a broken store, or a stampede that deserves
// a 503, gets there.
const maxSwaps = 1000

var errSwaps = fmt.Errorf("gave up after %d conflicts on one key", maxSwaps)

// storedUser is a user record and its bytes; both are nil if there is none.
type storedUser struct {
	*user
	raw []byte
}

func (m *Manager) readUser(ctx context.Context, key string) (storedUser, error) {
	raw, err := m.store.Get(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return storedUser{}, nil
	}
	if err != nil {
		return storedUser{}, errStore(err)
	}
	u, err := decodeUser(raw)
	if err != nil {
		return storedUser{}, errStore(err)
	}
	return storedUser{u, raw}, nil
}

// editUser changes the user record under key with fn, which runs again after
// every conflict, on a fresh copy. If fn fails nothing is written, and what it
// changed shows in the returned user only. fn gets an empty user where there
// is no record; one that is still empty afterwards is not created.
func (m *Manager) editUser(ctx context.Context, key string, fn func(u *user) error) (*user, error) {
	stored, err := m.readUser(ctx, key)
	if err != nil {
		return nil, err
	}
	return m.editStored(ctx, key, stored, fn)
}

// editStored is editUser of a record that was read just now.
func (m *Manager) editStored(ctx context.Context, key string, stored storedUser, fn func(u *user) error) (*user, error) {
	for range maxSwaps {
		u, old := stored.user, stored.raw
		if u == nil {
			u = new(user)
		}
		if err := fn(u); err != nil {
			return u, err
		}
		raw := u.encode()
		if string(raw) == string(old) || old == nil && len(u.entries) == 0 && len(u.doomed) == 0 {
			return u, nil
		}
		err := m.store.Swap(ctx, key, old, raw, u.ttl(m.now(), m.cfg.Lifetime))
		if err == nil {
			return u, nil
		}
		if !errors.Is(err, ErrConflict) {
			return nil, errStore(err)
		}
		if stored, err = m.readUser(ctx, key); err != nil {
			return nil, err
		}
	}
	return nil, errStore(errSwaps)
}

// execute kills the doomed of u, then strikes them off the list. The list was
// stored before, so that whoever comes next finishes what a crash leaves here.
func (m *Manager) execute(ctx context.Context, key string, u *user) error {
	if u == nil || len(u.doomed) == 0 {
		return nil
	}
	ctx = withRevocation(ctx)
	for _, d := range u.doomed {
		if err := m.kill(ctx, d); err != nil {
			return err
		}
	}
	dead := u.doomed
	_, err := m.editUser(ctx, key, func(u *user) error {
		u.pardon(dead)
		return nil
	})
	if err != nil { // all are dead; the list only costs the next operation some deletes
		m.log.WarnContext(ctx, "cannot clear the list of ended sessions", "error", err)
	}
	return nil
}

// kill ends one record: it deletes it, or leaves a tombstone that says why. It
// writes even where it finds the record dead: a store that waits for replicas
// may not have said yes to whoever killed it.
func (m *Manager) kill(ctx context.Context, d doom) error {
	key := d.record.key(sessionPrefix)
	if d.why == byLogout {
		return m.delete(ctx, key)
	}
	for range maxSwaps {
		raw, err := m.store.Get(ctx, key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return errStore(err)
		}
		ttl := m.afterlife(raw)
		if ttl == 0 {
			return m.delete(ctx, key)
		}
		err = m.store.Swap(ctx, key, raw, tombstone(d.why), ttl)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return errStore(err)
		}
	}
	return errStore(errSwaps)
}

// afterlife is how long a tombstone takes the place of a record; 0 if there is
// nobody left to be told.
func (m *Manager) afterlife(raw []byte) time.Duration {
	rec, err := parseRecord(raw)
	now := m.now()
	switch {
	case err != nil:
		return 0
	case rec.state() == revoked:
		return min(m.cfg.Lifetime, maxTombstone)
	case rec.check(now) != nil:
		return 0
	}
	return min(rec.ttl(now), maxTombstone)
}

// maxTombstone bounds how long a revoked token is told why.
const maxTombstone = 24 * time.Hour

func (m *Manager) delete(ctx context.Context, key string) error {
	if err := m.store.Delete(ctx, key); err != nil {
		return errStore(err)
	}
	return nil
}

// discardTimeout is short: what failed before was likely the store's silence,
// and the client has waited for that long enough.
const discardTimeout = 250 * time.Millisecond

// discard deletes a record that nobody holds a token of, after something else
// failed. It runs even if the request is over; a failure costs nothing but
// memory until the record expires.
func (m *Manager) discard(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	if err := m.store.Delete(ctx, key); err != nil {
		m.log.WarnContext(ctx, "cannot delete a session that was not handed out", "error", err)
	}
}
