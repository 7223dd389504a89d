package core

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// Issue starts a session for an identity that the caller vouches for: an import
// of sessions from elsewhere, a login by other means. It goes through OnLogin,
// the index and the cap like a login. "" is the default app; device may be "".
//
// Errors: CodeBadRequest for an openid or a device that cannot be one, and those
// of Login that do not come from WeChat.
func (m *Manager) Issue(ctx context.Context, appID string, id Identity, device string) (token string, s *Session, err error) {
	ctx, end := m.observe(ctx, OpLogin)
	defer func() { end(err) }()
	app, err := m.app(appID)
	if err == nil {
		err = validateDevice(device)
	}
	if err != nil {
		return "", nil, err
	}
	if err := id.validate(); err != nil {
		return "", nil, errBadRequest(err.Error())
	}
	return m.issue(ctx, issuance{app: app, id: id, device: device})
}

// issuance is what a new session is made of.
type issuance struct {
	app     *app
	id      Identity
	device  string
	profile json.RawMessage
	header  Header
	// admit may refuse, by what the user's record says when the session enters it.
	admit func(u *user) error
	// still may refuse once the session is listed.
	still func(ctx context.Context) error
}

func (m *Manager) issue(ctx context.Context, i issuance) (string, *Session, error) {
	f := m.newFields(i)
	if err := m.onLogin(ctx, i, &f); err != nil {
		return "", nil, err
	}
	enter := func(ctx context.Context, u *user, name record.Name) error {
		if i.admit != nil {
			if err := i.admit(u); err != nil {
				return err
			}
		}
		if err := m.makeRoom(ctx, u, ""); err != nil {
			return err
		}
		u.addKey(i.id, m.now())
		u.enter(f, name, i.device, "")
		return nil
	}
	return m.start(ctx, f, beginning{enter: enter, still: i.still, leave: func(u *user) { u.forget(f.ID) }})
}

func (m *Manager) newFields(i issuance) record.Fields {
	now := m.now()
	return record.Fields{
		State: record.Live, ID: newSessionID(), AppID: i.app.id, OpenID: i.id.OpenID, UnionID: i.id.UnionID,
		Created: now, LastSeen: now,
		Idle: m.cfg.IdleTimeout.Milliseconds(), Lifetime: m.cfg.Lifetime.Milliseconds(),
	}
}

// onLogin lets the application give the session its attributes. The session begins
// after that, however long it takes.
func (m *Manager) onLogin(ctx context.Context, i issuance, f *record.Fields) (err error) {
	if m.cfg.OnLogin == nil {
		return nil
	}
	preview := new(Session)
	preview.set(record.Session(m.values.ring.New(f.Encode())))
	d := newDraft(preview)
	d.profile, d.device, d.header = i.profile, i.device, i.header
	if err := m.callOnLogin(ctx, d); err != nil {
		return err
	}
	f.Created = m.now()
	f.LastSeen = f.Created
	if f.Attrs, err = d.encode(); err != nil {
		return errApp(fmt.Errorf("OnLogin has set too much, make it set less, and keep the rest in your database: %w", err))
	}
	return nil
}

// callOnLogin tells a refusal, which is for the client, from a failure, which is
// for the log.
func (m *Manager) callOnLogin(ctx context.Context, d *Draft) (err error) {
	defer m.recoverPanic(ctx, "OnLogin panicked", &err)
	err = m.cfg.OnLogin(ctx, d)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok && e.status != 0 {
		return e
	}
	return errApp(err)
}

// beginning is how a session gets into its user's record.
type beginning struct {
	enter func(ctx context.Context, u *user, n record.Name) error
	// still looks, once the session is listed, whether what it comes from is good: who
	// makes that void later finds the session. In a store that is full the user's
	// record alone does not tell. It may be nil.
	still func(ctx context.Context) error
	// leave takes the session off, and back what enter has used up, where it cannot be
	// handed out: or else the next login would end another session for it.
	leave func(u *user)
}

// start stores a session under a new token, then lets its user's record list it.
// Until both are done nobody has the token, so that a crash in between leaves
// nothing that could be used.
//
// Nor has anybody before the sessions that give way have ended: there would be
// more of them than the cap allows, and a web session beside the one that replaces
// it.
func (m *Manager) start(ctx context.Context, f record.Fields, b beginning) (string, *Session, error) {
	ctx, cancel := m.operation(ctx)
	defer cancel()
	token, key := newToken(), userKey(f.AppID, f.OpenID)
	s, known, err := m.createAndRead(ctx, token, f.Encode(), key)
	var giveWay []record.Revocation
	if err == nil {
		name := s.name
		known, err = m.editStored(ctx, key, &known, func(u *user) error {
			before := slices.Clone(u.Pending)
			err := b.enter(ctx, u, name)
			giveWay = u.endingSince(before)
			return err
		})
	}
	if err != nil {
		if s != nil {
			m.discard(ctx, s.key())
		}
		return "", nil, err
	}
	if err = m.makeWay(ctx, key, known, giveWay); err == nil && b.still != nil {
		err = b.still(ctx)
	}
	if err == nil {
		return token, s, nil
	}
	if m.discard(ctx, s.key()) {
		m.takeBack(ctx, key, b.leave)
	}
	return "", nil, err
}

