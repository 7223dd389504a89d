package core

import (
	"net/http"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/internal/record"
)

// scene is where the operations of a run meet: a user with two sessions. The
// operations go for the first one, which is also the one that a cap would end.
type scene struct {
	set     setting
	clock   *testClock
	store   *scheduler
	m       *Manager // of an observer, whose clock is the scene's
	start   int64    // time at which it begins
	initial map[string]mapItem

	token   string   // of the first session
	old     string   // its token before a rotation, in its grace period; token if there was none
	first   *Session // by token
	oldview *Session // by old
	other   string   // token of the second session
	otherID string

	expiries map[string]int64 // of these tokens, if nothing is written

	handing
}

const sceneUser = "alice"

// setting says how a scene differs from the plain one, in which nothing expires
// or fails, and the first session has one token, whose renewal is due.
type setting struct {
	room    int  // Config.MaxSessions
	rotated bool // the first session was rotated
	used    bool // and its new token was used, so that the grace period runs
	lapsing bool // the oldest token of the first session has a millisecond left
	aged    bool // of its lifetime, that is, not of its idle timeout
	alone   bool // the first session is the only one
	lost    bool // the store has dropped the record of a third session
	handing bool // the first session has tickets, and has approved of a login
	handed  bool // and has handed over a session before

	begins  bool            // that an operation begins is a step of its own
	faults  int             // that a run may have at most
	late    bool            // calls that fail may take effect later
	stale   bool            // each instance has a near cache
	unacked int             // revoking writes that the replicas may not acknowledge
	full    int             // writes for which there may be no room
	forgets string          // what the store does at some point: goingBack, evicting
	answers bool            // WeChat answers when it is picked
	expired bool            // the session_key is none of WeChat's, until a login brings it again
	skew    []time.Duration // of the instances' clocks; nil: none
	holder  bool            // whoever got a token may have lost what came after it
	theft   bool            // a token whose successor was used has lost its power to be rotated

	wrap func(Store) Store // nil: the manager talks to the scheduler itself
}

// instancesOf is how many processes the operations of a run are spread over.
const instancesOf = 3

func newScene(t testing.TB, set setting) *scene {
	clock := newTestClock()
	sc := &scene{set: set, clock: clock, store: newScheduler(clock, set)}
	sc.store.slack = 2 * time.Second // what expires is decided in core, not in the store
	sc.store.index = indexKeyOf(testAppID, sceneUser)
	sc.m = sc.observer(t).m
	for i := range instancesOf {
		sc.store.instances = append(sc.store.instances, sc.instance(t, i))
	}
	sc.populate(t)
	if set.expired {
		_ = sc.m.CheckSessionKey(t.Context(), sc.first) // gets the access token, too
	}
	sc.store.pass(10 * time.Second)
	if set.lapsing {
		sc.setClocks(sc.oldview.ExpiresAt().UnixMilli() - 1)
	}
	sc.start, sc.initial = clock.ms.Load(), sc.store.snapshot()
	sc.expiries = map[string]int64{}
	for _, token := range []string{sc.token, sc.old, sc.other} {
		key := recordKey(token)
		sc.expiries[token] = expiryOf(sc.m, key, sc.initial[key].value)
	}
	return sc
}

func (sc *scene) config(in *instance) Config {
	cfg := Config{IdleTimeout: 100 * time.Second, Lifetime: 1000 * time.Second, MaxSessions: sc.set.room}
	liftLimits(&cfg)
	identifyBy(&cfg, sceneSource{in, sc.set.answers})
	if sc.set.expired {
		giveSecret(&cfg, "secret")
		cfg.HTTPClient = &http.Client{Transport: sceneWeChat{in}}
	}
	return cfg
}

// farBehind is by how much the observer's clock is late where clocks differ:
// what lives for anybody lives for the observer.
const farBehind = 6 * time.Second

func (sc *scene) observer(t testing.TB) *instance {
	in := &instance{scheduler: sc.store, clock: sc.clock}
	if sc.set.skew != nil {
		in.clock, in.skew = newTestClock(), -farBehind
	}
	var store Store = in
	if sc.set.wrap != nil {
		store = sc.set.wrap(store)
	}
	in.m = newTestManager(t, in.clock, store, sc.config(in))
	in.m.values.mark = [record.MarkLen]byte{1 << 7}
	sc.store.observer = in
	return in
}

func (sc *scene) instance(t testing.TB, no int) *instance {
	in := &instance{scheduler: sc.store, clock: newTestClock()}
	if no < len(sc.set.skew) {
		in.skew = sc.set.skew[no]
	}
	in.start = func() *Manager {
		m := newTestManager(t, in.clock, in, sc.config(in))
		m.values.mark = [record.MarkLen]byte{byte(no)} // or equal states would not look equal
		return m
	}
	in.m = in.start()
	return in
}

func (sc *scene) populate(t testing.TB) {
	var other *Session
	sc.token, sc.first = mustLogin(t, sc.m, sceneUser+".key")
	if err := edit(t.Context(), sc.m, sc.first, func(s editable) { s.SetAttr("colour", firstColour) }); err != nil {
		t.Fatal(err)
	}
	sc.store.pass(time.Second)
	sc.other, other = mustLogin(t, sc.m, sceneUser+".key")
	sc.otherID = other.ID
	if sc.set.alone {
		if err := sc.m.Logout(t.Context(), sc.other); err != nil {
			t.Fatal(err)
		}
	}
	if sc.set.lost {
		_, third := mustLogin(t, sc.m, sceneUser+".key")
		delete(sc.store.items, recordKeyOf(third))
	}
	sc.old = sc.token
	if sc.set.rotated {
		sc.token, sc.first = mustRotate(t, sc.m, sc.old)
	}
	if sc.set.used {
		sc.use(t, sc.token)
	}
	if sc.set.aged {
		sc.age(t)
	}
	sc.oldview = mustCheck(t, sc.m, sc.old)
	if sc.token == sc.old {
		sc.first = sc.oldview
	}
	if sc.set.handing {
		sc.handOver(t)
	}
}

// age uses the sessions for as long as their lifetime allows.
func (sc *scene) age(t testing.TB) {
	for range 11 {
		sc.store.pass(90 * time.Second)
		sc.use(t, sc.token)
		sc.use(t, sc.other)
	}
}

func (sc *scene) use(t testing.TB, token string) {
	if _, err := sc.m.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}

// setClocks makes it now, but for what the instances' clocks are off.
func (sc *scene) setClocks(now int64) {
	for _, in := range append(sc.store.instances, sc.store.observer) {
		in.clock.ms.Store(now + in.skew.Milliseconds())
	}
	sc.clock.ms.Store(now)
}

// pass lets time pass, on all clocks.
func (s *scheduler) pass(d time.Duration) {
	for _, in := range append(s.instances, s.observer) {
		if in.clock != s.clock {
			in.clock.advance(d)
		}
	}
	s.clock.advance(d)
}
