package core

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// A rotation goes through two steps. Rotate makes a record for the new token,
// and lists it as a successor; the old token stays in use, as the client may
// never get the answer. With the first use of the new token its record becomes
// the session's own; the older one retires, which begins its grace period, and
// so do other successors that nobody has used. The user's record
// decides both, so that whoever is later sees who was first.
//
// The older record is frozen before the newer one takes its attributes over, so
// that no update falls between them.

// Rotate issues a new token for the session of token: same id, same
// attributes, same absolute lifetime. The old token works on as before until the
// new one is first used, and for Config.RotateGrace from then on, so that requests
// in flight pass; a client that missed the answer rotates again. A logout with
// any of them ends the session.
//
// To rotate a token whose successor is in use ends the whole session, with
// CodeSessionRevoked: somebody else has one of the two. Other errors are those
// of Authenticate.
func (m *Manager) Rotate(ctx context.Context, token string) (newToken string, s *Session, err error) {
	ctx, end := m.observe(ctx, OpRotate)
	defer func() { end(err) }()
	ctx, cancel := m.operation(ctx)
	defer cancel()
	from, err := m.findStored(ctx, token)
	if err != nil {
		return "", nil, err
	}
	if err := m.touch(ctx, from); err != nil {
		return "", nil, err
	}
	if from.rec.State() == record.Rotated {
		return "", nil, m.endStolen(ctx, from)
	}
	newToken, s, err = m.newSuccessor(ctx, from)
	if err == nil {
		err = m.listSuccessor(ctx, from, s.name)
	}
	if err != nil {
		if s != nil {
			m.discard(ctx, s.key())
		}
		return "", nil, err
	}
	return newToken, s, nil
}

// touch writes down that a session is in use, and sees to it that it is listed:
// its client may have nothing but this token for long, and a successor must not
// outlive the record that it takes its attributes from.
func (m *Manager) touch(ctx context.Context, s *Session) error {
	for conflicts := 0; s.rec.State() == record.Live; conflicts++ {
		touched, err := m.swapSession(ctx, s.key(), m.values.raw(s), s.rec.Touch(max(m.now(), s.rec.LastSeen())))
		if err == nil {
			s.set(record.Session(touched.value))
			break
		}
		if !errors.Is(err, ErrConflict) || conflicts == maxSwaps {
			return errStore(err)
		}
		if err := m.backOff(ctx, conflicts); err != nil {
			return err
		}
		if err := m.refresh(ctx, s); err != nil {
			return err
		}
	}
	if s.rec.State() != record.Live {
		return nil // rotated by somebody else
	}
	return m.heal(ctx, s)
}

// refresh reads a session again.
func (m *Manager) refresh(ctx context.Context, s *Session) error {
	now, _, err := m.read(ctx, s.name)
	if err == nil {
		s.set(now.rec)
	}
	return err
}

// listSuccessor enters the record called n, which is to follow from.
func (m *Manager) listSuccessor(ctx context.Context, from *Session, n record.Name) error {
	key := from.userKey()
	u, err := m.editUser(ctx, key, func(u *user) error {
		if err := m.dropRetired(ctx, u, from.rec.ID()); err != nil {
			return err
		}
		if findRecord(u.find(from.rec.ID()), from.name) == nil { // lost just now, if it has not ended before
			if err := m.relist(ctx, u, from); err != nil {
				return err
			}
		}
		return u.enterSuccessor(from, n)
	})
	if errors.Is(err, errStolen) {
		return m.endStolen(ctx, from)
	}
	if err != nil {
		return err
	}
	// Nothing of that is the caller's: another session's end, or a successor's that
	// nobody has used. Whoever comes next goes on with it.
	finishing, cancel := halfTime(ctx)
	defer cancel()
	if err := m.finish(finishing, key, u); err != nil {
		m.log.failure(ctx, "cannot clear the list of ended sessions", err)
	}
	// That from is listed proves nothing where the index was lost: a log-out may have
	// come and gone between another request's look at from and its listing it, and
	// left the user's record as it was, byte for byte. But whoever ends from after
	// this look finds n beside it.
	return m.refresh(ctx, from)
}

