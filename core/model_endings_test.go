package core

import (
	"context"
	"slices"
)

// The steps of a script that end sessions, and those that hand sessions over.

// ending is one of those that end sessions.
func (r *modelRun) ending(a, b, c int) error {
	endings := []func(a, b, c int) error{
		r.logout, r.logoutSession, r.logoutOthers, r.logoutAll, r.revoke, r.logoutUser,
	}
	return endings[c%len(endings)](a, b, c)
}

func (r *modelRun) logout(a, b, _ int) error {
	t := r.token(a)
	_, err := r.on(b, func(m *Manager) error { return m.Logout(context.Background(), t.text) })
	if err == errNoKeys {
		return nil
	}
	r.logf("log out with %s: %v", r.nameOf(t), err)
	r.model.logout(t)
	return r.agree("Logout", t, err, "")
}

// listed tells whether the index has the session: one that has died of age may
// be in it or not.
func (r *modelRun) listed(s *modelSession) bool {
	appID, openID := r.ownerOf(s.tokens[0])
	key := indexKeyOf(appID, openID)
	raw, err := r.store.Get(context.Background(), key)
	return err == nil && slices.Contains(readIndex(r.reader(), key, raw).ids(), s.id)
}

func (r *modelRun) logoutSession(a, b, _ int) error {
	t := r.token(a)
	listed := r.listed(t.session)
	_, err := r.on(b, func(m *Manager) error { return m.LogoutSession(context.Background(), r.views[t]) })
	if err == errNoKeys {
		return nil
	}
	r.logf("a handler logs out the session of %s: %v", r.nameOf(t), err)
	r.model.logoutSession(t, listed)
	return r.agree("LogoutSession", t, err, "")
}

func (r *modelRun) logoutOthers(a, b, _ int) error {
	t := r.token(a)
	_, err := r.on(b, func(m *Manager) error { return m.LogoutOthers(context.Background(), r.views[t]) })
	if err == errNoKeys {
		return nil
	}
	r.logf("the session of %s logs out the others: %v", r.nameOf(t), err)
	return r.agree("LogoutOthers", t, err, r.model.logoutOthers(t))
}

