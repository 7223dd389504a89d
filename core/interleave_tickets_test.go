package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// handing is what the first session has given away: tickets, an approval, and a
// session that it handed over before.
type handing struct {
	tickets  [2]string
	approval Approval
	web      string // token; "" if there is none
	webID    string
}

// handOver fills a scene's handing.
func (sc *scene) handOver(t testing.TB) {
	ctx := t.Context()
	if sc.set.handed {
		ticket, err := sc.m.NewTicket(ctx, sc.first)
		if err != nil {
			t.Fatal(err)
		}
		token, s, err := sc.m.RedeemTicket(ctx, ticket, "web")
		if err != nil {
			t.Fatal(err)
		}
		sc.web, sc.webID = token, s.ID
	}
	for i := range sc.tickets {
		ticket, err := sc.m.NewTicket(ctx, sc.first)
		if err != nil {
			t.Fatal(err)
		}
		sc.tickets[i] = ticket
	}
	var err error
	if sc.approval, err = sc.m.Approve(ctx, sc.first); err != nil {
		t.Fatal(err)
	}
}

// handOperations are those of a hand-over and of an approval. Who asks for a
// ticket, approves, or ends others comes with a session that a middleware has
// found, perhaps in a cache near by.
func handOperations() []operation {
	return []operation{
		{name: "redeem", first: true, run: opRedeem(0)},
		{name: "redeem-second", first: true, run: opRedeem(1)},
		{name: "ticket", first: true, run: withSession(func(ctx context.Context, m *Manager, s *Session) (err error) {
			taskOf(ctx).ticket, err = m.NewTicket(ctx, s)
			return err
		})},
		{name: "approve", first: true, run: withSession(func(ctx context.Context, m *Manager, s *Session) (err error) {
			taskOf(ctx).approval, err = m.Approve(ctx, s)
			return err
		})},
		{name: "issue approved", run: func(ctx context.Context, sc *scene) (string, *Session, error) {
			return sc.on(ctx).IssueApproved(ctx, sc.approval, "desk")
		}},
		{name: "others", first: true, run: withSession(func(ctx context.Context, m *Manager, s *Session) error {
			return m.LogoutOthers(ctx, s)
		})},
		{name: "revoke-other", first: true, run: opRevokeOther},
	}
}

func opRedeem(which int) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		return sc.on(ctx).RedeemTicket(ctx, sc.tickets[which], "web")
	}
}

func withSession(do func(context.Context, *Manager, *Session) error) func(context.Context, *scene) (string, *Session, error) {
	return func(ctx context.Context, sc *scene) (string, *Session, error) {
		s, err := sc.on(ctx).Check(ctx, sc.token)
		if err == nil {
			err = do(ctx, sc.on(ctx), s)
		}
		return "", nil, err
	}
}

// opRevokeOther is what the first session's client asks for with DELETE.
func opRevokeOther(ctx context.Context, sc *scene) (string, *Session, error) {
	_, err := sc.on(ctx).serveRevoke(ctx, Request{
		ID: sc.otherID, Header: http.Header{"Authorization": {"Bearer " + sc.token}},
	})
	return "", nil, err
}

// redeems returns which of the scene's tickets t uses; "" for none.
func (in *inspection) redeems(t *task) string {
	switch t.op.name {
	case "redeem":
		return in.tickets[0]
	case "redeem-second":
		return in.tickets[1]
	}
	return ""
}

// children are the sessions that the first one has handed over.
func (in *inspection) children() (ids []string) {
	if in.webID != "" {
		ids = append(ids, in.webID)
	}
	for _, t := range in.store.tasks {
		if in.redeems(t) != "" && t.session != nil {
			ids = append(ids, t.session.ID)
		}
	}
	return ids
}

// approved are the sessions that were begun by the scene's approval.
func (in *inspection) approved() (ids []string) {
	for _, t := range in.store.tasks {
		if t.op.name == "issue approved" && t.session != nil {
			ids = append(ids, t.session.ID)
		}
	}
	return ids
}