// makeWay finishes what is to be ended. It fails if one of those that give way is not:
// what somebody else could not end is no reason to lock the user out.
func (m *Manager) makeWay(ctx context.Context, key string, u storedUser, giveWay []record.Revocation) error {
	done, err := m.carryOut(ctx, key, u)
	if err == nil {
		return nil
	}
	for _, p := range giveWay {
		if !slices.ContainsFunc(done, func(d record.Revocation) bool { return d.Record == p.Record }) {
			return err
		}
	}
	m.log.failure(ctx, "cannot clear the list of ended sessions", err)
	return nil
}

// takeBack changes the user's record after something else failed, even if the
// request is over.
func (m *Manager) takeBack(ctx context.Context, key string, leave func(u *user)) {
	ctx, cancel := afterthought(ctx, afterthoughtTimeout)
	defer cancel()
	_, err := m.editUser(ctx, key, func(u *user) error {
		leave(u)
		return nil
	})
	if err != nil {
		m.log.failure(ctx, "cannot undo a login that failed", err)
	}
}

// createAndRead stores a session, and reads the user's record. Both at the same
// time save a login a round trip; a store of this process answers sooner than
// another goroutine starts.
func (m *Manager) createAndRead(ctx context.Context, token string, body []byte, userKey string) (*Session, storedUser, error) {
	if m.local {
		s, err := m.create(ctx, token, body)
		if err != nil {
			return s, storedUser{}, err
		}
		known, err := m.readUser(ctx, userKey)
		return s, known, err
	}
	var (
		known   storedUser
		errRead error
		reading sync.WaitGroup
	)
	reading.Go(func() {
		defer m.recoverPanic(ctx, "a store panicked", &errRead)
		known, errRead = m.readUser(ctx, userKey)
	})
	s, err := m.create(ctx, token, body)
	reading.Wait()
	return s, known, cmp.Or(err, errRead)
}

// create stores a session under a new token. It returns the session even if it
// fails: the record may be there.
func (m *Manager) create(ctx context.Context, token string, body []byte) (*Session, error) {
	s := &Session{name: record.OfToken(token)}
	created, err := m.swapSession(ctx, s.key(), nil, body)
	s.set(record.Session(created.value))
	if err != nil {
		return s, errStore(err)
	}
	return s, nil
}

// forget takes a session off whose token nobody has got.
func (u *user) forget(id string) {
	u.Entries = slices.DeleteFunc(u.Entries, func(e record.Entry) bool { return e.ID == id })
}

// enter lists a new session.
func (u *user) enter(f record.Fields, n record.Name, device, parent string) {
	u.Entries = append(u.Entries, record.Entry{
		ID: f.ID, Created: f.Created, Ends: f.Created + f.Lifetime, Parent: parent, Device: device,
		Records: []record.Entered{{Name: n, Role: record.Current}},
	})
}

// makeRoom keeps the index below the cap: what is dead goes first, then the oldest
// session, but for the one called except. Where a record cannot be read it fails, as
// none that lives gives way to one that may be dead. But what there is no time to look
// at counts as alive: a user with many sessions, on a store that is slow, must be able
// to log in.
func (m *Manager) makeRoom(ctx context.Context, u *user, except string) error {
	if len(u.Entries) < m.cfg.MaxSessions {
		return nil
	}
	took, err := m.dropDead(ctx, u)
	if err != nil {
		return err
	}
	for len(u.Entries) >= m.cfg.MaxSessions {
		oldest := u.oldest(except)
		if oldest == "" {
			return nil
		}
		// The swap of the index, then a look and a write for each record that ends. To fail
		// after that would cost a session for nothing.
		if calls := 2 + 2*len(u.find(oldest).Records); !hasTime(ctx, took, min(calls, mostCalls)) {
			return errStore(errTooSlow)
		}
		u.revoke(oldest, record.ByCap)
	}
	return nil
}

// dropDead drops dead sessions until there is room for one more, or no time for more
// than what follows. It returns how long a look took.
func (m *Manager) dropDead(ctx context.Context, u *user) (took time.Duration, err error) {
	for _, e := range slices.Clone(u.Entries) {
		if len(u.Entries) < m.cfg.MaxSessions || !hasTime(ctx, took, leastCalls+2) {
			break
		}
		began := time.Now()
		_, dead, err := m.readEntry(ctx, e)
		if err != nil {
			return took, err
		}
		took = max(took, time.Since(began))
		u.drop(dead)
	}
	return took, nil
}

const (
	leastCalls = 4  // to end one session that has one record
	mostCalls  = 12 // that are waited for: what is left of a session with more records, the next login ends
)

var errTooSlow = errors.New("it is too slow to end a session for a new one")

// hasTime reports whether ctx has time for so many calls that take so long.
func hasTime(ctx context.Context, each time.Duration, calls int) bool {
	end, ok := ctx.Deadline()
	return !ok || time.Until(end) >= time.Duration(calls)*each
}

// addKey puts the session_key of a login into the user's ring. What WeChat said
// of that key before the login counts no longer.
func (u *user) addKey(id Identity, now int64) {
	key := id.SessionKey.Reveal()
	if key == "" {
		return // a provider without session_keys
	}
	var changed bool
	u.Keys, changed = u.Keys.Add(key, id.answered, now)
	if changed || u.Keys[0].Key == key {
		u.Asked = record.KeyCheck{}
	}
}
