package core

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
)

// operations are those that pairs are made of. A cap is a login in a scene that
// has no room for it.
func operations() []operation {
	return []operation{
		{"login", false, opLogin},
		{"renew", true, opRenew},
		{"update", true, opUpdate(newestSession)},
		{"rotate", true, opRotate(newest)},
		{"logout", false, opLogout(newest)},
		{"revoke", true, opRevoke},
		{"logoutUser", false, opLogoutUser},
		{"sessions", false, opSessions},
		{"cap", false, opLogin},
	}
}

// graceOperations come with the token before the last rotation.
func graceOperations() []operation {
	return []operation{
		{"update-old", true, opUpdate(oldestSession)},
		{"rotate-old", true, opRotate(oldest)},
		{"logout-old", false, opLogout(oldest)},
	}
}

// logoutAllOld stays out of most pairs: it takes so many calls.
func logoutAllOld() operation {
	return operation{"logoutAll-old", false, opLogoutAll(oldest)}
}

// roomFor is the cap under which exactly the logins called "cap" are too many.
func roomFor(ops []operation) int {
	logins, caps := 0, 0
	for _, op := range ops {
		switch op.name {
		case "login":
			logins++
		case "cap":
			caps++
		}
	}
	if caps == 0 {
		return 10
	}
	return 2 + logins
}

// pairs returns each of some with each of those and of its own kind, once.
func pairs(some, those []operation) [][]operation {
	var list [][]operation
	for i, a := range some {
		for _, b := range append(some[i:len(some):len(some)], those...) {
			list = append(list, []operation{a, b})
		}
	}
	return list
}

// TestEveryInterleavingOfTwoOperations runs two operations on one user's
// sessions in every order of their store calls; each also with every call
// failing (without effect, with it, or with it later), and with a crash after
// every call that changed something.
func TestEveryInterleavingOfTwoOperations(t *testing.T) {
	for _, pair := range pairs(operations(), nil) {
		exploreAll(t, setting{room: roomFor(pair), faults: 1, late: true}, pair)
	}
}

// TestEveryInterleavingWithATokenInGrace is the same for requests that still
// come with the token before a rotation.
func TestEveryInterleavingWithATokenInGrace(t *testing.T) {
	list := pairs(graceOperations(), operations())
	for _, op := range operations()[1:4] {
		list = append(list, []operation{op, logoutAllOld()})
	}
	for _, pair := range list {
		exploreAll(t, setting{room: roomFor(pair), rotated: true, faults: 1}, pair)
	}
}

// TestEveryInterleavingAtTheEdgeOfExpiry lets the first session die of age at
// every point of the run, while something is on its way that writes its record.
func TestEveryInterleavingAtTheEdgeOfExpiry(t *testing.T) {
	all := operations()
	for _, pair := range pairs(all[1:4], append(all[:1:1], all[4:]...)) {
		exploreAll(t, setting{room: roomFor(pair), lapsing: true}, append(pair, operation{"tick", false, opTick}))
	}
}

func exploreAll(t *testing.T, set setting, ops []operation) {
	name := fmt.Sprintf("%s,%s", ops[0].name, ops[1].name)
	if set.rotated {
		name += ",in grace"
	}
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		se := newSearch(newScene(t, set), ops)
		synctest.Test(t, func(t *testing.T) {
			if err := se.explore(); err != nil {
				t.Fatal(err)
			}
		})
		if se.schedules() < 2 {
			t.Error("there was nothing to schedule")
		}
		t.Logf("%.0f schedules lead through %d states; %d replays, %d of them to an end", se.schedules(), len(se.follows), se.runs, se.ends)
	})
}

// TestLeavingOffLosesNothing compares the search with one that runs every
// schedule to its end.
func TestLeavingOffLosesNothing(t *testing.T) {
	ops := operations()
	for _, pair := range [][]operation{{ops[0], ops[1]}, {ops[1], ops[2]}, {ops[2], ops[3]}} {
		set := setting{room: 10, faults: 1}
		short, long := newSearch(newScene(t, set), pair), newSearch(newScene(t, set), pair)
		long.exhaustive = true
		synctest.Test(t, func(t *testing.T) {
			for _, se := range []*search{short, long} {
				if err := se.explore(); err != nil {
					t.Fatal(err)
				}
			}
		})
		if short.schedules() != float64(long.ends) || len(short.follows) != len(long.follows) {
			t.Errorf("%s,%s: %.0f schedules and %d states, it should be %d and %d", pair[0].name, pair[1].name,
				short.schedules(), len(short.follows), long.ends, len(long.follows))
		}
	}
}

// TestThreeOperationsAtRandom goes where the exhaustive search cannot: three
// operations at once, and up to two failures or crashes.
func TestThreeOperationsAtRandom(t *testing.T) {
	const runs = 4000
	ways := map[string]bool{}
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 2))
		set := setting{rotated: r.IntN(3) == 0, lapsing: r.IntN(3) == 0, faults: r.IntN(3), late: true}
		choice := operations()
		if set.rotated {
			choice = append(append(choice, graceOperations()...), logoutAllOld())
		}
		var ops []operation
		for range 3 {
			ops = append(ops, choice[r.IntN(len(choice))])
		}
		set.room = roomFor(ops)
		if set.lapsing {
			ops = append(ops, operation{"tick", false, opTick})
		}
		sc := newScene(t, set)
		synctest.Test(t, func(t *testing.T) {
			sc.store.play(sc, ops, func(options []option) int { return randomOption(r, options) })
			if err := sc.inspect(); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, sc.store.trace())
			}
		})
		ways[way(sc.store.steps)] = true
	}
	t.Logf("%d runs went %d different ways", runs, len(ways))
	if len(ways) < runs/2 {
		t.Error("the runs are too much alike")
	}
}

// way names a run's steps, but for what is random in its keys.
func way(steps []step) string {
	var b strings.Builder
	for _, st := range steps {
		fmt.Fprint(&b, st.call.task.no, st.call.task.op.name, st.call.verb, st.fault, ";")
	}
	return b.String()
}

// randomOption lets a call fail, or its caller crash, about once in twelve calls.
func randomOption(r *rand.Rand, options []option) int {
	working := 0
	for working < len(options) && options[working].fault == works {
		working++
	}
	if working < len(options) && r.IntN(12) == 0 {
		return working + r.IntN(len(options)-working)
	}
	return r.IntN(working)
}