// refusedRightly tells whether somebody else has taken away what t needs.
func (in *inspection) refusedRightly(t *task, code Code) bool {
	taken := func(u *task) bool { return u != t && in.redeems(u) == in.redeems(t) }
	switch {
	case in.redeems(t) != "":
		return code == InvalidTicket && (in.gone[in.first.ID] || in.set.lapsing || in.consumedBy(in.redeems(t), taken))
	case t.op.name == "issue approved":
		return code == SessionRevoked && (in.set.full > 0 && in.m.marked(context.Background(), in.approval) != nil || slices.ContainsFunc(in.store.writes, in.everywhere))
	case t.op.name == "revoke-other":
		return code == NotFound && in.gone[in.otherID]
	}
	return false
}

// everywhere tells whether a write knows of another log-out everywhere.
func (in *inspection) everywhere(w indexWrite) bool {
	return readIndex(in.m, in.store.index, w.before).epoch != readIndex(in.m, in.store.index, w.after).epoch
}

// consumedBy tells whether one of some tasks took a ticket off the index, while
// the session that it belongs to stayed.
func (in *inspection) consumedBy(ticket string, some func(*task) bool) bool {
	return slices.ContainsFunc(in.store.writes, func(w indexWrite) bool {
		before, after := readIndex(in.m, in.store.index, w.before), readIndex(in.m, in.store.index, w.after)
		return some(w.task) && before.holds(ticket) && !after.holds(ticket) && slices.Contains(after.ids(), in.first.ID)
	})
}

// handedOver checks tickets and what they were given for.
func (in *inspection) handedOver() error {
	if !in.set.handing {
		return nil
	}
	for _, ticket := range in.tickets {
		if err := in.usedOnce(ticket); err != nil {
			return err
		}
	}
	live := slices.DeleteFunc(slices.Clone(in.issued), func(i issue) bool {
		return !slices.Contains(in.children(), i.id) || !in.alive(i.token)
	})
	if len(live) > 1 {
		return fmt.Errorf("the first session has %d live sessions that it handed over", len(live))
	}
	return errors.Join(
		in.inherited(),
		in.future("what is left is redeemed", in.redeemRest, in.logoutAsking),
		in.future("what was approved is used", in.useApprovals),
		in.future("what was approved is used after a look at the list", in.sessions, in.useApprovals),
	)
}

func (in *inspection) usedOnce(ticket string) error {
	won := 0
	for _, t := range in.store.tasks {
		if in.redeems(t) != ticket || !t.returned {
			continue
		}
		own := func(u *task) bool { return u == t }
		switch code := CodeOf(t.err); {
		case t.err == nil:
			won++
		case code != StoreUnavailable && !in.gone[in.first.ID] && in.consumedBy(ticket, own):
			return fmt.Errorf("a ticket was refused with %s, and consumed", code)
		}
	}
	if won > 1 {
		return fmt.Errorf("one ticket was redeemed %d times", won)
	}
	if in.lostInVain(ticket) {
		return errors.New("a ticket is gone after an outage in which no answer was lost")
	}
	if in.consumedBy(ticket, func(u *task) bool { return in.redeems(u) != ticket }) {
		return errors.New("a ticket was taken away, and not redeemed")
	}
	if in.struckBy(in.first.ID, func(u *task) bool { return in.redeems(u) != "" }) {
		return errors.New("a hand-over has ended the session that asked for it")
	}
	return nil
}

// lostInVain tells whether a ticket is gone that nobody has redeemed, while
// its session lives: a store that fails once, before it does anything, is no reason.
func (in *inspection) lostInVain(ticket string) bool {
	tried, plain := false, in.store.failed == 1
	for _, t := range in.store.tasks {
		used := in.redeems(t) == ticket
		if used && (!t.returned || t.err == nil) {
			return false
		}
		tried = tried || used && t.failed
	}
	for _, st := range in.store.steps {
		plain = plain && (st.fault == works || st.fault == failsFirst)
	}
	return tried && plain && !in.gone[in.first.ID] && !in.set.lapsing && !in.indexNow().holds(ticket)
}

