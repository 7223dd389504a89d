package core

import (
	"context"
	"errors"
)

// Update changes the attributes of a stored session with fn, so that nothing
// is lost when several requests do it at once: fn gets the session as it is
// stored now, and runs again if another change came first. s itself stays as
// it is. An error of fn is returned as it is, and nothing is stored then.
//
// A session that was rotated meanwhile is changed under its new token. Errors
// otherwise: BadRequest for attributes over 4 KiB, InvalidSession,
// SessionRevoked, StoreUnavailable.
func (m *Manager) Update(ctx context.Context, s *Session, fn func(*Session) error) error {
	if s == nil || s.rec == nil {
		return errNoSession() // none that a manager has made
	}
	for range maxSwaps {
		current, err := m.current(ctx, s.key)
		if err != nil {
			return err
		}
		current.present(s.face)
		if err := fn(current); err != nil {
			return err
		}
		raw, err := current.changed()
		if err != nil {
			return err
		}
		if string(raw) == string(current.rec) {
			return nil
		}
		err = m.store.Swap(ctx, current.key.text(), current.rec, raw, raw.ttl(m.now()))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return errStore(err)
		}
	}
	return errStore(errSwaps)
}

// current reads the live session under key, following rotations to the record
// whose token is the newest. Whose it is the caller knows.
func (m *Manager) current(ctx context.Context, key keyBuffer) (*Session, error) {
	for range maxRecords + 1 {
		s := &Session{key: key}
		if err := m.fetch(ctx, s); err != nil {
			return nil, err
		}
		if err := s.rec.check(m.now()); err != nil {
			return nil, err
		}
		if s.rec.state() == live {
			return s, nil
		}
		next := s.rec.next()
		key.put(sessionPrefix, &next)
	}
	return nil, errInvalidSession()
}
