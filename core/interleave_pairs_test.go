package core

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

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
		exploreAll(t, setting{room: roomFor(pair), lapsing: true}, append(pair, named("tick")[0]))
	}
}

// exploreAll searches all ways of ops in a subtest, or replays one (see
// rig_doc_test.go). What happened on the way is counted in seen.
func exploreAll(t *testing.T, set setting, ops []operation, seen ...*sightings) {
	t.Run(nameOf(set, ops), func(t *testing.T) {
		t.Parallel()
		var se *search
		synctest.Test(t, func(t *testing.T) {
			se = newSearch(newScene(t, set), ops)
			if schedule := os.Getenv("WX_RIG_SCHEDULE"); schedule != "" {
				t.Fatal(se.replay(schedule))
			}
			err := se.explore()
			for _, s := range seen {
				s.add(se.sc.store)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		if se.schedules() < 2 {
			t.Error("there was nothing to schedule")
		}
		t.Logf("%.0f schedules lead through %d states; %d replays, %d of them to an end", se.schedules(), len(se.follows), se.runs, se.ends)
	})
}

func nameOf(set setting, ops []operation) string {
	var names []string
	for _, op := range ops {
		names = append(names, op.name)
	}
	if set.rotated {
		names = append(names, "in grace")
	}
	return strings.Join(names, ",")
}

// TestLeavingOffLosesNothing compares the search with one that runs every
// schedule to its end.
func TestLeavingOffLosesNothing(t *testing.T) {
	ops := operations()
	for _, pair := range [][]operation{{ops[0], ops[1]}, {ops[1], ops[2]}, {ops[2], ops[3]}} {
		set := setting{room: 10, faults: 1}
		var short, long *search
		synctest.Test(t, func(t *testing.T) {
			short, long = newSearch(newScene(t, set), pair), newSearch(newScene(t, set), pair)
			long.exhaustive = true
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
