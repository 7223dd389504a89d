package core

import (
	"slices"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// TestWhoIsRevokedTwiceHearsTheFirstReason.
func TestWhoIsRevokedTwiceHearsTheFirstReason(t *testing.T) {
	a, b := record.Name{1}, record.Name{2}
	u := &user{User: record.User{Pending: []record.Revocation{{Record: a, Why: record.ByDevice}, {Record: b, Why: record.ByCap}}}}
	u.revokeRecord(b, record.ByEverywhere)
	u.discard(a)
	want := []record.Revocation{{Record: a, Why: record.ByDevice}, {Record: b, Why: record.ByCap}}
	if !slices.Equal(u.Pending, want) {
		t.Errorf("got %v", u.Pending)
	}
}

// TestSessionsThatHaveHandedOverEachOtherEnd: no release has written that, and a store
// may hold it all the same. What was handed over stands first.
func TestSessionsThatHaveHandedOverEachOtherEnd(t *testing.T) {
	entry := func(id, parent string, n byte) record.Entry {
		return record.Entry{ID: id, Parent: parent, Records: []record.Entered{{Name: record.Name{n}}}}
	}
	for name, c := range map[string]struct {
		entries []record.Entry
		want    []record.Revocation
	}{
		"a child":    {[]record.Entry{entry("a", "", 1), entry("b", "a", 2)}, []record.Revocation{{Record: record.Name{2}}, {Record: record.Name{1}}}},
		"each other": {[]record.Entry{entry("a", "b", 1), entry("b", "a", 2)}, []record.Revocation{{Record: record.Name{2}}, {Record: record.Name{1}}}},
		"itself":     {[]record.Entry{entry("a", "a", 1)}, []record.Revocation{{Record: record.Name{1}}}},
	} {
		u := &user{User: record.User{Entries: c.entries}}
		if !u.revoke("a", record.ByLogout) || len(u.Entries) != 0 || !slices.Equal(u.Pending, c.want) {
			t.Errorf("%s: %d entries, %v", name, len(u.Entries), u.Pending)
		}
	}
}

// TestATicketGivenBackStandsWhereItStood: the oldest gives way to newer ones.
func TestATicketGivenBackStandsWhereItStood(t *testing.T) {
	tickets := []record.Ticket{{Name: record.Name{1}, Ends: 9}, {Name: record.Name{2}, Ends: 9}, {Name: record.Name{3}, Ends: 9}}
	u := &user{User: record.User{Entries: []record.Entry{{ID: "s", Tickets: slices.Clone(tickets)}}}}
	used, err := u.useTicket("s", tickets[1].Name, 5)
	if err != nil || len(u.Entries[0].Tickets) != 2 {
		t.Fatal(err, u.Entries[0].Tickets)
	}
	u.giveBack("s", used)
	if !slices.Equal(u.Entries[0].Tickets, tickets) {
		t.Errorf("got %v", u.Entries[0].Tickets)
	}
}

// TestWhatCouldNotBeEndedIsTriedLast, and what is in use first.
func TestWhatCouldNotBeEndedIsTriedLast(t *testing.T) {
	p := make([]record.Revocation, 7)
	for i := range p {
		p[i] = record.Revocation{Record: record.Name{byte(i)}}
	}
	u := &user{User: record.User{Pending: slices.Clone(p)}}
	u.postpone([]record.Revocation{p[0], p[5]})
	if want := []record.Revocation{p[1], p[2], p[3], p[4], p[6], p[0], p[5]}; !slices.Equal(u.Pending, want) {
		t.Errorf("got %v, want %v", u.Pending, want)
	}
	u.endFirst(p[5].Record)
	if want := []record.Revocation{p[5], p[1], p[2], p[3], p[4], p[6], p[0]}; !slices.Equal(u.Pending, want) {
		t.Errorf("got %v, want %v", u.Pending, want)
	}
}

// TestAnExpiredPredecessorIsKeptForItsAttributes: its successor takes them over after
// it was frozen, and by another instance if this one crashes.
func TestAnExpiredPredecessorIsKeptForItsAttributes(t *testing.T) {
	clock, store, m, tokens := aliceOn(t, 1, 0)
	old, items := mustCheck(t, m, tokens[0]), store.Store.(*mapStore)
	items.slack = 24 * time.Hour // a store may keep a value for longer than its ttl
	_, next := mustRotate(t, m, tokens[0])
	clock.advance(m.cfg.IdleTimeout + time.Second)
	items.slack = 0
	if _, err := m.freeze(t.Context(), old.name, next.name); err != nil {
		t.Fatal(err)
	}
	if left := items.items[old.key()].until.Sub(clock.Now()); left < time.Minute {
		t.Errorf("it is kept for %v", left)
	}
}
