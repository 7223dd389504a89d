package core

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// SessionInfo is a live session as its user may see it in a list of devices. In
// JSON it is as GET /wx/sessions shows it: id, created_at and last_seen in seconds
// since 1970, device. A struct that embeds one is marshalled as one: make it a field.
type SessionInfo struct {
	ID        string // Session.ID
	CreatedAt time.Time
	LastSeen  time.Time // lags behind by up to a twentieth of the idle timeout
	Device    string    // label given at the login; text from the client
}

// shownInfo is a SessionInfo in JSON.
type shownInfo struct {
	ID        string `json:"id"`
	CreatedAt int64  `json:"created_at"`
	LastSeen  int64  `json:"last_seen"`
	Device    string `json:"device"`
}

func (i SessionInfo) shown() shownInfo {
	return shownInfo{i.ID, i.CreatedAt.Unix(), i.LastSeen.Unix(), i.Device}
}

// MarshalJSON writes what a client gets, with times in whole seconds.
func (i SessionInfo) MarshalJSON() ([]byte, error) { return encodeJSON(i.shown()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (i *SessionInfo) UnmarshalJSON(b []byte) error {
	s := i.shown()
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*i = SessionInfo{s.ID, time.Unix(s.CreatedAt, 0), time.Unix(s.LastSeen, 0), s.Device}
	return nil
}

// Sessions lists the user's live sessions, the oldest first; of a user who has none,
// or is not known, an empty list that is not nil, [] in JSON. It also clears away
// what it finds dead, as far as it can. "" is the default app; CodeBadRequest for one
// that is not configured.
func (m *Manager) Sessions(ctx context.Context, appID, openID string) (list []SessionInfo, err error) {
	ctx, end := m.observe(ctx, OpSessions)
	defer func() { end(err) }()
	app, err := m.app(appID)
	if err != nil {
		return nil, err
	}
	ctx, cancel := m.operation(ctx)
	defer cancel()
	key := userKey(app.id, openID)
	u, err := m.readUser(ctx, key)
	if err != nil {
		return nil, err
	}
	found, dead, err := m.readSessions(ctx, u.user)
	if len(dead) == 0 && (err != nil || !u.unfinished()) {
		return found, err
	}
	if err != nil { // what was found dead so far, the next one need not read again
		clearing, cancel := afterthought(ctx, afterthoughtTimeout)
		defer cancel()
		_ = m.clearAway(clearing, key, u, dead)
		return nil, err
	}
	if err := m.clearAway(ctx, key, u, dead); err != nil { // the next one tries again
		m.log.failure(ctx, "cannot clear the list of ended sessions", err)
	}
	return found, nil
}

// clearAway ends what was found dead in u, and finishes what was left to do.
func (m *Manager) clearAway(ctx context.Context, key string, u storedUser, dead []record.Name) error {
	u, err := m.editStored(ctx, key, &u, func(u *user) error {
		u.drop(dead)
		return nil
	})
	if err != nil {
		return err
	}
	return m.finish(ctx, key, u)
}

// readSessions looks at every session of the index. It returns what lives, and
// records that are dead for good: what is missing is never created again, and what
// has expired is never renewed. Where it fails it returns those it has found so far.
func (m *Manager) readSessions(ctx context.Context, u *user) (found []SessionInfo, dead []record.Name, err error) {
	found = []SessionInfo{}
	for _, e := range u.Entries {
		seen, gone, err := m.readEntry(ctx, e)
		if err != nil {
			return nil, dead, err
		}
		dead = append(dead, gone...)
		if seen != 0 {
			found = append(found, SessionInfo{
				ID: e.ID, CreatedAt: time.UnixMilli(e.Created), LastSeen: time.UnixMilli(seen), Device: e.Device,
			})
		}
	}
	slices.SortStableFunc(found, func(a, b SessionInfo) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return found, dead, nil
}

// readEntry returns when the session of e was last seen, 0 if it is dead, and
// records of it that are. One read does where the record in use lives: rotations
// leave up to two dozen others.
func (m *Manager) readEntry(ctx context.Context, e record.Entry) (seen int64, dead []record.Name, err error) {
	if e.Ends <= m.now() {
		for _, r := range e.Records {
			dead = append(dead, r.Name)
		}
		return 0, dead, nil
	}
	if in, ok := current(&e); ok && len(e.Records) > 1 {
		_, rec, err := m.peek(ctx, in.Key(record.SessionPrefix))
		if err != nil || rec != nil && check(rec, m.now()) == nil {
			return lastSeen(rec), nil, err
		}
	}
	return m.readRecords(ctx, e)
}

func lastSeen(rec record.Session) int64 {
	if rec == nil {
		return 0
	}
	return rec.LastSeen()
}

// readRecords is readEntry of each record, and returns all that are dead.
func (m *Manager) readRecords(ctx context.Context, e record.Entry) (seen int64, dead []record.Name, err error) {
	var retiring []record.Name
	for _, r := range e.Records {
		_, rec, err := m.peek(ctx, r.Name.Key(record.SessionPrefix))
		switch {
		case err != nil:
			return 0, nil, err
		case rec != nil && check(rec, m.now()) == nil:
			seen = max(seen, rec.LastSeen())
		case r.Role == record.Retiring: // its successor has yet to take over from it
			retiring = append(retiring, r.Name)
		default:
			dead = append(dead, r.Name)
		}
	}
	if seen == 0 { // nobody is left to take over
		dead = append(dead, retiring...)
	}
	return seen, dead, nil
}