// inherited checks what a session that was handed over got from the first one.
func (in *inspection) inherited() error {
	for _, t := range in.store.tasks {
		if in.redeems(t) == "" || t.session == nil {
			continue
		}
		if t.session.EndsAt().After(in.first.EndsAt()) {
			return fmt.Errorf("it lives until %v, the session that asked until %v", t.session.EndsAt(), in.first.EndsAt())
		}
		for _, u := range in.store.tasks {
			updated := strings.HasPrefix(u.op.name, "update") && u.returned && u.err == nil && u.ended <= t.began
			if updated && t.session.Attr(markOf(u.no)) == "" {
				return errors.New("an update is missing in what was handed over later")
			}
		}
	}
	return nil
}

// redeemRest redeems the tickets that nobody has: those of before, and those
// that were made in the run.
func (in *inspection) redeemRest() error {
	tickets := slices.Clone(in.tickets[:])
	for _, t := range in.store.tasks {
		if t.ticket != "" && t.returned && t.err == nil {
			tickets = append(tickets, t.ticket)
		}
	}
	for _, ticket := range tickets {
		alive, held := in.usable(), in.indexNow().holds(ticket)
		token, s, err := in.m.RedeemTicket(context.Background(), ticket, "web")
		clear(in.live)
		switch {
		case (err == nil) != (alive && held):
			return fmt.Errorf("a ticket that is listed (%v), of a session that lives (%v): %v", held, alive, err)
		case err != nil && CodeOf(err) != InvalidTicket:
			return err
		case err == nil:
			in.issued = append(in.issued, issue{token, s.ID})
		}
	}
	return in.listed()
}

// logoutAsking ends the first session by a token of it that works.
func (in *inspection) logoutAsking() error {
	i := slices.IndexFunc(in.issued, func(i issue) bool { return i.id == in.first.ID && in.alive(i.token) })
	if i < 0 {
		return nil
	}
	if err := in.m.Logout(context.Background(), in.issued[i].token); err != nil {
		return err
	}
	clear(in.live)
	for _, i := range in.issued {
		spared := i.id == in.otherID || slices.Contains(in.newLogins(), i.id)
		if !spared && in.alive(i.token) {
			return fmt.Errorf("a token of %s outlives the log-out of the session that asked", in.nameOf(i))
		}
	}
	return nil
}

// newLogins are the sessions that stand for themselves.
func (in *inspection) newLogins() (ids []string) {
	for _, t := range in.store.tasks {
		if t.session != nil && in.redeems(t) == "" && !strings.HasPrefix(t.op.name, "rotate") {
			ids = append(ids, t.session.ID)
		}
	}
	return ids
}

// voids tells whether t has made void what was approved before.
func (t *task) voids() bool {
	switch t.op.name {
	case "logoutUser", "others", "revoke", "revoke-other":
		return t.returned && t.err == nil
	case "rotate-old": // a theft
		return t.returned && CodeOf(t.err) == SessionRevoked
	}
	return false
}

// useApprovals: an approval is good until the next log-out everywhere, and the like.
func (in *inspection) useApprovals() error {
	given := []*task{{approval: in.approval, ended: -1}}
	for _, t := range in.store.tasks {
		if t.op.name == "approve" && t.returned && t.err == nil {
			given = append(given, t)
		}
	}
	for _, g := range given {
		void := slices.ContainsFunc(in.store.tasks, func(t *task) bool { return t.voids() && t.began >= g.ended })
		good := !slices.ContainsFunc(in.store.writes, in.everywhere) && (in.set.full == 0 || in.m.marked(context.Background(), g.approval) == nil)
		_, _, err := in.m.IssueApproved(context.Background(), g.approval, "desk")
		if code := CodeOf(err); void && code != SessionRevoked || good && err != nil || err != nil && code != SessionRevoked {
			return fmt.Errorf("an approval that is void (%v) or good (%v): %w", void, good, err)
		}
	}
	return nil
}
