package core

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A script drives the managers and the model alike: five bytes of settings, then
// four bytes for every step. Every sequence of bytes is a script.
type script []byte

const (
	settingsLen = 5
	stepLen     = 4
)

// modelRun is a script being run.
type modelRun struct {
	clock       *testClock
	store       *mapStore
	counted     *faultyStore
	times       [3]time.Duration
	max         int
	generations []*generation
	processes   [2]*process
	settled     int64 // since when both have the same generation
	model       *model
	views       map[*modelToken]*Session // the latest that the application got
	tickets     []*modelTicket
	approvals   []modelApproval
	trace       []string
	seen        map[string]int // what happened how often
}

type modelApproval struct {
	Approval
	user  *modelUser
	epoch int
	at    int64
}

// modelUsers are "appid openid"; one person uses two apps.
func modelUsers() []string {
	return []string{testAppID + " alice", testAppID + " bob", secondAppID + " alice"}
}

func newModelRun(settings []byte) (*modelRun, error) {
	times := modelTimes()
	r := &modelRun{
		clock: newTestClock(), views: map[*modelToken]*Session{}, seen: map[string]int{},
		times: times[int(settings[0])%len(times)], max: 1 + int(settings[3]%4), generations: generations(),
	}
	r.store = newMapStore(r.clock)
	r.store.slack = time.Duration(settings[1]%3) * time.Second
	r.counted = &faultyStore{Store: r.store}
	stores := modelStores(r.counted)
	pair := stores[int(settings[2])%len(stores)]
	for i, s := range pair {
		r.processes[i] = &process{store: s, gen: int(settings[4]) % len(r.generations)}
		if err := r.start(r.processes[i]); err != nil {
			return nil, err
		}
	}
	m := r.reader()
	r.settled = millisOf(m)
	r.model = &model{
		now: millisOf(m), users: map[string]*modelUser{}, max: maxSessionsOf(m),
		idle: idleTimeoutOf(m).Milliseconds(), lifetime: lifetimeOf(m).Milliseconds(), grace: graceOf(m).Milliseconds(),
	}
	r.logf("idle %v, lifetime %v, grace %v, %d sessions at most, slack %v, %T and %T, keys %q",
		idleTimeoutOf(m), lifetimeOf(m), graceOf(m), r.max, r.store.slack, pair[0], pair[1], r.generations[r.processes[0].gen].keys)
	return r, nil
}

func (r *modelRun) logf(format string, args ...any) {
	r.trace = append(r.trace, fmt.Sprintf(format, args...))
}