func (r *modelRun) logoutAll(a, b, _ int) error {
	t := r.token(a)
	by, err := r.on(b, func(m *Manager) error {
		return m.logout(context.Background(), t.text, true, func() error { return nil })
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("the client of %s logs out everywhere: %v", r.nameOf(t), err)
	if r.model.lives(t) {
		r.seen["a client's log-out everywhere"]++
	}
	r.model.logoutAll(t, by)
	return r.agree("LogoutAll", t, err, "")
}

// revoke may miss or meet a session that has died of age; that is the same, but
// for what that one has handed over.
func (r *modelRun) revoke(a, b, _ int) error {
	name, appID, openID := r.user(a)
	t := r.token(b)
	id, want, listed := t.session.id, NotFound, r.listed(t.session)
	_, err := r.on(b, func(m *Manager) error { return m.Revoke(context.Background(), appID, openID, id) })
	if err == errNoKeys {
		return nil
	}
	r.logf("%s revokes the session of %s: %v", name, r.nameOf(t), err)
	if t.session.user == r.model.users[name] && (r.model.live(t.session) || listed) {
		want = ""
		t.session.user.epoch++
		r.model.end(true, t.session)
	}
	return r.agree("Revoke", nil, err, want)
}

func (r *modelRun) logoutUser(a, b, _ int) error {
	name, appID, openID := r.user(a)
	_, err := r.on(b, func(m *Manager) error { return m.LogoutUser(context.Background(), appID, openID) })
	if err == errNoKeys {
		return nil
	}
	r.logf("%s logs out everywhere: %v", name, err)
	r.model.logoutUser(r.model.user(name))
	return r.agree("LogoutUser", nil, err, "")
}

// asks tells what a session that wants a ticket, or approves, hears. One that has
// died of age may get what is of no use.
func (r *modelRun) asks(t *modelToken, err error) Code {
	switch {
	case t.role == retired && (r.model.live(t.session) || r.listed(t.session)):
		return InvalidSession
	case r.model.live(t.session) || err == nil && r.listed(t.session):
		return ""
	case r.listed(t.session):
		return InvalidSession
	}
	return r.model.verdict(t)
}

func (r *modelRun) ticket(a, b, _ int) error {
	t := r.token(a)
	var ticket string
	by, err := r.on(b, func(m *Manager) (err error) {
		ticket, err = m.NewTicket(context.Background(), r.views[t])
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("the session of %s asks for ticket %d: %v", r.nameOf(t), len(r.tickets), err)
	if bad := r.agree("NewTicket", t, err, r.asks(t, err)); bad != nil || err != nil {
		return bad
	}
	r.tickets = append(r.tickets, r.model.newTicket(t.session, ticket, by))
	return nil
}

// redeem prefers the last tickets, and repeats itself.
func (r *modelRun) redeem(a, b, c int) error {
	if len(r.tickets) == 0 {
		return r.ticket(a, b, c)
	}
	n := len(r.tickets) - 1 - (a/2)%min(len(r.tickets), 12)
	k := r.tickets[n]
	if a%16 == 1 {
		return r.refusedRedeem(k)
	}
	var token string
	var s *Session
	by, err := r.on(b, func(m *Manager) (err error) {
		token, s, err = m.RedeemTicket(context.Background(), k.text, "web")
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("ticket %d is redeemed: token %d, %v", n, len(r.model.tokens), err)
	t, want := r.model.redeem(k, by, r.seen, func() (*modelSession, string) {
		if err != nil {
			return &modelSession{}, ""
		}
		return &modelSession{id: s.ID, device: "web"}, token
	})
	if bad := r.agree("RedeemTicket", nil, err, want); bad != nil || err != nil {
		return bad
	}
	t.sealed, r.views[t] = by, s
	return r.look("RedeemTicket", s, t)
}

// refusedRedeem leaves the ticket as it is.
func (r *modelRun) refusedRedeem(k *modelTicket) error {
	_, _, err := r.reader().RedeemTicket(context.Background(), k.text, "a\nb")
	return r.agree("RedeemTicket", nil, err, BadRequest)
}

func (r *modelRun) approve(a, b, _ int) error {
	t := r.token(a)
	var given Approval
	_, err := r.on(b, func(m *Manager) (err error) {
		given, err = m.Approve(context.Background(), r.views[t])
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("the session of %s approves: %v", r.nameOf(t), err)
	if bad := r.agree("Approve", t, err, r.asks(t, err)); bad != nil || err != nil {
		return bad
	}
	r.approvals = append(r.approvals, modelApproval{given, t.session.user, t.session.user.epoch, r.model.now})
	return nil
}

func (r *modelRun) issueApproved(a, b, c int) error {
	usable := slices.DeleteFunc(slices.Clone(r.approvals), func(a modelApproval) bool {
		return a.user.lost || r.model.now >= a.at+r.model.lifetime // its mark may be gone
	})
	if len(usable) == 0 {
		return r.approve(a, b, c)
	}
	given := usable[a%len(usable)]
	var token string
	var s *Session
	by, err := r.on(b, func(m *Manager) (err error) {
		token, s, err = m.IssueApproved(context.Background(), given.Approval, "desk")
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("what was approved is used: token %d, %v", len(r.model.tokens), err)
	if given.epoch != given.user.epoch {
		return r.agree("IssueApproved", nil, err, SessionRevoked)
	}
	if err := r.agree("IssueApproved", nil, err, ""); err != nil {
		return err
	}
	t, _ := r.model.login(given.user, &modelSession{id: s.ID, device: "desk"}, token, "", map[string]string{"uid": "u-" + given.OpenID})
	t.sealed, r.views[t] = by, s
	return r.look("IssueApproved", s, t)
}
