package core

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// handingTo is a scene for ops with tickets and an approval. handed: there is a
// session that was handed over before.
func handingTo(ops []operation, handed bool) setting {
	set := setting{room: roomFor(ops), handing: true, handed: handed, begins: true}
	if handed && set.room < 10 {
		set.room++
	}
	return set
}

// TestEveryInterleavingOfAHandOver: of two uses of a ticket one wins, and so does
// whoever ends the session that asked for it.
func TestEveryInterleavingOfAHandOver(t *testing.T) {
	explore := func(ops []operation, handed, late bool) {
		set := handingTo(ops, handed)
		set.faults, set.late = 1, late
		exploreAll(t, set, ops)
	}
	for _, ops := range pairs(named("redeem"), named("redeem-second", "ticket", "rotate", "update", "cap", "sessions", "others")) {
		explore(ops, false, false)
	}
	for _, ops := range pairs(named("redeem"), named("logout", "revoke", "logoutUser")) {
		explore(ops, false, true)
	}
	for _, ops := range pairs(named("redeem"), named("redeem-second", "logout", "cap")) {
		explore(ops, true, false)
	}
	for _, ops := range pairs(named("ticket"), named("logout", "revoke", "logoutUser", "rotate")) {
		explore(ops, false, true)
	}
}

// TestEveryInterleavingOfAnApproval: a log-out everywhere makes it void.
func TestEveryInterleavingOfAnApproval(t *testing.T) {
	for _, ops := range slices.Concat(
		pairs(named("issue approved"), named("logoutUser", "cap", "logout")),
		pairs(named("approve"), named("logoutUser", "logout", "rotate")),
	) {
		set := handingTo(ops, false)
		set.faults, set.late = 1, ops[1].name != "cap"
		exploreAll(t, set, ops)
	}
}

// TestEveryWayToVoidAnApprovalInAFullStore: there may be no room for any write,
// also where deleted sessions have just made some. Who is told that it succeeded
// has made every approval void.
func TestEveryWayToVoidAnApprovalInAFullStore(t *testing.T) {
	seen := newSightings()
	t.Run("ways", func(t *testing.T) {
		for _, op := range named("logoutUser", "others", "revoke", "revoke-other") {
			for _, with := range [][]operation{{again(op)}, append(named("issue approved"), again(op)), append(named("approve"), again(op))} {
				set := handingTo(with, false)
				set.full = 3
				exploreAll(t, set, with, seen)
			}
		}
		set := handingTo(nil, false)
		set.rotated, set.used, set.full = true, true, 3
		exploreAll(t, set, []operation{again(named("rotate-old")[0])}, seen)
	})
	seen.want(t, "full Swap")
}

// TestApprovalsInAFullStoreAtRandom has others beside whoever ends the session that
// approved: they find it dead, and strike it off.
func TestApprovalsInAFullStoreAtRandom(t *testing.T) {
	playAtRandom(t, 2500, 12, func(r *rand.Rand) (set setting, ops []operation) {
		ends := named("revoke", "revoke", "others", "logoutUser", "revoke-other")
		ops = append(named("issue approved"), again(ends[r.IntN(len(ends))]))
		beside := named("sessions", "cap", "login", "approve", "issue approved", "logout", "rotate", "ticket")
		for range 1 + r.IntN(2) {
			ops = append(ops, beside[r.IntN(len(beside))])
		}
		set = handingTo(ops, false)
		set.full, set.faults = 1+r.IntN(6), r.IntN(2)
		return set, ops
	})
}

// TestEveryHandOverBehindNearCaches: a session that a cache takes for good, and
// that has ended, gets nothing and ends nobody else's.
func TestEveryHandOverBehindNearCaches(t *testing.T) {
	seen := newSightings()
	t.Run("pairs", func(t *testing.T) {
		for _, op := range named("ticket", "approve", "others", "revoke-other") {
			for _, end := range named("logout", "revoke", "logoutUser", "rotate") {
				ops := []operation{end, op}
				set := handingTo(ops, op.name == "others")
				set.stale = true
				exploreAll(t, set, ops, seen)
			}
		}
	})
	seen.want(t, "stale AppendGet")
}

// TestEveryWayToLoseAHandOver evicts the user record, or lets the store go back,
// at every point.
func TestEveryWayToLoseAHandOver(t *testing.T) {
	seen := newSightings()
	t.Run("ways", func(t *testing.T) {
		for _, what := range []string{evicting, goingBack} {
			for _, op := range handOperations() {
				set := handingTo([]operation{op}, true)
				set.forgets, set.begins = what, false
				exploreAll(t, set, append([]operation{op}, named(what)...), seen)
			}
		}
		for _, ops := range [][]operation{named("ticket", "renew"), named("redeem", "renew"), named("ticket", "ticket")} {
			set := handingTo(ops, false)
			set.forgets, set.begins = evicting, false
			exploreAll(t, set, append(ops, named(evicting)...), seen)
		}
	})
	seen.want(t, evicting, goingBack)
}

// TestHandOversAtRandom has three operations, failures, near caches and clocks
// that differ.
func TestHandOversAtRandom(t *testing.T) {
	playAtRandom(t, 2500, 10, func(r *rand.Rand) (set setting, ops []operation) {
		choice := append(operations(), slices.Repeat(handOperations(), 2)...)
		for range 3 {
			ops = append(ops, choice[r.IntN(len(choice))])
		}
		set = handingTo(ops, r.IntN(2) == 0)
		set.faults, set.late, set.stale, set.rotated = r.IntN(3), true, r.IntN(3) == 0, r.IntN(3) == 0
		if r.IntN(3) == 0 {
			set.skew = apart()
		}
		return set, ops
	})
}
