package core

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
)

// takenOver checks that an end that was reported is one for the replicas, too:
// every token is dead after a fail-over to what they have acknowledged.
func (in *inspection) takenOver() error {
	if in.set.unacked == 0 {
		return nil
	}
	return in.futureIn(in.store.replica.items, "a replica takes over", func() error {
		for _, i := range in.issued {
			if in.denied[i.id] && in.alive(i.token) {
				return fmt.Errorf("a token of %s lives, its end was reported", in.nameOf(i))
			}
		}
		return in.loggedOutAreDead()
	})
}

// insistent are those that end sessions, by clients that try until they succeed.
func insistent(names ...string) (ops []operation) {
	for _, op := range named(names...) {
		ops = append(ops, again(op))
	}
	return ops
}

// TestEveryWrongSuccessWithoutReplicas lets the replicas acknowledge each
// revoking write or not. Clients repeat what failed. When they are told that it
// succeeded, the replicas have it.
func TestEveryWrongSuccessWithoutReplicas(t *testing.T) {
	seen := newSightings()
	t.Run("ways", func(t *testing.T) {
		for _, op := range insistent("logout", "revoke", "logoutUser", "logoutAll") {
			exploreAll(t, setting{room: 10, unacked: 4}, []operation{op}, seen)
		}
		for _, op := range insistent("logout", "logout-old", "logoutAll-old") {
			exploreAll(t, setting{room: 10, rotated: true, unacked: 4}, []operation{op}, seen)
		}
		for _, op := range insistent("logout", "revoke") {
			for _, other := range slices.Concat(named("sessions", "renew", "rotate"), insistent("logout", "revoke")) {
				exploreAll(t, setting{room: 10, unacked: 2}, []operation{op, other}, seen)
			}
		}
		for _, other := range slices.Concat(named("sessions", "rotate"), insistent("logout", "revoke", "logoutAll")) {
			exploreAll(t, setting{room: 10, alone: true, unacked: 2}, append(insistent("logoutUser"), other), seen)
		}
	})
	seen.want(t, "unacknowledged Swap", "unacknowledged Delete")
}

// TestNoSuccessWithoutReplicas: as long as none acknowledges anything, no client
// is told that it succeeded, however often it tries.
func TestNoSuccessWithoutReplicas(t *testing.T) {
	ops := insistent("logout", "logout-old", "revoke", "logoutUser", "logoutAll", "logoutAll-old")
	for i := range 4 * len(ops) {
		op, set := ops[i/4], setting{room: 10, rotated: i%2 == 0, alone: i%4 < 2, unacked: endless}
		synctest.Test(t, func(t *testing.T) {
			sc := newScene(t, set)
			sc.store.play(sc, []operation{op}, func(options []option) int { return len(options) - 1 })
			if done := sc.store.tasks[0]; done.err == nil {
				t.Errorf("%s succeeded\n%s", op.name, sc.store.trace())
			}
		})
	}
}

// TestReplicasAtRandom adds a third operation, log-outs everywhere, and failures
// of other kinds.
func TestReplicasAtRandom(t *testing.T) {
	seen := newSightings()
	playAtRandom(t, 2000, 3, func(r *rand.Rand) (set setting, ops []operation) {
		set = setting{unacked: 1 + r.IntN(6), rotated: r.IntN(3) == 0, faults: r.IntN(2)}
		choice := slices.Concat(operations(), insistent("logout", "revoke", "logoutUser", "logoutAll"))
		ops = insistent([]string{"logout", "revoke", "logoutUser", "logoutAll"}[r.IntN(4)])
		for range 1 + r.IntN(2) {
			ops = append(ops, choice[r.IntN(len(choice))])
		}
		set.room = roomFor(ops)
		return set, ops
	}, seen)
	seen.want(t, "unacknowledged Swap", "unacknowledged Delete")
}