// runScript returns what the run showed, and how manager and model differ.
func runScript(sc script) (*modelRun, error) {
	if len(sc) < settingsLen {
		return nil, nil
	}
	r, err := newModelRun(sc[:settingsLen])
	if err != nil {
		return nil, err
	}
	for i := settingsLen; i+stepLen <= len(sc); i += stepLen {
		err := r.step(sc[i], int(sc[i+1]), int(sc[i+2]), int(sc[i+3]))
		if err == nil {
			err = r.compare()
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// step does one thing. What there are no tokens for yet becomes a login.
func (r *modelRun) step(op byte, a, b, c int) error {
	steps := []func(a, b, c int) error{
		r.login, r.login, r.login, r.authenticate, r.authenticate, r.authenticate, r.authenticate, r.authenticate,
		r.advance, r.advance, r.advance, r.advance, r.rotate, r.rotate, r.rotateOften, r.update, r.update,
		r.ending, r.ending, r.ending, r.sessions, r.refusedLogin, r.strangeToken,
		r.ticket, r.ticket, r.redeem, r.redeem, r.redeem, r.approve, r.issueApproved, r.roll, r.roll,
	}
	n := int(op) % len(steps)
	if len(r.model.tokens) == 0 {
		n = 0
	}
	return steps[n](a, b, c)
}

// token prefers those that live, and among them those that were made last. It
// leaves out those of which nobody can tell.
func (r *modelRun) token(a int) *modelToken {
	known := slices.DeleteFunc(slices.Clone(r.model.tokens), r.model.crowded)
	live := slices.DeleteFunc(slices.Clone(known), func(t *modelToken) bool { return !r.model.lives(t) })
	if n := len(live); a%4 != 0 && n > 0 {
		return live[n-1-(a/4)%min(n, 8)]
	}
	return known[(a/4)%len(known)]
}

func (r *modelRun) nameOf(t *modelToken) string {
	return fmt.Sprintf("token %d", slices.Index(r.model.tokens, t))
}

func (r *modelRun) user(a int) (name, appID, openID string) {
	users := modelUsers()
	name = users[a%len(users)]
	appID, openID, _ = strings.Cut(name, " ")
	return name, appID, openID
}

// agree compares the code of err with the model's. What is left of a token that
// was revoked may have gone, and a store with slack keeps it a little longer.
func (r *modelRun) agree(what string, t *modelToken, err error, want Code) error {
	got := CodeOf(err)
	r.seen[strings.Fields(what)[0]+" "+string(want)]++
	switch {
	case got == want && (err == nil) == (want == ""):
		return nil
	case t != nil && got == SessionRevoked && want == InvalidSession && t.told > 0 && r.model.now < t.told+r.store.slack.Milliseconds():
		return nil
	case t != nil && got == InvalidSession && want == SessionRevoked && r.model.forgotten(t):
		r.seen["a word that made room"]++
		return nil
	}
	return fmt.Errorf("%s: the manager says %v, the model %q", what, err, want)
}

// look compares a session with the model's token.
func (r *modelRun) look(what string, s *Session, t *modelToken) error {
	want := fmt.Sprint(t.session.id, t.session.created, t.lastSeen, r.model.expires(t), r.model.ends(t), t.attrs)
	got := fmt.Sprint(s.ID, s.CreatedAt().UnixMilli(), s.LastSeen().UnixMilli(), s.ExpiresAt().UnixMilli(), s.EndsAt().UnixMilli(), maps.Collect(s.Attrs()))
	owner := r.model.users[s.AppID+" "+s.OpenID]
	if got != want || owner != t.session.user {
		return fmt.Errorf("%s: the session is of %s %s, %s; the model has %s", what, s.AppID, s.OpenID, got, want)
	}
	return nil
}

// compare asks after every token that there has ever been, whether what lives is
// listed, and after the rings.
func (r *modelRun) compare() error {
	m := r.reader()
	for _, t := range r.model.tokens {
		if r.model.crowded(t) {
			continue
		}
		if err := r.compareToken(m, t); err != nil {
			return err
		}
	}
	for name, u := range r.model.users {
		if err := r.compareRing(m, name, u); err != nil {
			return err
		}
	}
	return nil
}

// compareToken leaves no trace: for a token that waits, this is the first use.
func (r *modelRun) compareToken(m *Manager, t *modelToken) error {
	what := "Check of " + r.nameOf(t)
	appID, openID := r.ownerOf(t)
	key := indexKeyOf(appID, openID)
	if raw, err := r.store.Get(context.Background(), key); r.model.lives(t) && (err != nil || !readIndex(m, key, raw).names(t.session.id, recordKey(t.text))) {
		return fmt.Errorf("%s lives and is not listed, %v", r.nameOf(t), err)
	}
	wanted := *t
	if t.role == waiting && r.model.lives(t) {
		before := r.store.snapshot()
		defer r.store.restore(before)
		wanted.lastSeen, wanted.role, wanted.attrs = r.model.now, inUse, t.session.current().attrs
	}
	s, err := m.Check(context.Background(), t.text)
	if bad := r.agree(what, t, err, r.model.verdict(t)); bad != nil || err != nil {
		return bad
	}
	return r.look(what, s, &wanted)
}

func (r *modelRun) ownerOf(t *modelToken) (appID, openID string) {
	for name, u := range r.model.users {
		if u == t.session.user {
			appID, openID, _ = strings.Cut(name, " ")
		}
	}
	return appID, openID
}

// compareRing lets a ring be gone once it is a lifetime old.
func (r *modelRun) compareRing(m *Manager, name string, u *modelUser) error {
	appID, openID, _ := strings.Cut(name, " ")
	got, err := ringOf(m, appID, openID)
	if err != nil {
		return err
	}
	u.lost = u.lost || r.model.now >= u.loggedIn+r.model.lifetime
	if slices.Equal(got, u.keys) || u.lost && len(got) == 0 {
		return nil
	}
	return fmt.Errorf("the ring of %s holds %q, it should be %q", name, got, u.keys)
}
