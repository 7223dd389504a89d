package core

import (
	"context"
	"errors"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Authenticate returns the session that token stands for and renews it: its
// idle timeout starts anew. Most users have an adapter's middleware call it.
//
// It costs one read of the store; a renewal, once in a twentieth of the idle
// timeout, a write and a read more, or what an operation on the user may take where
// one before has left something to do. A renewal that fails does not fail the
// request. The first use of a token that Rotate has made costs some calls, and
// fails with CodeStoreUnavailable where the store does. Errors: CodeNoSession,
// CodeInvalidSession, CodeSessionRevoked, CodeStoreUnavailable.
func (m *Manager) Authenticate(ctx context.Context, token string) (*Session, error) {
	s, buf := m.newSession()
	if err := m.authenticate(ctx, token, s, buf); err != nil {
		return nil, err
	}
	return s, nil
}

// Check is Authenticate without the renewal: the server's counterpart of
// wx.checkSession.
func (m *Manager) Check(ctx context.Context, token string) (*Session, error) {
	ctx, end := m.observe(ctx, OpCheck)
	s, buf := m.newSession()
	err := m.find(ctx, token, s, buf, m.now())
	end(err)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (m *Manager) authenticate(ctx context.Context, token string, s *Session, buf []byte) error {
	if m.cfg.Observe == nil {
		return m.use(ctx, token, s, buf)
	}
	ctx, end := m.observe(ctx, OpAuthenticate)
	err := m.use(ctx, token, s, buf)
	end(err)
	return err
}

// use is authenticate, unobserved.
func (m *Manager) use(ctx context.Context, token string, s *Session, buf []byte) error {
	now := m.now()
	err := m.find(ctx, token, s, buf, now)
	if err == nil && m.due(s, now) {
		m.renew(ctx, s, now)
	}
	return err
}

// due reports whether use of s at now is worth a write.
func (m *Manager) due(s *Session, now int64) bool {
	return renewalDue(s.rec, now) || m.values.ring.Stale(record.Value(s.rec)) && s.rec.State() == record.Live
}

// find makes s the live session of token.
func (m *Manager) find(ctx context.Context, token string, s *Session, buf []byte, now int64) error {
	// A store of this process has looked sooner than the shape is checked.
	if len(token) != record.TokenLen || !m.local && !tokenShaped(token) {
		return errNoSession()
	}
	s.name = record.OfToken(token)
	value, err := m.values.getNear(ctx, buf, record.SessionPrefix, s.name)
	if err != nil {
		if m.local && !tokenShaped(token) {
			return errNoSession()
		}
		return sessionError(err)
	}
	if err := m.load(s, value, now); err != nil {
		return err
	}
	if s.rec.State() == record.Fresh {
		return m.firstUse(ctx, s)
	}
	return nil
}

// load makes s the view of a record, if that lives.
func (m *Manager) load(s *Session, value record.Value, now int64) error {
	rec, err := record.ParseSession(value)
	if err != nil {
		return sessionError(err)
	}
	if err := check(rec, now); err != nil {
		return err
	}
	s.set(rec)
	if s.AppID != m.first.id && m.apps[s.AppID] == nil { // of a service that shares store and prefix
		return errInvalidSession()
	}
	return nil
}

// read returns the live session called name, as the store itself has it, and the
// bytes that stand there.
func (m *Manager) read(ctx context.Context, name record.Name) (*Session, []byte, error) {
	s := &Session{name: name}
	found, err := m.values.get(ctx, s.key())
	if err != nil {
		return nil, found.raw, sessionError(err)
	}
	return s, found.raw, m.load(s, found.value, m.now())
}

// swapSession stores a session's body, for as long as that says that it lives.
func (m *Manager) swapSession(ctx context.Context, key string, old, body []byte) (stored, error) {
	value := m.values.ring.New(body)
	return m.values.swap(ctx, key, old, value, ttl(record.Session(value), m.now()))
}

// renew writes down that s is in use. A conflict means that another request
// renewed, changed or ended the session meanwhile, and none of these must be
// undone; a store that does not take it gets another chance at the next request.
// What heal could not do waits for the next renewal, or for the next operation on
// the user.
func (m *Manager) renew(ctx context.Context, s *Session, now int64) {
	ctx, end := m.observe(ctx, OpRenew)
	ctx, cancel := m.operation(ctx)
	defer cancel()
	renewed, err := m.swapSession(ctx, s.key(), m.values.raw(s), s.rec.Touch(max(now, s.rec.LastSeen())))
	if err == nil {
		s.set(record.Session(renewed.value)) // nothing else has changed
		err = m.heal(ctx, s)
	}
	end(err)
	if err != nil && !errors.Is(err, ErrConflict) && !isEnded(err) {
		m.log.failure(ctx, "cannot renew a session", asError(err))
	}
}

// heal lists a session that its user's record does not know: the store may have
// evicted that record, or gone back to an older one. Whoever logs the user out
// everywhere would miss it. One that is older than the last log-out everywhere
// ends instead, and so does one that somebody was about to end and did not come to.
// A record that was sealed with an older key is written anew. It fails if the session
// has ended meanwhile.
func (m *Manager) heal(ctx context.Context, s *Session) error {
	key, name := s.userKey(), s.name
	known, err := m.readUser(ctx, key)
	switch {
	case err != nil || known.hasInUse(s.rec.ID(), name) && !known.stale:
		return err
	case known.isPending(name):
		known.endFirst(name)
		if err := m.finish(ctx, key, known); err != nil {
			return err
		}
		return m.refresh(ctx, s) // which tells why it has ended
	}
	u, err := m.editStored(ctx, key, &known, func(u *user) error { return m.relist(ctx, u, s) })
	if err != nil {
		return err
	}
	return m.finish(ctx, key, u)
}

// hasInUse reports whether n is listed as what it is: the record in use.
func (u *user) hasInUse(id string, n record.Name) bool {
	r := findRecord(u.find(id), n)
	return r != nil && r.Role == record.Current
}

// relist is user.relist for a session that is read again where u does not list
// it. u was read before, so a session that left it by ending is gone by now: it
// must not be listed, as others would take the list for a proof that it lives.
func (m *Manager) relist(ctx context.Context, u *user, s *Session) error {
	if findRecord(u.find(s.rec.ID()), s.name) == nil {
		if err := m.refresh(ctx, s); err != nil || s.rec.State() != record.Live {
			return err
		}
	}
	u.relist(s.rec, s.name)
	return nil
}

// relist enters a live record that is listed as something else, or not at all.
func (u *user) relist(rec record.Session, n record.Name) {
	r := findRecord(u.find(rec.ID()), n)
	switch {
	case u.isPending(n):
	case r == nil && rec.Created() <= u.EndedAt:
		u.revokeRecord(n, record.ByEverywhere)
	case r == nil:
		e := u.entryOf(rec)
		e.Records = append(e.Records, record.Entered{Name: n, Role: record.Successor})
		promote(e, n)
	case r.Role == record.Retired:
		r.Role = record.Retiring // the store has lost that it was rotated away
	case r.Role == record.Successor:
		promote(u.find(rec.ID()), n)
	}
}
