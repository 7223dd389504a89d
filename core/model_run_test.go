package core

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// A script drives the manager and the model alike: four bytes of settings, then
// four bytes for every step. Every sequence of bytes is a script.
type script []byte

const stepLen = 4

// modelRun is a script being run.
type modelRun struct {
	clock   *testClock
	store   *mapStore
	counted *faultyStore
	m       *Manager
	model   *model
	views   map[*modelToken]*Session // the latest that the application got
	trace   []string
	seen    map[string]int // what happened how often
}

const (
	secondAppID = "wxfedcba9876543210"
	denied      = "mallory" // whom OnLogin refuses
	greedy      = "gabby"   // whose attributes OnLogin makes too large
)

// modelUsers are "appid openid"; one person uses two apps.
var modelUsers = []string{testAppID + " alice", testAppID + " bob", secondAppID + " alice"}

// modelTimes are idle timeout, lifetime, grace period.
var modelTimes = [][3]time.Duration{
	{0, 0, 0},
	{100 * time.Second, 1000 * time.Second, 30 * time.Second},
	{time.Minute, time.Minute, 30 * time.Second},
	{1999 * time.Millisecond, 7001 * time.Millisecond, 500 * time.Millisecond},
	{10 * time.Second, 100 * time.Second, 20 * time.Second},
	{48 * time.Hour, 50 * time.Hour, time.Hour},
	{time.Minute, time.Hour, 1}, // no grace period at all
}

// inProcessStore is one whose records need no masking.
type inProcessStore struct{ appendStore }

func (inProcessStore) InProcess() bool { return true }

func newModelRun(settings []byte) (*modelRun, error) {
	times := modelTimes[int(settings[0])%len(modelTimes)]
	clock := newTestClock()
	r := &modelRun{
		clock: clock, store: newMapStore(clock),
		views: map[*modelToken]*Session{}, seen: map[string]int{},
	}
	r.store.slack = time.Duration(settings[1]%3) * time.Second
	r.counted = &faultyStore{Store: r.store}
	store := []Store{r.counted, r.counted, appendStore{r.store}, inProcessStore{appendStore{r.store}}}[settings[2]%4]
	cfg := Config{
		AppID: testAppID, IdleTimeout: times[0], Lifetime: times[1], RotateGrace: times[2], MaxSessions: 1 + int(settings[3]%4),
		OnLogin: hook(modelHook), Logger: slog.New(slog.DiscardHandler), Now: clock.Now,
	}
	identifyBy(&cfg, nameSource{})
	identifyAlsoBy(&cfg, secondAppID, nameSource{})
	m, err := New(cfg, store)
	if err != nil {
		return nil, err
	}
	r.m = m
	r.model = &model{
		now: millisOf(m), users: map[string]*modelUser{}, max: maxSessionsOf(m),
		idle: idleTimeoutOf(m).Milliseconds(), lifetime: lifetimeOf(m).Milliseconds(), grace: graceOf(m).Milliseconds(),
	}
	r.logf("idle %v, lifetime %v, grace %v, %d sessions at most, slack %v, %T",
		idleTimeoutOf(m), lifetimeOf(m), graceOf(m), maxSessionsOf(m), r.store.slack, store)
	return r, nil
}

func modelHook(openID string, s editable) (refused bool) {
	switch openID {
	case denied:
		return true
	case greedy:
		s.SetAttr("much", strings.Repeat("x", 4096))
	}
	s.SetAttr("uid", "u-"+openID)
	return false
}

func (r *modelRun) logf(format string, args ...any) {
	r.trace = append(r.trace, fmt.Sprintf(format, args...))
}

// runScript returns what the run showed, and how manager and model differ.
func runScript(sc script) (*modelRun, error) {
	if len(sc) < stepLen {
		return nil, nil
	}
	r, err := newModelRun(sc[:stepLen])
	if err != nil {
		return nil, err
	}
	for i := stepLen; i+stepLen <= len(sc); i += stepLen {
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
		r.login, r.login, r.authenticate, r.authenticate, r.advance, r.advance, r.advance,
		r.rotate, r.rotate, r.update, r.logout, r.revoke, r.logoutUser, r.sessions, r.refusedLogin, r.strangeToken,
		r.rotateOften,
	}
	n := int(op) % len(steps)
	if len(r.model.tokens) == 0 {
		n = 0
	}
	return steps[n](a, b, c)
}

// token prefers those that were made last.
func (r *modelRun) token(a int) *modelToken {
	n := len(r.model.tokens)
	if a%2 == 0 {
		return r.model.tokens[n-1-(a/2)%min(n, 6)]
	}
	return r.model.tokens[(a/2)%n]
}

func (r *modelRun) nameOf(t *modelToken) string {
	return fmt.Sprintf("token %d", slices.Index(r.model.tokens, t))
}

func (r *modelRun) user(a int) (name, appID, openID string) {
	name = modelUsers[a%len(modelUsers)]
	appID, openID, _ = strings.Cut(name, " ")
	return name, appID, openID
}

// agree compares the code of err with the model's. A store with slack may tell
// for a little longer that a session was revoked.
func (r *modelRun) agree(what string, t *modelToken, err error, want Code) error {
	got := CodeOf(err)
	if want == "" && err == nil {
		got = ""
	}
	r.seen[strings.Fields(what)[0]+" "+string(want)]++
	if got == want {
		return nil
	}
	late := t != nil && t.told > 0 && r.model.now < t.told+r.store.slack.Milliseconds()
	if late && got == SessionRevoked && want == InvalidSession {
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

// compare asks after every token that there has ever been, and after the rings.
func (r *modelRun) compare() error {
	for _, t := range r.model.tokens {
		s, err := r.m.Check(context.Background(), t.text)
		what := "Check of " + r.nameOf(t)
		if err := r.agree(what, t, err, r.model.verdict(t)); err != nil {
			return err
		}
		if err != nil {
			continue
		}
		if err := r.look(what, s, t); err != nil {
			return err
		}
	}
	for name, u := range r.model.users {
		if err := r.compareRing(name, u); err != nil {
			return err
		}
	}
	return nil
}

// compareRing lets a ring be gone once it is a lifetime old.
func (r *modelRun) compareRing(name string, u *modelUser) error {
	appID, openID, _ := strings.Cut(name, " ")
	got, err := ringOf(r.m, appID, openID)
	if err != nil {
		return err
	}
	if slices.Equal(got, u.keys) || r.model.now >= u.loggedIn+r.model.lifetime && len(got) == 0 {
		return nil
	}
	return fmt.Errorf("the ring of %s holds %q, it should be %q", name, got, u.keys)
}