// dropRetired takes the records off a session's entry whose grace period is over.
func (m *Manager) dropRetired(ctx context.Context, u *user, id string) error {
	e := u.find(id)
	if e == nil || len(e.Records) == 1 {
		return nil
	}
	_, dead, err := m.readRecords(ctx, *e)
	if err == nil {
		u.drop(dead)
	}
	return err
}

// findStored returns the live session of token as the store itself has it. It
// counts as a use of the token.
func (m *Manager) findStored(ctx context.Context, token string) (*Session, error) {
	if !tokenShaped(token) {
		return nil, errNoSession()
	}
	s, _, err := m.read(ctx, record.OfToken(token))
	if err == nil && s.rec.State() == record.Fresh {
		err = m.firstUse(ctx, s)
	}
	return s, err
}

// newSuccessor stores a copy of a session under a new token.
func (m *Manager) newSuccessor(ctx context.Context, from *Session) (string, *Session, error) {
	appID, openID, unionID := from.rec.Owner()
	f := record.Fields{
		State: record.Fresh, ID: from.rec.ID(), AppID: appID, OpenID: openID, UnionID: unionID,
		Created: from.rec.Created(), LastSeen: from.rec.LastSeen(),
		Idle: from.rec.Idle(), Lifetime: from.rec.Lifetime(),
		Predecessor: from.name, Attrs: from.rec.Attrs(),
	}
	token := newToken()
	s, err := m.create(ctx, token, f.Encode())
	return token, s, err
}

// errStolen says that a token was rotated whose successor is in use.
var errStolen = errors.New("the successor is in use")

// enterSuccessor lists n as what may follow from.
func (u *user) enterSuccessor(from *Session, n record.Name) error {
	e := u.find(from.rec.ID())
	r := findRecord(e, from.name)
	switch {
	case r == nil:
		return errInvalidSession()
	case r.Role == record.Retiring || r.Role == record.Retired:
		return errStolen
	}
	u.addSuccessor(e, n)
	return nil
}

// endStolen ends the session of a token that was rotated away and turned up
// again. Its rightful user logs in anew without noticing.
func (m *Manager) endStolen(ctx context.Context, s *Session) error {
	err := m.end(ctx, s.userKey(), func(u *user) error {
		u.newEpoch() // what it has approved is void
		return m.endSession(ctx, u, s, record.ByTheft)
	})
	if err != nil {
		return err
	}
	return errRevoked(record.ByTheft)
}

// firstUse makes the record of s, which a rotation has made, the session's own.
func (m *Manager) firstUse(ctx context.Context, s *Session) error {
	ctx, cancel := m.operation(ctx)
	defer cancel()
	// A cache near by may have it as it was.
	if err := m.refresh(ctx, s); err != nil || s.rec.State() != record.Fresh {
		return err
	}
	key, lost := s.userKey(), false
	u, err := m.editUser(ctx, key, func(u *user) error {
		lost = findRecord(u.find(s.rec.ID()), s.name) == nil
		if !u.awaits(s) { // read anew: whatever left the index was ended before
			if err := m.refresh(ctx, s); err != nil || s.rec.State() != record.Fresh {
				lost = false // somebody else has made it the session's own
				return err
			}
		}
		if lost {
			if err := m.followed(ctx, s); err != nil {
				return err
			}
		}
		return u.succeed(s)
	})
	if u.user != nil && u.isPending(s.name) {
		u.endFirst(s.name) // whoever has listed that has not come to it
		err = nil
	} else if err == nil && lost {
		err = m.followedStill(ctx, s)
	}
	if err != nil {
		return err
	}
	unfinished := m.finish(ctx, key, u)
	if err := m.refresh(ctx, s); err != nil || s.rec.State() != record.Fresh {
		return err // what could not be finished is another session's
	}
	return unfinished
}

