package core

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// user is the index of a user's sessions. Its invariant: every session record
// that somebody may hold a token of is named here, in an entry or among the
// pending revocations, and a name is taken out only after its record was seen
// dead or was deleted. Whatever crashes, the next operation on the user can
// find every live session.
type user struct {
	record.User
	ended []record.Reason // of sessions that revoke has struck off since it was read
	asks  record.Name     // the record of the token that asks for an end
	// handed has, by the records of sessions that revoke has struck off since, those that
	// they have handed over.
	handed map[record.Name][]record.Name
	owes   bool // more has ended than what is listed: it must be written
}

// maxSuccessors bounds the tokens of one session that rotations have made and
// nobody has used. Beyond it the oldest gives way.
const maxSuccessors = 8

// maxRetired bounds those in their grace period: whoever rotates and uses token
// after token must not make every rotation dearer than the one before. Beyond it
// the oldest one's grace period is over.
const maxRetired = 16

// isEmpty reports whether u is worth no record.
func (u *user) isEmpty() bool {
	return len(u.Entries) == 0 && len(u.Pending) == 0 && len(u.Keys) == 0 && u.EndedAt == 0 && u.Epoch == 0
}

func (u *user) find(id string) *record.Entry {
	for i := range u.Entries {
		if u.Entries[i].ID == id {
			return &u.Entries[i]
		}
	}
	return nil
}

// entryOf returns the entry of a session, a new one if it has none. Of a new one
// the device label is lost.
func (u *user) entryOf(rec record.Session) *record.Entry {
	if e := u.find(rec.ID()); e != nil {
		return e
	}
	u.Entries = append(u.Entries, record.Entry{
		ID: strings.Clone(rec.ID()), Created: rec.Created(), Ends: rec.Created() + rec.Lifetime(),
	})
	return &u.Entries[len(u.Entries)-1]
}

// recordsOf returns the records of the session called id.
func (u *user) recordsOf(id string) (names []record.Name) {
	if e := u.find(id); e != nil {
		for _, r := range e.Records {
			names = append(names, r.Name)
		}
	}
	return names
}

// findRecord returns what n is to the session of e.
func findRecord(e *record.Entry, n record.Name) *record.Entered {
	if e == nil {
		return nil
	}
	for i := range e.Records {
		if e.Records[i].Name == n {
			return &e.Records[i]
		}
	}
	return nil
}

// current returns the record in use, if e has one.
func current(e *record.Entry) (record.Name, bool) {
	for _, r := range e.Records {
		if r.Role == record.Current {
			return r.Name, true
		}
	}
	return record.Name{}, false
}

func (u *user) isPending(n record.Name) bool {
	return slices.ContainsFunc(u.Pending, func(p record.Revocation) bool { return p.Record == n })
}

// unfinished reports whether an operation has left something to do.
func (u *user) unfinished() bool {
	return len(u.Pending) > 0 || slices.ContainsFunc(u.Entries, func(e record.Entry) bool {
		return slices.ContainsFunc(e.Records, func(r record.Entered) bool { return r.Role == record.Retiring })
	})
}

// revoke moves the session's records to the pending revocations, and those of
// the session that it has handed over.
func (u *user) revoke(id string, why record.Reason) bool {
	i := slices.IndexFunc(u.Entries, func(e record.Entry) bool { return e.ID == id })
	if i < 0 {
		return false
	}
	e := u.Entries[i]
	u.Entries = slices.Delete(u.Entries, i, i+1) // before its children: a record may be wrong, and each the other's
	u.ended = append(u.ended, why)
	children := u.revokeChild(id, why)
	for _, r := range e.Records {
		u.revokeRecord(r.Name, why)
		if len(children) > 0 {
			if u.handed == nil {
				u.handed = map[record.Name][]record.Name{}
			}
			u.handed[r.Name] = children
		}
	}
	return true
}

