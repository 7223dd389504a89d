package core

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// apart are the clocks of the instances in scenes where they differ.
func apart() []time.Duration { return []time.Duration{3 * time.Second, -3 * time.Second, 0} }

// TestEveryInterleavingOfClocksThatDiffer runs pairs on instances whose clocks
// differ, and sets one of them meanwhile; also while a session dies of age, for
// one instance sooner than for another.
func TestEveryInterleavingOfClocksThatDiffer(t *testing.T) {
	seen := newSightings()
	t.Run("pairs", func(t *testing.T) {
		for _, ops := range pairs(named("renew", "update", "rotate"), named("login", "logout", "revoke", "sessions", "cap")) {
			set := setting{room: roomFor(ops), skew: apart()}
			exploreAll(t, set, append(ops, named("set back")...), seen)
			exploreAll(t, set, append(ops, named("set on")...), seen)
			set.lapsing = true
			exploreAll(t, set, ops, seen)
			set.skew = []time.Duration{-3 * time.Second, 3 * time.Second}
			exploreAll(t, set, ops, seen)
		}
	})
	seen.want(t, "Jump")
}

// TestClocksAtRandom adds a third operation, failures, and all events at once.
func TestClocksAtRandom(t *testing.T) {
	seen := newSightings()
	playAtRandom(t, 1500, 12, func(r *rand.Rand) (set setting, ops []operation) {
		set = setting{rotated: r.IntN(3) == 0, lapsing: r.IntN(3) == 0, faults: r.IntN(2), stale: r.IntN(3) == 0}
		set.skew = apart()
		r.Shuffle(len(set.skew), func(i, j int) { set.skew[i], set.skew[j] = set.skew[j], set.skew[i] })
		for range 3 {
			choice := operations()
			ops = append(ops, choice[r.IntN(len(choice))])
		}
		set.room = roomFor(ops)
		return set, append(ops, named("set back", "set on")...)
	}, seen)
	seen.want(t, "Jump")
}

// TestTheIndexOutlivesItsSessions has one instance log in, others use and change
// the session to its end, and the last ones look whether it can be ended: clocks
// may differ by seconds.
func TestTheIndexOutlivesItsSessions(t *testing.T) {
	looked := 0
	skews := []time.Duration{0, 2 * time.Second, -2 * time.Second, 5 * time.Second, -5 * time.Second}
	for _, change := range []string{"nothing", "rotate", "login", "sessions"} {
		for _, a := range skews {
			for _, b := range skews {
				sc := newScene(t, setting{room: 10, skew: []time.Duration{a, b, -b}})
				sc.store.slack = 0
				n, err := sc.outlive(change)
				if err != nil {
					t.Errorf("clocks that are off by %v, %v and %v, %s: %v", a, b, -b, change, err)
				}
				looked += n
			}
		}
	}
	t.Logf("looked %d times at a session in its last seconds", looked)
	if looked < 1000 {
		t.Error("those were few")
	}
}

// outlive counts how often a session was found alive in its last seconds.
func (sc *scene) outlive(change string) (looked int, err error) {
	ctx, ins := context.Background(), sc.store.instances
	sc.setClocks(sc.start)
	token, s, err := ins[0].m.Login(ctx, LoginRequest{Code: "bob"})
	if err != nil {
		return 0, err
	}
	if token, err = sc.change(change, token); err != nil {
		return 0, err
	}
	for n := range 11 {
		sc.store.pass([]time.Duration{80 * time.Second, 90 * time.Second}[min(n, 1)])
		if _, err := ins[2].m.Authenticate(ctx, token); err != nil {
			return 0, fmt.Errorf("in use all the time: %w", err)
		}
	}
	for range 160 {
		sc.store.pass(250 * time.Millisecond)
		for no, in := range ins {
			if _, err := in.m.Check(ctx, token); err != nil {
				continue
			}
			looked++
			if err := sc.findAndEnd(in, token, s.ID); err != nil {
				return looked, fmt.Errorf("%v after the login, on instance %d: %w", time.Duration(sc.clock.ms.Load()-sc.start)*time.Millisecond, no, err)
			}
		}
	}
	return looked, nil
}

// change lets the second instance write the user record.
func (sc *scene) change(what, token string) (string, error) {
	m := sc.store.instances[1].m
	var err error
	switch what {
	case "rotate":
		token, _, err = m.Rotate(context.Background(), token)
	case "login":
		_, _, err = m.Login(context.Background(), LoginRequest{Code: "bob"})
	case "sessions":
		_, err = m.Sessions(context.Background(), testAppID, "bob")
	}
	return token, err
}

// findAndEnd looks at a live session, from one instance, then goes back.
func (sc *scene) findAndEnd(in *instance, token, id string) error {
	before := sc.store.snapshot()
	defer sc.store.restore(before)
	list, err := in.m.Sessions(context.Background(), testAppID, "bob")
	if err != nil || !slices.ContainsFunc(list, func(s SessionInfo) bool { return s.ID == id }) {
		return fmt.Errorf("a live session is not listed: %v", err)
	}
	if err := in.m.LogoutUser(context.Background(), testAppID, "bob"); err != nil {
		return err
	}
	for _, other := range sc.store.instances {
		if _, err := other.m.Check(context.Background(), token); err == nil {
			return fmt.Errorf("a live session outlives a log-out everywhere")
		}
	}
	return nil
}

// twoClocks ends values by a clock of its own, as stores/memory does by the
// monotonic one, and its AppendGet finds what has ended until it is swept.
type twoClocks struct {
	*faultyStore
	server *mapStore
}

func (s twoClocks) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	err := s.do(&s.gets, func() error { return ctx.Err() })
	item, ok := s.server.items[key]
	if err == nil && !ok {
		err = ErrNotFound
	}
	return append(dst, item.value...), err
}

// TestAWallClockThatIsSetBack: the store has let go of a session that is alive by
// the manager's clock. No operation goes round in circles, or calls it an outage.
func TestAWallClockThatIsSetBack(t *testing.T) {
	const most = 40 // calls of the store; those that do not go round in circles need 11
	for _, op := range allOperations() {
		var store twoClocks
		sc := newScene(t, setting{room: roomFor([]operation{op}), rotated: true, handing: true, wrap: func(s Store) Store {
			store = twoClocks{&faultyStore{Store: s}, s.(*instance).mapStore}
			return store
		}})
		server := newTestClock()
		server.ms.Store(sc.start)
		sc.store.mapStore.now = server.Now
		server.advance(2 * idleTimeoutOf(sc.m)) // while the managers' clock has been set back
		before := store.calls()
		_, _, err := op.run(t.Context(), sc)
		if n := store.calls() - before; n > most {
			t.Errorf("%s takes %d calls of the store: %v", op.name, n, err)
		}
		if code := CodeOf(err); err != nil && code != InvalidSession && code != NotFound && code != InvalidTicket {
			t.Errorf("%s: %v", op.name, err)
		}
	}
}