// followed refuses a successor that the index has lost, and that follows nothing
// any more: whoever logged out with the token before it could not find it. Nor does
// it follow what another successor has taken over from, which the index has lost, too.
func (m *Manager) followed(ctx context.Context, s *Session) error {
	_, before, err := m.peek(ctx, s.rec.Link().Key(record.SessionPrefix))
	switch {
	case err != nil:
		return err
	case before == nil || before.State() == record.Revoked,
		before.State() == record.Rotated && before.Link() != s.name:
		return errInvalidSession()
	}
	return nil
}

// followedStill looks again after s was listed, and ends it if it came too late: as
// in listSuccessor, a log-out may have left the user's record as it was, byte for
// byte. But whoever ends what s follows after this look finds s beside it.
func (m *Manager) followedStill(ctx context.Context, s *Session) error {
	err := m.followed(ctx, s)
	if CodeOf(err) == CodeInvalidSession {
		err = cmp.Or(m.LogoutSession(ctx, s), err)
	}
	return err
}

// awaits reports whether the first use of s is one that u knows of, as to come
// or as begun. Any other that s seems to need is over, or lost by the store.
func (u *user) awaits(s *Session) bool {
	r := findRecord(u.find(s.rec.ID()), s.name)
	return r != nil && (r.Role == record.Successor || u.unfinished())
}

// succeed makes a successor the record in use, unless another one was faster.
// What was decided before is begun again where the store has lost the outcome.
func (u *user) succeed(s *Session) error {
	name, from := s.name, s.rec.Link()
	e := u.find(s.rec.ID())
	r := findRecord(e, name)
	switch {
	case u.isPending(name), r == nil && (u.isPending(from) || s.rec.Created() <= u.EndedAt):
		return errInvalidSession()
	case r == nil: // the index has lost it
		e = u.entryOf(s.rec)
		if in, ok := current(e); ok && in != from {
			return errInvalidSession()
		}
		e.Records = append(e.Records, record.Entered{Name: name, Role: record.Successor})
		promote(e, name)
	case r.Role == record.Successor:
		promote(e, name)
	case r.Role != record.Current:
		r.Role = record.Retiring
		return nil
	}
	if f := findRecord(e, from); f != nil {
		f.Role = record.Retiring
	} else {
		e.Records = append(e.Records, record.Entered{Name: from, Role: record.Retiring})
	}
	u.bound(e, record.Retired, maxRetired)
	return nil
}

// retire carries out what the index has decided about the records that retire,
// and returns their names. Their grace period begins, then the record in use takes
// over what the attributes of its predecessor were by then. Only after that the
// store may forget the older ones. Where a session's records cannot be had, it goes on
// with the others.
func (m *Manager) retire(ctx context.Context, u *user) (retired []record.Name, err error) {
	for _, e := range u.Entries {
		in, ok := current(&e)
		if !ok {
			continue
		}
		names, errEntry := m.retireEntry(ctx, in, e.Records)
		retired, err = append(retired, names...), cmp.Or(err, errEntry)
	}
	return retired, err
}

// retireEntry is retire for the records of one session, of which in is in use.
func (m *Manager) retireEntry(ctx context.Context, in record.Name, records []record.Entered) (retired []record.Name, err error) {
	var frozen []frozenRecord
	var away []record.Name
	for _, r := range records {
		if r.Role != record.Retiring {
			continue
		}
		found, errFreeze := m.freeze(ctx, r.Name, in)
		if errFreeze != nil {
			away, err = append(away, r.Name), cmp.Or(err, errFreeze)
			continue
		}
		frozen = append(frozen, frozenRecord{r.Name, found})
	}
	if errActive := m.activate(ctx, in, frozen, away); errActive != nil {
		return nil, cmp.Or(err, errActive)
	}
	for _, f := range frozen {
		if err := m.shorten(ctx, f); err != nil {
			return retired, err
		}
		retired = append(retired, f.name)
	}
	return retired, err
}

