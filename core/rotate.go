package core

import (
	"context"
	"errors"
)

// Rotate issues a new token for the session of token: same id, same
// attributes, same absolute lifetime. The old token works on for
// Config.RotateGrace, so that requests in flight pass, and so that a client
// that missed the answer can rotate again; the newest token then is the one
// that lives on. A logout with any of them ends the session. In its grace period
// the old token shows the attributes as they were; updates under it go to the
// new one.
//
// Errors: those of Authenticate, and RateLimited for more rotations within one
// grace period than a client can have use for.
func (m *Manager) Rotate(ctx context.Context, token string) (string, *Session, error) {
	var old Session
	if err := m.find(ctx, token, &old, m.now()); err != nil {
		return "", nil, err
	}
	from, err := m.current(ctx, old.key)
	if err != nil {
		return "", nil, err
	}
	from.present(old.face)
	token = newToken()
	d := tokenDigest(token)
	s := m.successor(from, token)
	err = m.create(ctx, s, s.rec)
	if err == nil {
		err = m.listRecord(ctx, s, d)
	}
	if err != nil {
		m.discard(ctx, s.key.text())
		return "", nil, err
	}
	if err := m.supersede(ctx, from.key, s, d); err != nil {
		return "", nil, err
	}
	return token, s, nil
}

// successor copies a live session for a new token.
func (m *Manager) successor(from *Session, token string) *Session {
	appID, openID, unionID := from.owner()
	s := m.newSession(token, fields{
		id: from.rec.id(), appID: appID, openID: openID, unionID: unionID,
		created: from.rec.created(), lastSeen: max(m.now(), from.rec.lastSeen()),
		idle: from.rec.idle(), lifetime: from.rec.lifetime(),
	})
	s.rec = s.rec.withAttrs(from.rec.attrs())
	return s
}

// listRecord adds the new record to the session's entry, before anybody gets
// its token: whoever ends the session from here on ends this record too.
func (m *Manager) listRecord(ctx context.Context, s *Session, d digest) error {
	key := s.userKey()
	u, err := m.editUser(ctx, key, func(u *user) error {
		if e := u.find(s.rec.id()); e != nil && len(e.records) > 1 {
			_, dead, err := m.census(ctx, &user{entries: []entry{*e}})
			if err != nil {
				return err
			}
			u.drop(dead)
		}
		e := u.find(s.rec.id())
		switch {
		case e == nil:
			return errInvalidSession()
		case len(e.records) >= maxRecords:
			return &Error{Code: RateLimited, Message: "the token was rotated too often, use the newest one", RetryAfter: m.cfg.RotateGrace}
		}
		e.records = append(e.records, d)
		return nil
	})
	if err != nil {
		return err
	}
	return m.execute(ctx, key, u)
}

// supersede gives the record under key its grace period and s, whose digest is
// d, as its successor. What was changed under the old token meanwhile moves to
// s first; if another rotation was faster, s follows the record that it made.
//
// When it cannot tell whether it succeeded it leaves s alone: the old record
// may point to it by now.
func (m *Manager) supersede(ctx context.Context, key keyBuffer, s *Session, d digest) error {
	for range maxSwaps {
		from, err := m.current(ctx, key)
		if err != nil {
			if CodeOf(err) != StoreUnavailable {
				m.discard(ctx, s.key.text())
			}
			return err
		}
		if err := m.inherit(ctx, s, from); err != nil {
			return err
		}
		now := m.now()
		used := from.rec.touched(max(now, from.rec.lastSeen())) // or the idle timeout would cut the grace period short
		ended := used.superseded(now+m.cfg.RotateGrace.Milliseconds(), d)
		err = m.store.Swap(ctx, from.key.text(), from.rec, ended, ended.ttl(now))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return errStore(err)
		}
	}
	return errStore(errSwaps)
}

// inherit brings the attributes of s, which nobody uses yet, up to those of from.
func (m *Manager) inherit(ctx context.Context, s, from *Session) error {
	if string(s.rec.attrs()) == string(from.rec.attrs()) {
		return nil
	}
	raw := s.rec.withAttrs(from.rec.attrs())
	err := m.store.Swap(ctx, s.key.text(), s.rec, raw, raw.ttl(m.now()))
	if errors.Is(err, ErrConflict) { // only whoever ends the session touches its record
		return errInvalidSession()
	}
	if err != nil {
		return errStore(err)
	}
	s.rec = raw
	return nil
}
