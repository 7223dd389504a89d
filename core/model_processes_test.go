package core

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// generation is how a process is configured: Keys come to a running service, and
// are replaced, one process after the other.
type generation struct {
	keys        string // a letter each, the newest first
	acceptClear bool
	patient     bool // comes an idle timeout after the one before, and forgets what it could read
}

func generations() []*generation {
	return []*generation{
		{}, {keys: "a", acceptClear: true}, {keys: "a", patient: true},
		{keys: "ab"}, {keys: "ba"}, {keys: "b", patient: true},
	}
}

func (g *generation) key() string { return g.keys[:min(len(g.keys), 1)] }

// reseals tells whether a process writes anew what one of another generation
// has written.
func (g *generation) reseals(other *generation) bool { return g.keys != "" && g.key() != other.key() }

// opens tells whether a process can read what one of another generation has written.
func (g *generation) opens(other *generation) bool {
	if other.keys == "" {
		return g.keys == "" || g.acceptClear
	}
	return strings.Contains(g.keys, other.key())
}

// process is one of two that serve the same users.
type process struct {
	m     *Manager
	store Store
	gen   int
}

// countedNear is a faultyStore with the optional AppendGet, which counts as a Get.
type countedNear struct{ *faultyStore }

func (s countedNear) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	value, err := s.Get(ctx, key)
	return append(dst, value...), err
}

// inProcessStore is one whose values nobody else sees.
type inProcessStore struct{ countedNear }

func (inProcessStore) InProcess() bool { return true }

// modelStores are pairs of ways to one store. A wrapper that forgets what the
// inner store can do is slower, and does the same.
func modelStores(s *faultyStore) [][2]Store {
	near := countedNear{s}
	local := inProcessStore{near}
	return [][2]Store{
		{s, s}, {near, s}, {near, WrappedStore{near}}, {WrappedStore{WrappedStore{near}}, struct{ Store }{near}},
		{local, local}, {local, WrappedStore{local}},
	}
}

const (
	secondAppID = "wxfedcba9876543210"
	denied      = "mallory" // whom OnLogin refuses
	greedy      = "gabby"   // whose attributes OnLogin makes too large
)

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

// start makes a manager of p's generation.
func (r *modelRun) start(p *process) error {
	g := generations()[p.gen]
	cfg := Config{
		AppID: testAppID, IdleTimeout: r.times[0], Lifetime: r.times[1], RotateGrace: r.times[2], MaxSessions: r.max,
		AcceptClear: g.acceptClear, OnLogin: hook(modelHook), Logger: slog.New(slog.DiscardHandler), Now: r.clock.Now,
	}
	for _, letter := range strings.Split(g.keys, "") {
		cfg.Keys = append(cfg.Keys, NewSecret(strings.Repeat(letter, 32)))
	}
	liftLimits(&cfg)
	identifyBy(&cfg, nameSource{})
	identifyAlsoBy(&cfg, secondAppID, nameSource{})
	var err error
	p.m, err = New(cfg, p.store)
	return err
}

// generation is p's, as far as it matters: a store of this process needs no keys.
func (r *modelRun) generation(p *process) *generation {
	if !seals(p.m) {
		return r.generations[0]
	}
	return r.generations[p.gen]
}

// roll restarts one process with the next generation, where it may come.
func (r *modelRun) roll(a, _, _ int) error {
	p, other := r.processes[a%2], r.processes[1-a%2]
	next := p.gen + 1
	if next >= len(r.generations) || next > other.gen+1 {
		return nil
	}
	g := r.generations[next]
	if g.patient && r.model.now < r.settled+r.model.idle {
		return nil
	}
	p.gen = next
	if other.gen == next {
		r.settled = r.model.now
	}
	if g.patient {
		for _, u := range r.model.users {
			u.lost = u.lost || len(r.model.list(u)) == 0
		}
	}
	r.seen["a roll to "+g.keys]++
	r.logf("process %d has the keys %q now", a%2, g.keys)
	return r.start(p)
}

// errNoKeys is an operation that was not done: the process has no keys yet, and
// another one seals already. Its clients are told to come again.
var errNoKeys = errors.New("a process without keys")

// on lets one process do something. What one without keys cannot do has not
// happened: what it may leave half done is the rig's matter.
func (r *modelRun) on(n int, do func(m *Manager) error) (*generation, error) {
	p := r.processes[n/128%2]
	before := r.store.snapshot()
	err := do(p.m)
	sealedByOthers := slices.ContainsFunc(r.processes[:], func(other *process) bool { return seals(other.m) })
	if CodeOf(err) == StoreUnavailable && sealedByOthers && !seals(p.m) {
		r.store.restore(before)
		r.seen["an outage for want of keys"]++
		r.logf("process %d has no keys: %v", n/128%2, err)
		return nil, errNoKeys
	}
	return r.generation(p), err
}

// reader is a manager that can read everything.
func (r *modelRun) reader() *Manager {
	if r.processes[0].gen > r.processes[1].gen {
		return r.processes[0].m
	}
	return r.processes[1].m
}

// modelTimes are idle timeout, lifetime, grace period.
func modelTimes() [][3]time.Duration {
	return [][3]time.Duration{
		{0, 0, 0},
		{100 * time.Second, 1000 * time.Second, 30 * time.Second},
		{time.Minute, time.Minute, 30 * time.Second},
		{1999 * time.Millisecond, 7001 * time.Millisecond, 500 * time.Millisecond},
		{10 * time.Second, 100 * time.Second, 20 * time.Second},
		{48 * time.Hour, 50 * time.Hour, time.Hour},
		{time.Minute, time.Hour, 1}, // no grace period at all
	}
}