// revokeChild ends what the session id has handed over, and returns its records.
func (u *user) revokeChild(id string, why record.Reason) (names []record.Name) {
	for _, e := range slices.Clone(u.Entries) {
		if e.Parent == id {
			names = append(names, u.recordsOf(e.ID)...)
			u.revoke(e.ID, why)
		}
	}
	return names
}

// revokeAll ends every session but the one called except, and what that one has
// handed over, which stands behind it in the index.
func (u *user) revokeAll(except string, why record.Reason) {
	var spared []string
	for i := range u.Entries {
		e := &u.Entries[i]
		switch {
		case e.ID == except:
			e.Parent = "" // which ends, and would take it along
			spared = append(spared, e.ID)
		case e.Parent != "" && slices.Contains(spared, e.Parent):
			spared = append(spared, e.ID)
		}
	}
	for _, e := range slices.Clone(u.Entries) {
		if !slices.Contains(spared, e.ID) {
			u.revoke(e.ID, why)
		}
	}
}

// drop revokes the records that were found dead, and forgets a session that has
// no other. They are deleted rather than only forgotten: an instance whose
// clock is behind may still take them for alive.
func (u *user) drop(dead []record.Name) {
	for i := range u.Entries {
		e := &u.Entries[i]
		e.Records = slices.DeleteFunc(e.Records, func(r record.Entered) bool {
			if !slices.Contains(dead, r.Name) {
				return false
			}
			u.discard(r.Name)
			return true
		})
	}
	u.Entries = slices.DeleteFunc(u.Entries, func(e record.Entry) bool { return len(e.Records) == 0 })
}

// addSuccessor enters a record that a rotation has made.
func (u *user) addSuccessor(e *record.Entry, n record.Name) {
	e.Records = append(e.Records, record.Entered{Name: n, Role: record.Successor})
	u.bound(e, record.Successor, maxSuccessors)
}

// bound leaves max records in a role; the oldest give way. Of those in their grace
// period the very oldest stays: it may be the rightful user's, while a thief rotates on.
func (u *user) bound(e *record.Entry, role record.Role, max int) {
	var names []record.Name
	for _, r := range e.Records {
		if r.Role == role {
			names = append(names, r.Name)
		}
	}
	if role == record.Retired && len(names) > 0 {
		names, max = names[1:], max-1
	}
	for ; len(names) > max; names = names[1:] {
		u.discard(names[0])
		e.Records = slices.DeleteFunc(e.Records, func(r record.Entered) bool { return r.Name == names[0] })
	}
}

// promote makes n the record in use. The one before retires, and so do the other
// successors: a client that rotated twice at once may hold any of them.
func promote(e *record.Entry, n record.Name) {
	for i := range e.Records {
		switch r := &e.Records[i]; {
		case r.Name == n:
			r.Role = record.Current
		case r.Role == record.Current || r.Role == record.Successor:
			r.Role = record.Retiring
		}
	}
}

// oldest returns the session that gives way at the cap, and "" if there is none
// but the one called except and those that have handed it over: it would go with
// them.
func (u *user) oldest(except string) string {
	candidates := slices.Clone(u.Entries)
	for range u.Entries {
		e := u.find(except)
		if e == nil {
			break
		}
		candidates = slices.DeleteFunc(candidates, func(c record.Entry) bool { return c.ID == e.ID })
		except = e.Parent
	}
	if len(candidates) == 0 {
		return ""
	}
	return slices.MinFunc(candidates, func(a, b record.Entry) int { return cmp.Compare(a.Created, b.Created) }).ID
}

// maxClockSkew is how far a user's record outlives its sessions: clocks differ.
const maxClockSkew = time.Hour

// ttl outlives every session in the index, by a twentieth of the lifetime or by
// an hour.
func (u *user) ttl(now int64, lifetime time.Duration) time.Duration {
	ttl := lifetime
	for _, e := range u.Entries {
		ttl = max(ttl, time.Duration(e.Ends-now)*time.Millisecond)
	}
	return ttl + max(time.Second, min(ttl/20, maxClockSkew))
}
