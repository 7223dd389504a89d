package core

import (
	"cmp"
	"slices"

	"github.com/wxsession/wxsession/core/internal/record"
)

// revokeRecord keeps the first reason of a record that is revoked twice, but for one
// that nobody needed to hear of.
func (u *user) revokeRecord(n record.Name, why record.Reason) {
	i := slices.IndexFunc(u.Pending, func(p record.Revocation) bool { return p.Record == n })
	switch {
	case i < 0:
		u.Pending = append(u.Pending, record.Revocation{Record: n, Why: why})
	case u.Pending[i].Why == record.Unused:
		u.Pending[i].Why = why
	}
}

// discard is revokeRecord of one that nobody needs to hear of.
func (u *user) discard(n record.Name) { u.revokeRecord(n, record.Unused) }

// endingSince returns those sessions' records that live and have been listed to end since.
func (u *user) endingSince(before []record.Revocation) (listed []record.Revocation) {
	for _, p := range u.Pending {
		if p.LeavesWord() && !slices.ContainsFunc(before, func(b record.Revocation) bool { return b.Record == p.Record }) {
			listed = append(listed, p)
		}
	}
	return listed
}

// endFirst is for the one that uses the record n, whose end is pending: it must not
// wait for others that take all the time.
func (u *user) endFirst(n record.Name) {
	i := slices.IndexFunc(u.Pending, func(p record.Revocation) bool { return p.Record == n })
	p := u.Pending[i]
	u.Pending = slices.Insert(slices.Delete(u.Pending, i, i+1), 0, p)
	u.asks = n
}

// postpone moves what could not be ended behind what nobody has tried, or a store
// that is slow to refuse would never come to that.
func (u *user) postpone(failed []record.Revocation) {
	slices.SortStableFunc(u.Pending, func(a, b record.Revocation) int {
		return cmp.Compare(count(lists(failed, a)), count(lists(failed, b)))
	})
}

// lists reports whether p is in list, whether it has a tombstone by now or not.
func lists(list []record.Revocation, p record.Revocation) bool {
	return slices.ContainsFunc(list, func(q record.Revocation) bool { return q.Record == p.Record && q.Why == p.Why })
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// ending counts the pending revocations that leave a tombstone.
func (u *user) ending() (n int) {
	for _, p := range u.Pending {
		if p.LeavesWord() {
			n++
		}
	}
	return n
}

// boundTombstones makes room for those that pending revocations are going to leave, so
// that they are max in all: a user who logs in again and again at the cap must not fill
// the store. The oldest are deleted.
func (u *user) boundTombstones(max int) {
	for n := len(u.Tombstones) + u.ending() - max; n > 0 && len(u.Tombstones) > 0; n-- {
		u.discard(u.Tombstones[0])
		u.Tombstones = slices.Delete(u.Tombstones, 0, 1)
	}
}

// boundDead strikes off the oldest of those that have a tombstone which waits for
// others: it tells whose it is, and ends by itself.
func (u *user) boundDead(max int) {
	isDead := func(p record.Revocation) bool { return p.Dead && p.Why == record.ByLogout }
	n := -max
	for _, p := range u.Pending {
		n += count(isDead(p))
	}
	u.Pending = slices.DeleteFunc(u.Pending, func(p record.Revocation) bool {
		if n <= 0 || !isDead(p) {
			return false
		}
		n--
		return true
	})
}

// finish strikes off what has been done, and notes what has a tombstone for as long as
// others live.
func (u *user) finish(o endings, retired []record.Name) {
	for i, p := range u.Pending {
		u.Pending[i].Dead = p.Dead || lists(o.dead, p)
	}
	u.Pending = slices.DeleteFunc(u.Pending, func(p record.Revocation) bool {
		if !lists(o.done, p) {
			return false
		}
		if p.LeavesWord() && !slices.Contains(u.Tombstones, p.Record) {
			u.Tombstones = append(u.Tombstones, p.Record)
		}
		return true
	})
	for i := range u.Entries {
		for j := range u.Entries[i].Records {
			if r := &u.Entries[i].Records[j]; r.Role == record.Retiring && slices.Contains(retired, r.Name) {
				r.Role = record.Retired
			}
		}
	}
}
