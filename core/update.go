package core

import (
	"context"
	"errors"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Update changes the attributes of a stored session with fn, so that nothing
// is lost when several requests do it at once: fn gets the session as it is
// stored now, and runs again if another change came first. s itself stays as
// it is. An error of fn is returned as it is, and nothing is stored then. When
// Update returns nil, what fn left has been compared and stored, also if it is
// what was there.
//
// A session that was rotated meanwhile is changed under the token that is in use.
// Errors otherwise: CodeBadRequest for attributes over 4 KiB, CodeNoSession for a
// nil session, CodeInvalidSession, CodeSessionRevoked, and CodeStoreUnavailable,
// which leaves open whether the change took place.
func (m *Manager) Update(ctx context.Context, s *Session, fn func(*Draft) error) (err error) {
	ctx, end := m.observe(ctx, OpUpdate)
	defer func() { end(err) }()
	if !s.made() {
		return errNoSession()
	}
	ctx, cancel := m.operation(ctx)
	defer cancel()
	id := s.rec.ID()
	if err := m.turns.wait(ctx, id, false); err != nil {
		return errStore(err)
	}
	defer m.turns.done(id)
	for conflicts := range maxSwaps {
		err := m.update(ctx, s, fn)
		if !errors.Is(err, ErrConflict) {
			return err
		}
		if err := m.backOff(ctx, conflicts); err != nil {
			return err
		}
	}
	return errStore(errSwaps)
}

// update passes ErrConflict on as it is.
func (m *Manager) update(ctx context.Context, s *Session, fn func(*Draft) error) error {
	stored, raw, err := m.inUse(ctx, s.name)
	if err != nil {
		return err
	}
	d := newDraft(stored)
	if err := fn(d); err != nil {
		return err
	}
	attrs, err := d.encode()
	if err != nil {
		return errBadRequest(err.Error())
	}
	if !m.values.ring.Seals() { // sealed values never are the same
		attrs = record.AppendMark(attrs, m.values.mark)
	}
	_, err = m.swapSession(ctx, stored.key(), raw, stored.rec.WithAttrs(attrs))
	if err != nil && !errors.Is(err, ErrConflict) {
		return errStore(err)
	}
	return err
}

// maxHops bounds the way from a record to the one in use: each hop is a rotation
// whose grace period has not ended.
const maxHops = 64

// inUse returns the record that holds the attributes of the session under key,
// and the bytes that stand in the store: from a rotated one on to its successor,
// and from a successor that nobody has used yet back to what it follows. A
// successor is never changed before its first use.
func (m *Manager) inUse(ctx context.Context, name record.Name) (*Session, []byte, error) {
	for range maxHops {
		s, raw, err := m.read(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		switch s.rec.State() {
		case record.Live:
			return s, raw, nil
		case record.Rotated:
			name = s.rec.Link()
			continue
		}
		before := s.rec.Link()
		older, olderRaw, err := m.read(ctx, before)
		switch {
		case CodeOf(err) == CodeStoreUnavailable:
			return nil, nil, err
		case err == nil && older.rec.State() == record.Live:
			return older, olderRaw, nil
		case err == nil && older.rec.State() == record.Fresh:
			name = before
		case err == nil && older.rec.Link() != name: // another successor is in use
			name = older.rec.Link()
		default: // somebody has begun the first use, or the older one has ended
			if err := m.firstUse(ctx, s); err != nil {
				return nil, nil, err
			}
		}
	}
	return nil, nil, errInvalidSession()
}
