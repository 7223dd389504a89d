package core

import (
	"context"
	"errors"
	"slices"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Revoke ends one session of the user, by its public id, as another device or
// an administrator does it. CodeNotFound if the user has no such session; after
// CodeStoreUnavailable that may mean that the call before has ended it.
// CodeBadRequest for an app that is not configured; "" is the default one.
func (m *Manager) Revoke(ctx context.Context, appID, openID, id string) error {
	found := false
	err := m.endOf(ctx, appID, openID, func(u *user) error {
		if found = u.revoke(id, record.ByDevice); found {
			u.newEpoch() // what it has approved is void
		}
		return nil
	})
	if err == nil && !found {
		return errNoSuchSession()
	}
	return err
}

func errNoSuchSession() *Error {
	return &Error{Code: CodeNotFound, Message: "this user has no session with that id"}
}

// LogoutUser ends all sessions of the user. When it returns nil, no session
// issued before the call authenticates on any instance; the limits that a
// store sets to this (near cache, asynchronous replication, a store that has lost
// the user's record) are in the package documentation. A user without sessions
// is no error. In a store that is full it ends what is listed, and may fail with
// CodeStoreUnavailable all the same: what else is void has to be written down.
//
// CodeBadRequest for an app that is not configured, as nobody can tell a typing error
// from a user without sessions; "" is the default one.
func (m *Manager) LogoutUser(ctx context.Context, appID, openID string) error {
	return m.endOf(ctx, appID, openID, func(u *user) error {
		m.endAll(u)
		return nil
	})
}

// endOf is end of a user that the caller has named.
func (m *Manager) endOf(ctx context.Context, appID, openID string, fn func(*user) error) error {
	app, err := m.app(appID)
	if err != nil {
		return err
	}
	return m.end(ctx, userKey(app.id, openID), fn)
}

// LogoutOthers ends all sessions of the user of s, but s and what it has handed
// over: after a change of password, say. A session that has ended meanwhile has
// no such power: CodeInvalidSession, CodeSessionRevoked.
func (m *Manager) LogoutOthers(ctx context.Context, s *Session) error {
	if err := m.lives(ctx, s); err != nil {
		return err
	}
	return m.end(ctx, s.userKey(), func(u *user) error {
		if err := m.stillLives(ctx, u, s); err != nil {
			return err
		}
		u.revokeAll(s.rec.ID(), record.ByDevice)
		u.newEpoch() // what they have approved is void
		return nil
	})
}

// lives asks the store itself whether s lives: a cache near by, which may have
// let the request pass, is no reason to end anything else.
func (m *Manager) lives(ctx context.Context, s *Session) error {
	if !s.made() {
		return errNoSession()
	}
	ctx, cancel := m.operation(ctx)
	defer cancel()
	_, _, err := m.inUse(ctx, s.name)
	return err
}

// stillLives looks again at a session that u does not list. It may have ended since
// it was read: then it must not end what has come after it.
func (m *Manager) stillLives(ctx context.Context, u *user, s *Session) error {
	if u.find(s.rec.ID()) != nil {
		return nil
	}
	_, _, err := m.read(ctx, s.name)
	return err
}

// endAll also ends sessions that the index has lost, when they turn up.
func (m *Manager) endAll(u *user) {
	u.revokeAll("", record.ByEverywhere)
	u.newEpoch()
	u.EndedAt = max(u.EndedAt, m.now())
	u.owes = true
}

// logoutAll is LogoutUser by the client that has s, also if that has asked for less
// before, which was not done.
func (m *Manager) logoutAll(ctx context.Context, s *Session) error {
	name := s.name
	return m.end(ctx, s.userKey(), func(u *user) error {
		i := slices.IndexFunc(u.Pending, func(p record.Revocation) bool { return p.Record == name })
		switch {
		case i < 0:
			if err := m.stillLives(ctx, u, s); err != nil {
				return err
			}
		case u.Pending[i].Why == record.Unused:
			return errInvalidSession()
		case u.Pending[i].Why != record.ByEverywhere && u.Pending[i].Why != record.ByLogout:
			return errRevoked(u.Pending[i].Why)
		}
		m.endAll(u)
		u.revokeRecord(name, record.ByEverywhere) // the index may have lost it
		u.asks = name
		return nil
	})
}

// Logout ends the session that token stands for; a session's tokens end
// together, those in their grace period too, and the web session that it has
// handed over. A token that is dead already is no error. CodeNoSession if token
// cannot be one.
func (m *Manager) Logout(ctx context.Context, token string) error {
	return m.endToken(ctx, token, func() error { return nil })
}

// endToken asks dead before it writes on behalf of a token that is dead.
func (m *Manager) endToken(ctx context.Context, token string, dead func() error) error {
	if !tokenShaped(token) {
		return errNoSession()
	}
	s := &Session{name: record.OfToken(token)}
	_, rec, err := m.peek(ctx, s.key())
	switch {
	case err != nil:
		return err
	case rec == nil || rec.State() == record.Revoked || rec.State() == record.Rotated && check(rec, m.now()) != nil:
		if err := dead(); err != nil {
			return err
		}
		return m.deleteDead(ctx, s.name, rec)
	}
	// One that has expired may be in use elsewhere: by a request that came a moment
	// sooner, or a clock that is behind. What that makes of it, the index knows.
	s.set(rec)
	if m.apps[s.AppID] == nil {
		return nil // no session of ours
	}
	return m.LogoutSession(ctx, s)
}

// LogoutSession is Logout for a handler that has the session of its request, and
// not the token.
func (m *Manager) LogoutSession(ctx context.Context, s *Session) error {
	if !s.made() {
		return errNoSession()
	}
	return m.end(ctx, s.userKey(), func(u *user) error { return m.endSession(ctx, u, s, record.ByLogout) })
}

// endSession revokes a session, even if the index has lost it: then by what its
// records say of each other, as others of its tokens may live. It does not wait for
// what others have listed before.
func (m *Manager) endSession(ctx context.Context, u *user, s *Session, why record.Reason) error {
	listed := len(u.Pending)
	if !u.revoke(s.rec.ID(), why) {
		linked, err := m.linked(ctx, s.name)
		if err != nil {
			return err
		}
		for _, n := range linked {
			u.revokeRecord(n, why)
		}
	}
	u.revokeRecord(s.name, why)
	u.Pending = slices.Concat(u.Pending[listed:], u.Pending[:listed])
	u.asks = s.name
	return nil
}

// linked returns the records that lead from the one called n to others of its
// session: those that follow a rotated one, and what a successor follows that
// nobody has used.
func (m *Manager) linked(ctx context.Context, n record.Name) (names []record.Name, err error) {
	for at := n; len(names) < maxHops; names = append(names, at) {
		_, rec, err := m.peek(ctx, at.Key(record.SessionPrefix))
		if err != nil {
			return nil, err
		}
		if rec == nil || rec.State() != record.Rotated && rec.State() != record.Fresh {
			break
		}
		if at = rec.Link(); at == n || slices.Contains(names, at) {
			break
		}
	}
	return names, nil
}

// deleteDead deletes the record of a token that is dead: rotated away, ended, or
// gone. A store that waits for replicas may have told the client so far only that
// they do not know yet: so it is written again. What was to end with it may not have
// been reached either: a tombstone tells whose it is, and the client hears of no
// success before that has ended, too.
func (m *Manager) deleteDead(ctx context.Context, n record.Name, rec record.Session) error {
	ctx, cancel := m.operation(withRevocation(ctx))
	defer cancel()
	if rec != nil && rec.State() == record.Revoked {
		return m.endAgain(ctx, rec.User(), record.Revocation{Record: n, Why: rec.Why()})
	}
	return m.delete(ctx, n.Key(record.SessionPrefix))
}

// endAgain finishes what the user lists, and writes a tombstone again. Whoever has a
// dead token may ask for that as often as they like: one of them at a time, and beside
// the line of those who change the user's record.
func (m *Manager) endAgain(ctx context.Context, user record.Name, p record.Revocation) error {
	key := user.Key(record.UserPrefix)
	if err := m.deadTurns.wait(ctx, key, false); err != nil {
		return errStore(err)
	}
	defer m.deadTurns.done(key)
	u, err := m.readUser(ctx, key)
	if err == nil {
		err = m.finish(ctx, key, u)
	}
	if err != nil {
		return err
	}
	if p.Why != record.ByLogout {
		if err := m.endRecord(ctx, user, p); !errors.Is(err, ErrFull) {
			return err
		}
	}
	return m.delete(ctx, p.Record.Key(record.SessionPrefix))
}

// end lists revocations with fn, then carries them out, and finishes what an
// earlier operation left undone.
func (m *Manager) end(ctx context.Context, key string, fn func(*user) error) (err error) {
	ctx, end := m.observe(ctx, OpRevoke)
	defer func() { end(err) }()
	ctx, cancel := m.operation(withRevocation(ctx))
	defer cancel()
	u, err := m.editUser(ctx, key, fn)
	if errors.Is(err, ErrFull) {
		return m.endInFullStore(ctx, key, fn)
	}
	if CodeOf(err) == CodeStoreUnavailable && !errors.Is(err, errTurns) {
		// The list may stand all the same: a store that waits for replicas says so only
		// when they have it.
		if u, errRead := m.readUser(ctx, key); errRead == nil {
			_ = m.finish(ctx, key, u)
		}
		return err
	}
	if err != nil {
		return err
	}
	return m.finish(ctx, key, u)
}