// frozenRecord is a record whose grace period runs; one without a value has ended.
type frozenRecord struct {
	name record.Name
	stored
}

// shorten lets the store forget a rotated record at the end of its grace period.
func (m *Manager) shorten(ctx context.Context, f frozenRecord) error {
	if f.value == nil {
		return nil
	}
	end := ttl(record.Session(f.value), m.now())
	_, err := m.values.swap(ctx, f.name.Key(record.SessionPrefix), f.raw, f.value, end)
	if err != nil && !errors.Is(err, ErrConflict) { // ended meanwhile
		return errStore(err)
	}
	return nil
}

// freeze makes older a record that is rotated, for as long as it would have
// lived. It returns nothing where there is no live one.
func (m *Manager) freeze(ctx context.Context, older, successor record.Name) (stored, error) {
	key := older.Key(record.SessionPrefix)
	for conflicts := range maxSwaps {
		found, rec, err := m.peek(ctx, key)
		if err != nil || rec == nil {
			return stored{}, err
		}
		now := m.now()
		switch {
		case rec.State() == record.Rotated && rec.Link() == successor:
			return found, nil
		case rec.State() == record.Rotated || rec.State() == record.Revoked:
			return stored{}, nil
		}
		seen, until, keep := max(now, rec.LastSeen()), now+m.cfg.RotateGrace.Milliseconds(), ttl(rec, now)
		if check(rec, now) != nil { // its attributes still count, and it stays dead
			seen, until, keep = rec.LastSeen(), expiresAt(rec), time.Minute
		}
		frozen, err := m.values.swap(ctx, key, found.raw, m.values.ring.New(rec.Retire(seen, until, successor)), keep)
		if err == nil {
			return frozen, nil
		}
		if !errors.Is(err, ErrConflict) {
			return stored{}, errStore(err)
		}
		if err := m.backOff(ctx, conflicts); err != nil {
			return stored{}, err
		}
	}
	return stored{}, errStore(errSwaps)
}

// activate makes a successor live, with the attributes of the record before it.
// One that has expired since a crash stays dead.
func (m *Manager) activate(ctx context.Context, successor record.Name, frozen []frozenRecord, away []record.Name) error {
	if len(frozen) == 0 {
		return nil
	}
	key := successor.Key(record.SessionPrefix)
	for conflicts := range maxSwaps {
		found, rec, err := m.peek(ctx, key)
		now := m.now()
		if err != nil || rec == nil || rec.State() != record.Fresh || check(rec, now) != nil {
			return err
		}
		if slices.Contains(away, rec.Link()) {
			return errStore(errNotFrozen)
		}
		attrs := rec.Attrs()
		for _, f := range frozen {
			if f.name == rec.Link() && f.value != nil {
				attrs = record.Session(f.value).Attrs()
			}
		}
		_, err = m.swapSession(ctx, key, found.raw, rec.Activate(max(now, rec.LastSeen()), attrs))
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return errStore(err)
		}
		if err := m.backOff(ctx, conflicts); err != nil {
			return err
		}
	}
	return errStore(errSwaps)
}

var errNotFrozen = errors.New("what it follows could not be frozen")

// peek reads a session, dead or alive; the record is nil if there is none.
func (m *Manager) peek(ctx context.Context, key string) (stored, record.Session, error) {
	found, err := m.values.get(ctx, key)
	if err == nil {
		var rec record.Session
		if rec, err = record.ParseSession(found.value); err == nil {
			return found, rec, nil
		}
	}
	if errors.Is(err, ErrNotFound) || isUnusable(err) {
		return stored{}, nil, nil
	}
	return stored{}, nil, errStore(err)
}
