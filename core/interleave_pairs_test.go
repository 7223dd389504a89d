package core

import (
	"maps"
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
		late := pair[1].name != "cap" // which takes too long with it
		exploreAll(t, setting{room: roomFor(pair), faults: 1, late: late}, pair)
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
		if len(se.todo) > 0 {
			t.Logf("%d branches were left, after %d replays in order and %d that were drawn", len(se.todo), tooLong, sample)
		}
	})
}

// nameOf names a subtest after what makes it another one than its neighbours.
func nameOf(set setting, ops []operation) string {
	var names []string
	for _, op := range ops {
		names = append(names, op.name)
	}
	for _, part := range []struct {
		name  string
		given bool
	}{
		{"rotated", set.rotated}, {"used", set.used}, {"alone", set.alone}, {"lapsing", set.lapsing},
		{"handed", set.handed}, {"failing", set.faults > 0}, {"late", set.late}, {"full", set.full > 0}, {"ahead", len(set.skew) > 0 && set.skew[0] > 0},
	} {
		if part.given {
			names = append(names, part.name)
		}
	}
	return strings.Join(names, ",")
}

// TestLeavingOffLosesNothing compares the search with one that runs every
// schedule to its end, for each of the options: both go the same ways, and find
// the same.
func TestLeavingOffLosesNothing(t *testing.T) {
	for _, c := range []struct {
		set setting
		ops []operation
	}{
		{setting{faults: 1}, named("login", "renew")},
		{setting{faults: 1}, named("renew", "update")},
		{setting{faults: 1}, named("update", "rotate")},
		{setting{faults: 1, late: true}, named("renew", "update")},
		{setting{stale: true, begins: true}, named("paint blue", "paint red")},
		{setting{stale: true}, named("revoke", "update")},
		{setting{forgets: goingBack}, named("login", goingBack)},
		{setting{forgets: goingBack}, named("rotate", goingBack)},
		{setting{forgets: evicting}, named("renew", "update", evicting)},
		{setting{unacked: 3}, insistent("logoutAll")},
		{setting{unacked: 2}, append(insistent("logout"), named("renew")...)},
		{setting{answers: true}, named("login", "login")},
		{setting{answers: true, expired: true}, named("deep check", "login again")},
		{setting{skew: apart()}, named("renew", "update", "set back")},
		{setting{holder: true, faults: 1, late: true}, named("rotate")},
		{setting{holder: true}, named("rotate", "renew")},
		{setting{rotated: true, used: true, theft: true, begins: true}, named("rotate-old", "update")},
		{setting{handing: true, begins: true}, named("redeem", "revoke")},
	} {
		c.set.room = 10
		t.Run(nameOf(c.set, c.ops), func(t *testing.T) { compareSearches(t, c.set, c.ops) })
	}
}

func compareSearches(t *testing.T, set setting, ops []operation) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		short, long := newSearch(newScene(t, set), ops), newSearch(newScene(t, set), ops)
		long.exhaustive = true
		for _, se := range []*search{short, long} {
			se.findings = map[string]bool{}
			if err := se.explore(); err != nil {
				t.Fatal(err)
			}
		}
		if len(long.todo) > 0 { // cut short, as under the race detector
			if dearness == 1 {
				t.Errorf("%d branches are left, nothing can be compared", len(long.todo))
			}
			return
		}
		if short.schedules() != float64(long.ends) || len(short.follows) != len(long.follows) {
			t.Errorf("%.0f schedules and %d states, it should be %d and %d",
				short.schedules(), len(short.follows), long.ends, len(long.follows))
		}
		if !maps.Equal(short.findings, long.findings) {
			t.Errorf("it found %v, it should be %v", short.findings, long.findings)
		}
		t.Logf("%d runs instead of %d, %d findings", short.runs, long.runs, len(long.findings))
	})
}
