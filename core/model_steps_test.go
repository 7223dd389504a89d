package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

func (r *modelRun) login(a, b, c int) error {
	name, appID, openID := r.user(a)
	key, device := []string{"", "k1", "k2", "k3"}[b%4], fmt.Sprint("device ", c%5)
	token, s, err := r.m.Login(context.Background(), LoginRequest{AppID: appID, Code: openID + "." + key, Device: device})
	r.logf("%s logs in with %q on %s: token %d, %v", name, key, device, len(r.model.tokens), err)
	u := r.model.user(name)
	before := len(r.model.list(u))
	if err := r.agree("Login", nil, err, ""); err != nil {
		return err
	}
	if r.model.now >= u.loggedIn+r.model.lifetime {
		keys, _ := ringOf(r.m, appID, openID)
		if len(keys) <= min(len(key), 1) {
			u.keys = nil // the old ring may have expired meanwhile
		}
	}
	t := r.model.login(u, s.ID, token, device, key, map[string]string{"uid": "u-" + openID})
	if len(r.model.list(u)) <= before {
		r.seen["a login at the cap"]++
	}
	r.views[t] = s
	return r.look("Login", s, t)
}

// refusedLogin must leave nothing behind.
func (r *modelRun) refusedLogin(a, _, _ int) error {
	code, want := denied, LoginDenied
	if a%2 == 0 {
		code, want = greedy, BadRequest
	}
	before := len(r.store.items)
	_, _, err := r.m.Login(context.Background(), LoginRequest{Code: code})
	r.logf("%s tries to log in: %v", code, err)
	if n := len(r.store.items); n != before {
		return fmt.Errorf("a refused login left %d values", n-before)
	}
	return r.agree("Login", nil, err, want)
}

// authenticate also counts what it costs.
func (r *modelRun) authenticate(a, _, _ int) error {
	t := r.token(a)
	gets, swaps, others := r.counted.gets, r.counted.swaps, r.counted.deletes
	s, err := r.m.Authenticate(context.Background(), t.text)
	r.logf("a request with %s: %v", r.nameOf(t), err)
	due := r.model.verdict(t) == "" && r.model.due(t)
	if talksTo(r.m, r.counted) {
		gets, swaps, others = r.counted.gets-gets, r.counted.swaps-swaps, r.counted.deletes-others
		if gets != 1 || others != 0 || swaps > 1 || (swaps == 1) != due {
			return fmt.Errorf("a request cost %d Get, %d Swap, %d Delete; a renewal is due: %v", gets, swaps, others, due)
		}
	}
	if due {
		r.seen["a renewal"]++
	}
	if bad := r.agree("Authenticate", t, err, r.model.authenticate(t)); bad != nil || err != nil {
		return bad
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
	_, err := r.m.Authenticate(context.Background(), token)
	if err := r.agree("Authenticate", nil, err, want); err != nil {
		return err
	}
	_, _, err = r.m.Rotate(context.Background(), token)
	if err := r.agree("Rotate", nil, err, want); err != nil {
		return err
	}
	if want == InvalidSession {
		want = "" // is dead already
	}
	return r.agree("Logout", nil, r.m.Logout(context.Background(), token), want)
}

func (r *modelRun) rotate(a, _, _ int) error {
	t := r.token(a)
	token, s, err := r.m.Rotate(context.Background(), t.text)
	r.logf("rotate %s: token %d, %v", r.nameOf(t), len(r.model.tokens), err)
	want := r.model.rotate(t, func() string { return token })
	if bad := r.agree("Rotate", t, err, want); bad != nil || err != nil {
		return bad
	}
	last := r.model.tokens[len(r.model.tokens)-1]
	r.views[last] = s
	return r.look("Rotate", s, last)
}

// rotateOften goes where a client is told to stop.
func (r *modelRun) rotateOften(a, b, c int) error {
	t := r.token(a)
	for range 1 + b%(tokensAtOnce+2) {
		a = 2 * (len(r.model.tokens) - 1 - slices.Index(r.model.tokens, t)) // t itself, if it is among the last
		if err := r.rotate(a, b, c); err != nil {
			return err
		}
	}
	return nil
}

func (r *modelRun) update(a, b, c int) error {
	t := r.token(a)
	view := r.views[t]
	name, value := fmt.Sprint("attr ", b%3), strings.Repeat("v", c*c/16)
	err := edit(context.Background(), r.m, view, func(s editable) { s.SetAttr(name, value) })
	r.logf("%q of %s becomes %d bytes: %v", name, r.nameOf(t), len(value), err)
	return r.agree("Update", t, err, r.model.update(t, name, value))
}

func (r *modelRun) logout(a, _, _ int) error {
	t := r.token(a)
	err := r.m.Logout(context.Background(), t.text)
	r.logf("log out with %s: %v", r.nameOf(t), err)
	r.model.logout(t)
	return r.agree("Logout", t, err, "")
}

// revoke may miss or meet a session that has died of age; that is the same.
func (r *modelRun) revoke(a, b, _ int) error {
	name, appID, openID := r.user(a)
	t := r.token(b)
	id, want := t.session.id, NotFound
	err := r.m.Revoke(context.Background(), appID, openID, id)
	r.logf("%s revokes the session of %s: %v", name, r.nameOf(t), err)
	switch {
	case t.session.user != r.model.users[name]:
	case r.model.live(t.session):
		want = ""
		r.model.end(t.session, true)
	case !r.model.newest(t.session).ended && err == nil:
		want = ""
	}
	return r.agree("Revoke", nil, err, want)
}

func (r *modelRun) logoutUser(a, _, _ int) error {
	name, appID, openID := r.user(a)
	err := r.m.LogoutUser(context.Background(), appID, openID)
	r.logf("%s logs out everywhere: %v", name, err)
	r.model.logoutUser(r.model.user(name))
	return r.agree("LogoutUser", nil, err, "")
}

func (r *modelRun) sessions(a, _, _ int) error {
	name, appID, openID := r.user(a)
	list, err := r.m.Sessions(context.Background(), appID, openID)
	r.logf("%s lists %d sessions: %v", name, len(list), err)
	var got, want []string
	for _, s := range list {
		got = append(got, fmt.Sprint(s.ID, s.Device, s.CreatedAt.UnixMilli(), s.LastSeen.UnixMilli()))
	}
	for _, s := range r.model.list(r.model.user(name)) {
		want = append(want, fmt.Sprint(s.id, s.device, s.created, r.model.newest(s).lastSeen))
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s has the sessions %q, the model %q", name, got, want)
	}
	return r.agree("Sessions", nil, err, "")
}

// advance lets time pass: a little, or up to a millisecond around a moment at
// which something changes for a token.
func (r *modelRun) advance(a, b, c int) error {
	t, now := r.token(a), r.model.now
	moments := []int64{
		r.model.expires(t), r.model.ends(t), t.lastSeen + r.model.idle/20, t.until, t.told,
		r.model.expires(r.model.newest(t.session)), now + int64(b), now + r.model.idle/21,
	}
	to := max(now, moments[b%len(moments)]+int64(c%3-1))
	r.clock.advance(time.Duration(to-now) * time.Millisecond)
	r.model.now = to
	r.logf("%d ms pass", to-now)
	return nil
}
