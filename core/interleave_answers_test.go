package core

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestEveryOrderOfAnswers lets WeChat answer the exchange of each login's code
// at a moment of its own. Whichever login is stored last, the ring has the key
// that was answered last, and the one before.
func TestEveryOrderOfAnswers(t *testing.T) {
	seen := newSightings()
	t.Run("ways", func(t *testing.T) {
		for _, op := range named("login", "cap", "renew", "rotate", "logoutUser", "sessions") {
			ops := append(named("login"), op)
			exploreAll(t, setting{room: roomFor(ops), answers: true}, ops, seen)
		}
		exploreAll(t, setting{room: 10, answers: true, faults: 1}, named("login", "login"), seen)
	})
	seen.want(t, "WeChat", outOfOrder)
}

// judged checks that nobody is told of a dead session_key by what WeChat said
// before it answered a login with this key.
func (in *inspection) judged() error {
	again := slices.IndexFunc(in.store.tasks, func(t *task) bool { return t.op.name == "login again" && t.returned && t.err == nil })
	if !in.set.expired || again < 0 {
		return nil
	}
	err := keptVerdict(context.Background(), in.m, in.first, time.Hour)
	if err != nil {
		return fmt.Errorf("a login has brought the session_key again, and it counts as dead: %w", err)
	}
	return nil
}

// TestEveryOrderOfAVerdictAndALogin asks WeChat whether the session_key is valid,
// while a login brings the same key.
func TestEveryOrderOfAVerdictAndALogin(t *testing.T) {
	seen := newSightings()
	t.Run("ways", func(t *testing.T) {
		exploreAll(t, setting{room: 10, answers: true, expired: true}, named("deep check", "login again"), seen)
		exploreAll(t, setting{room: 10, answers: true, expired: true, faults: 1}, named("login again", "deep check"), seen)
		exploreAll(t, setting{room: 10, answers: true, expired: true}, named("login again", "login again"), seen)
	})
	seen.want(t, "WeChat")
}

// TestAnswersAtRandom has three or four logins.
func TestAnswersAtRandom(t *testing.T) {
	seen := newSightings()
	playAtRandom(t, 1000, 12, func(r *rand.Rand) (set setting, ops []operation) {
		set = setting{answers: true, faults: r.IntN(2), late: true, stale: r.IntN(2) == 0}
		ops = named("login", "login", "login")
		ops = append(ops, named("login", "cap", "rotate", "logoutUser", "sessions")[r.IntN(5)])
		set.room = roomFor(ops)
		return set, ops
	}, seen)
	seen.want(t, "WeChat", outOfOrder)
}
