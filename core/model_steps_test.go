package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The steps of a script. Each takes three bytes; the highest bit of one chooses
// the process.

func (r *modelRun) login(a, b, c int) error {
	name, appID, openID := r.user(a)
	key, device := []string{"", "k1", "k2", "k3"}[b%4], fmt.Sprint("device ", c%5)
	r.pass(1) // no two answers are of one moment
	r.forget(r.model.user(name), r.processes[b/128%2].m, appID, openID)
	var token string
	var s *Session
	by, err := r.on(b, func(m *Manager) (err error) {
		if key == "" && c%2 == 0 {
			token, s, err = m.Issue(context.Background(), appID, Identity{OpenID: openID}, device)
		} else {
			token, s, err = m.Login(context.Background(), LoginRequest{AppID: appID, Code: openID + "." + key, Device: device})
		}
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("%s logs in with %q on %s: token %d, %v", name, key, device, len(r.model.tokens), err)
	if err := r.agree("Login", nil, err, ""); err != nil {
		return err
	}
	t, full := r.model.login(r.model.user(name), &modelSession{id: s.ID, device: device}, token, key, map[string]string{"uid": "u-" + openID})
	if full {
		r.seen["a login at the cap"]++
	}
	t.sealed, r.views[t] = by, s
	return r.look("Login", s, t)
}

// forget makes sure of a ring that may have gone, or that m cannot read any more;
// approvals may have gone with it.
func (r *modelRun) forget(u *modelUser, m *Manager, appID, openID string) {
	if !u.lost {
		return
	}
	if ring, err := ringOf(m, appID, openID); err == nil && len(ring) == 0 {
		u.keys = nil
	}
	r.approvals = slices.DeleteFunc(r.approvals, func(a modelApproval) bool { return a.user == u })
	u.lost = false
}

// refusedLogin must leave nothing behind.
func (r *modelRun) refusedLogin(a, b, _ int) error {
	code, want := denied, LoginDenied
	if a%2 == 0 {
		code, want = greedy, AppUnavailable
	}
	r.pass(1)
	before := len(r.store.items)
	_, err := r.on(b, func(m *Manager) error {
		_, _, err := m.Login(context.Background(), LoginRequest{Code: code})
		return err
	})
	r.logf("%s tries to log in: %v", code, err)
	if n := len(r.store.items); n != before {
		return fmt.Errorf("a refused login left %d values", n-before)
	}
	return r.agree("Login", nil, err, want)
}

// authenticate also counts what it costs.
func (r *modelRun) authenticate(a, b, _ int) error {
	t := r.token(a)
	gets, swaps, deletes := r.counted.gets, r.counted.swaps, r.counted.deletes
	var s *Session
	by, err := r.on(b, func(m *Manager) (err error) {
		s, err = m.Authenticate(context.Background(), t.text)
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("a request with %s: %v", r.nameOf(t), err)
	gets, swaps, deletes = r.counted.gets-gets, r.counted.swaps-swaps, r.counted.deletes-deletes
	due, first := r.model.verdict(t) == "" && r.model.due(t, by), t.role == waiting
	plain := gets == 1 && swaps == 0 && deletes == 0
	renewal := gets == 2 && (swaps == 1 || swaps == 2 && by.keys != "") && deletes == 0
	if !first && (due != renewal || !due && !plain) {
		return fmt.Errorf("a request cost %d Get, %d Swap, %d Delete; a renewal is due: %v", gets, swaps, deletes, due)
	}
	if due {
		r.seen["a renewal"]++
	}
	if bad := r.agree("Authenticate", t, err, r.model.authenticate(t, by)); bad != nil || err != nil {
		return bad
	}
	if first {
		r.seen["a first use"]++
	}
	r.views[t] = s
	return r.look("Authenticate", s, t)
}

// strangeToken has never been issued.
func (r *modelRun) strangeToken(a, b, _ int) error {
	token, want := tokenOfNobody(), InvalidSession
	if a%2 == 0 {
		token, want = strings.Repeat("x", b), NoSession
	}
	m := r.reader()
	_, err := m.Authenticate(context.Background(), token)
	if err := r.agree("Authenticate", nil, err, want); err != nil {
		return err
	}
	_, _, err = m.Rotate(context.Background(), token)
	if err := r.agree("Rotate", nil, err, want); err != nil {
		return err
	}
	if want == InvalidSession {
		want = "" // is dead already
	}
	return r.agree("Logout", nil, m.Logout(context.Background(), token), want)
}

func (r *modelRun) rotate(a, b, _ int) error { return r.rotateToken(r.token(a), b) }

func (r *modelRun) rotateToken(t *modelToken, b int) error {
	var token string
	var s *Session
	by, err := r.on(b, func(m *Manager) (err error) {
		token, s, err = m.Rotate(context.Background(), t.text)
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("rotate %s: token %d, %v", r.nameOf(t), len(r.model.tokens), err)
	theft := t.role == retired && r.model.lives(t)
	want := r.model.rotate(t, by, func() string { return token })
	if theft {
		r.seen["a theft"]++
		t.session.user.epoch++
	}
	if bad := r.agree("Rotate", t, err, want); bad != nil || err != nil {
		return bad
	}
	last := r.model.tokens[len(r.model.tokens)-1]
	r.views[last] = s
	return r.look("Rotate", s, last)
}

// rotateOften makes more successors than are kept.
func (r *modelRun) rotateOften(a, b, c int) error {
	t := r.token(a)
	for range 1 + c%(tokensAtOnce+2) {
		if err := r.rotateToken(t, b); err != nil {
			return err
		}
	}
	if c%(tokensAtOnce+2) >= tokensAtOnce {
		r.seen["more successors than are kept"]++
	}
	return nil
}

func (r *modelRun) update(a, b, c int) error {
	t := r.token(a)
	view := r.views[t]
	name, value := fmt.Sprint("attr ", b%3), strings.Repeat("v", c*c/16)
	by, err := r.on(b, func(m *Manager) error {
		return edit(context.Background(), m, view, func(s editable) { s.SetAttr(name, value) })
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("%q of %s becomes %d bytes: %v", name, r.nameOf(t), len(value), err)
	return r.agree("Update", t, err, r.model.update(t, by, name, value))
}

// sessions compares the list.
func (r *modelRun) sessions(a, b, _ int) error {
	name, appID, openID := r.user(a)
	var list []SessionInfo
	_, err := r.on(b, func(m *Manager) (err error) {
		list, err = m.Sessions(context.Background(), appID, openID)
		return err
	})
	if err == errNoKeys {
		return nil
	}
	r.logf("%s lists %d sessions: %v", name, len(list), err)
	var got, want []string
	for _, s := range list {
		got = append(got, fmt.Sprint(s.ID, s.Device, s.CreatedAt.UnixMilli(), s.LastSeen.UnixMilli()))
	}
	for _, s := range r.model.list(r.model.user(name)) {
		want = append(want, fmt.Sprint(s.id, s.device, s.created, r.model.lastSeen(s)))
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s has the sessions %q, the model %q", name, got, want)
	}
	return r.agree("Sessions", nil, err, "")
}

func (r *modelRun) pass(ms int64) {
	r.clock.advance(time.Duration(ms) * time.Millisecond)
	r.model.now += ms
}

// advance lets time pass: a little, or up to a millisecond around a moment at
// which something changes for a token.
func (r *modelRun) advance(a, b, c int) error {
	t, now := r.token(a), r.model.now
	moments := []int64{
		r.model.expires(t), r.model.ends(t), t.until, t.told, r.settled + r.model.idle, now + 60_000,
		t.lastSeen + r.model.idle/20, now + r.model.idle/21, now + r.model.idle/19, now + r.model.idle/3,
		now + int64(b), now + int64(b), now + int64(b),
	}
	to := max(now, moments[b%len(moments)]+int64(c%3-1))
	r.pass(to - now)
	r.logf("%d ms pass", to-now)
	return nil
}
