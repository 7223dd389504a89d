package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// TicketLifetime is how long a ticket can be redeemed.
const TicketLifetime = time.Minute

// maxTickets bounds the tickets of one session that wait to be redeemed. Beyond
// it the oldest is void.
const maxTickets = 8

func errInvalidTicket() *Error {
	return &Error{Code: CodeInvalidTicket, Message: "the ticket is unknown, used or expired, or the session that asked for it has ended: ask for another"}
}

// NewTicket returns a ticket by which another client of the same user, such as the
// page in a web-view, gets a session of its own: once, and within TicketLifetime.
// It dies with s. The store sees its hash only. CodeInvalidSession for a session of a
// token that was rotated away, also in its grace period.
func (m *Manager) NewTicket(ctx context.Context, s *Session) (ticket string, err error) {
	ctx, end := m.observe(ctx, OpTicket)
	defer func() { end(err) }()
	if !s.made() {
		return "", errNoSession()
	}
	ctx, cancel := m.operation(ctx)
	defer cancel()
	ticket = newToken()
	name := record.OfToken(ticket)
	appID, openID, _ := s.rec.Owner()
	body := record.HandOver{AppID: appID, OpenID: openID, ID: s.rec.ID()}.Encode()
	// The record only shows the way to the user's, which decides.
	_, err = m.values.swap(ctx, name.Key(record.TicketPrefix), nil, m.values.ring.New(body), 2*TicketLifetime)
	if err != nil {
		return "", errStore(err)
	}
	now := m.now()
	err = m.editListed(ctx, s, func(_ *user, e *record.Entry) error {
		e.Tickets = slices.DeleteFunc(e.Tickets, func(t record.Ticket) bool { return t.Ends <= now })
		e.Tickets = append(e.Tickets, record.Ticket{Name: name, Ends: now + TicketLifetime.Milliseconds()})
		e.Tickets = e.Tickets[max(0, len(e.Tickets)-maxTickets):]
		return nil
	})
	if err != nil {
		m.discard(ctx, name.Key(record.TicketPrefix))
		return "", err
	}
	return ticket, nil
}

// editListed changes the entry of a session that lives. One that the index has
// lost is listed again before. CodeInvalidSession for a token that was rotated away:
// it may be stolen, and what comes of this lasts longer than its grace period.
func (m *Manager) editListed(ctx context.Context, s *Session, fn func(*user, *record.Entry) error) error {
	lost, fresh := false, false
	edit := func(u *user) error {
		e := u.find(s.rec.ID())
		r := findRecord(e, s.name)
		switch {
		case r == nil && (e == nil || !fresh):
			lost = true
			return errInvalidSession()
		case r != nil && (r.Role == record.Retiring || r.Role == record.Retired):
			return errInvalidSession()
		}
		return fn(u, e)
	}
	key := s.userKey()
	_, err := m.editUser(ctx, key, edit)
	if !lost {
		return err
	}
	now, _, err := m.read(ctx, s.name)
	if err != nil {
		return err
	}
	fresh = now.rec.State() == record.Fresh // nobody has used it: what it follows is listed again
	found, _, missing := m.inUse(ctx, s.name)
	if missing != nil {
		return missing
	}
	if err := m.heal(ctx, found); err != nil { // or another request has healed it
		return err
	}
	_, err = m.editUser(ctx, key, edit)
	return err
}

