package core

import (
	"context"
	"time"
)

// SessionInfo is a live session as its user may see it in a list of devices.
type SessionInfo struct {
	ID        string // Session.ID
	CreatedAt time.Time
	LastSeen  time.Time // lags behind by up to a twentieth of the idle timeout
	Device    string    // label given at the login; text from the client
}

// Sessions lists the user's live sessions, the oldest first. It also clears
// away what it finds dead.
func (m *Manager) Sessions(ctx context.Context, appID, openID string) ([]SessionInfo, error) {
	key := userKey(appID, openID)
	stored, err := m.readUser(ctx, key)
	u := stored.user
	if u == nil || err != nil {
		return nil, err
	}
	found, dead, err := m.census(ctx, u)
	if err != nil {
		return nil, err
	}
	if len(dead) > 0 || len(u.doomed) > 0 {
		u, err = m.editUser(ctx, key, func(u *user) error {
			u.drop(dead)
			return nil
		})
		if err != nil {
			return nil, err
		}
		return found, m.execute(ctx, key, u)
	}
	return found, nil
}

// census reads every session of the index. It returns what lives, and the
// records that are dead for good: what is missing is never created again, and
// what has expired is never renewed.
func (m *Manager) census(ctx context.Context, u *user) (found []SessionInfo, dead []digest, err error) {
	for _, e := range u.entries {
		info := SessionInfo{ID: e.id, CreatedAt: time.UnixMilli(e.created), Device: e.device}
		for _, d := range e.records {
			var s Session
			if err := m.read(ctx, &s, &d); CodeOf(err) == StoreUnavailable {
				return nil, nil, err
			} else if err != nil || s.rec.check(m.now()) != nil {
				dead = append(dead, d)
			} else if seen := s.LastSeen(); seen.After(info.LastSeen) {
				info.LastSeen = seen
			}
		}
		if !info.LastSeen.IsZero() {
			found = append(found, info)
		}
	}
	return found, dead, nil
}

// Revoke ends one session of the user, by its public id, as another device or
// an administrator does it. NotFound if the user has no such session.
func (m *Manager) Revoke(ctx context.Context, appID, openID, id string) error {
	found := false
	err := m.end(ctx, userKey(appID, openID), func(u *user) error {
		found = u.doomEntry(id, byDevice)
		return nil
	})
	if err == nil && !found {
		return &Error{Code: NotFound, Message: "this user has no session with that id"}
	}
	return err
}

// LogoutUser ends all sessions of the user. When it returns nil, no session
// issued before the call authenticates on any instance; the limits that a
// store sets to this (near cache, asynchronous replication) are in its
// documentation. A user without sessions is no error.
func (m *Manager) LogoutUser(ctx context.Context, appID, openID string) error {
	return m.end(ctx, userKey(appID, openID), func(u *user) error {
		u.doomAll()
		return nil
	})
}

// logoutAll is LogoutUser by the client that has token, the one of s. Its own
// record is the last to be killed, also if the index has lost it: a token that
// is dead already could not ask a second time.
func (m *Manager) logoutAll(ctx context.Context, s *Session, token string) error {
	return m.end(ctx, s.userKey(), func(u *user) error {
		u.doomAll()
		u.doomLast(tokenDigest(token), byEverywhere)
		return nil
	})
}

// Logout ends the session that token stands for; a session's tokens end
// together, those in their grace period too. A token that is dead already is
// no error. NoSession if token cannot be one.
func (m *Manager) Logout(ctx context.Context, token string) error {
	var s Session
	switch err := m.find(ctx, token, &s, m.now()); CodeOf(err) {
	case "":
	case InvalidSession, SessionRevoked:
		return m.bury(ctx, &s)
	default:
		return err
	}
	d := tokenDigest(token)
	return m.end(ctx, s.userKey(), func(u *user) error {
		u.doomEntry(s.ID, byLogout)
		u.doomLast(d, byLogout) // even if the index has been lost
		return nil
	})
}

// bury deletes the record of a token that is dead. If it has expired, a renewal
// that is on its way since just before could still bring it back. If it is
// gone, a store that waits for replicas may have told the client so far only
// that they do not know yet.
func (m *Manager) bury(ctx context.Context, s *Session) error {
	if s.rec != nil && s.rec.state() == revoked {
		return nil
	}
	return m.delete(withRevocation(ctx), s.key.text())
}

// end dooms sessions with fn, then kills them, and finishes what an earlier
// operation left undone.
func (m *Manager) end(ctx context.Context, key string, fn func(*user) error) error {
	ctx = withRevocation(ctx)
	u, err := m.editUser(ctx, key, fn)
	if err != nil {
		return err
	}
	return m.execute(ctx, key, u)
}