// RedeemTicket issues a session for a ticket: of the same user and app, with a
// copy of the attributes, listed under the given device label. It lives no longer
// than the session that asked, and ends with it. A session hands over one at a
// time: the one before ends. For the cap, others give way.
//
// That the ticket is used up and that the session that asked for it lives is
// one decision: of two uses one wins, and a log-out that came before wins too.
// Nor is one good of a session that was handed over itself, where the cap leaves
// nobody else to give way.
// CodeInvalidTicket otherwise; CodeStoreUnavailable leaves the ticket as it was,
// unless an answer of the store was lost, or it failed again when the ticket was
// to be given back, or as many newer ones wait as may. Until then another use of it
// is refused.
func (m *Manager) RedeemTicket(ctx context.Context, ticket, device string) (token string, s *Session, err error) {
	ctx, end := m.observe(ctx, OpRedeem)
	defer func() { end(err) }()
	if err := validateDevice(device); err != nil {
		return "", nil, err
	}
	if !tokenShaped(ticket) {
		return "", nil, errInvalidTicket()
	}
	ctx, cancel := m.operation(ctx)
	defer cancel()
	name := record.OfToken(ticket)
	from, err := m.asker(ctx, name)
	if err != nil {
		return "", nil, err
	}
	f := m.handedOver(from)
	var used usedTicket
	enter := func(ctx context.Context, u *user, child record.Name) (err error) {
		if used, err = u.useTicket(from.rec.ID(), name, m.now()); err != nil {
			return err
		}
		u.revokeChild(from.rec.ID(), record.ByHandOver)
		if err := m.makeRoom(ctx, u, from.rec.ID()); err != nil {
			return err
		}
		if len(u.Entries) >= m.cfg.MaxSessions && u.find(from.rec.ID()).Parent != "" {
			return errInvalidTicket() // or each could hand over to the next, and all of them stay
		}
		u.enter(f, child, device, from.rec.ID())
		return nil
	}
	token, s, err = m.start(ctx, f, beginning{enter: enter, still: func(ctx context.Context) error {
		_, err := m.living(ctx, from.userKey(), from.rec.ID())
		return err
	}, leave: func(u *user) {
		u.forget(f.ID)
		u.giveBack(from.rec.ID(), used)
	}})
	if err == nil {
		m.discard(ctx, name.Key(record.TicketPrefix))
	}
	return token, s, err
}

// asker returns the live session that a ticket was made for.
func (m *Manager) asker(ctx context.Context, ticket record.Name) (*Session, error) {
	found, err := m.values.get(ctx, ticket.Key(record.TicketPrefix))
	var asked record.HandOver
	if err == nil {
		asked, err = record.DecodeHandOver(found.value.Body())
	}
	switch {
	case errors.Is(err, ErrNotFound) || isUnusable(err):
		return nil, errInvalidTicket()
	case err != nil:
		return nil, errStore(err)
	}
	return m.living(ctx, userKey(asked.AppID, asked.OpenID), asked.ID)
}

// living returns the session called id, by one of its records that lives. A successor
// that nobody has used says nothing: in a store that is full a rotation in flight may
// have listed it after the session's end.
func (m *Manager) living(ctx context.Context, userKey, id string) (*Session, error) {
	u, err := m.readUser(ctx, userKey)
	if err != nil {
		return nil, err
	}
	e := u.find(id)
	if e == nil {
		return nil, errInvalidTicket()
	}
	for _, r := range e.Records {
		if r.Role == record.Successor {
			continue
		}
		s, _, err := m.inUse(ctx, r.Name)
		if err == nil || CodeOf(err) == CodeStoreUnavailable {
			return s, err
		}
	}
	return nil, errInvalidTicket()
}

// handedOver is what a session of the same user begins as.
func (m *Manager) handedOver(from *Session) record.Fields {
	appID, openID, unionID := from.rec.Owner()
	now := m.now()
	return record.Fields{
		State: record.Live, ID: newSessionID(), AppID: appID, OpenID: openID, UnionID: unionID,
		Created: now, LastSeen: now, Idle: m.cfg.IdleTimeout.Milliseconds(),
		Lifetime: max(0, min(m.cfg.Lifetime.Milliseconds(), endsAt(from.rec)-now)),
		Attrs:    from.rec.Attrs(),
	}
}

// usedTicket is a ticket that was struck off, and where in the list it stood.
type usedTicket struct {
	record.Ticket
	at int
}

// useTicket strikes a ticket off the session called id.
func (u *user) useTicket(id string, ticket record.Name, now int64) (usedTicket, error) {
	e := u.find(id)
	if e == nil {
		return usedTicket{}, errInvalidTicket()
	}
	i := slices.IndexFunc(e.Tickets, func(t record.Ticket) bool { return t.Name == ticket })
	if i < 0 || e.Tickets[i].Ends <= now {
		return usedTicket{}, errInvalidTicket()
	}
	used := usedTicket{e.Tickets[i], i}
	e.Tickets = slices.Delete(e.Tickets, i, i+1)
	return used, nil
}

// giveBack undoes useTicket, unless the session has ended meanwhile.
func (u *user) giveBack(id string, used usedTicket) {
	if e := u.find(id); e != nil {
		e.Tickets = slices.Insert(e.Tickets, min(used.at, len(e.Tickets)), used.Ticket)
		e.Tickets = e.Tickets[max(0, len(e.Tickets)-maxTickets):]
	}
}
