package core

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// writersOfASession change the record of the first session: what a near cache
// shows of it gets old.
func writersOfASession() []operation {
	return named("paint blue", "update", "renew", "rotate", "logout", "revoke", "logoutUser")
}

// TestEveryInterleavingBehindNearCaches lets reads of session records answer
// with any version that the instance has read and that was there within the last
// second. Whoever changes something, or ends it, must not decide by that.
func TestEveryInterleavingBehindNearCaches(t *testing.T) {
	seen := newSightings()
	t.Run("pairs", func(t *testing.T) {
		for _, op := range writersOfASession() {
			for _, reader := range named("paint red", "update", "rotate", "logout", "logoutAll") {
				ops := []operation{op, reader}
				exploreAll(t, setting{room: 10, stale: true, begins: true}, ops, seen)
			}
		}
		for _, ops := range [][]operation{named("rotate", "rotate-old"), named("logout", "update-old"), named("revoke", "logout-old")} {
			exploreAll(t, setting{room: 10, rotated: true, stale: true, begins: true}, ops, seen)
		}
	})
	seen.want(t, "stale AppendGet")
}

// TestNearCachesAtRandom adds a third operation, failures, and clocks that differ.
func TestNearCachesAtRandom(t *testing.T) {
	seen := newSightings()
	playAtRandom(t, 1500, 4, func(r *rand.Rand) (set setting, ops []operation) {
		set = setting{stale: true, begins: true, rotated: r.IntN(3) == 0, faults: r.IntN(2)}
		choice := slices.Concat(operations(), named("paint red", "paint blue", "logoutAll"))
		for range 3 {
			ops = append(ops, choice[r.IntN(len(choice))])
		}
		set.room = roomFor(ops)
		return set, ops
	}, seen)
	seen.want(t, "stale AppendGet")
}

// TestWhatANearCacheMayShow: what the instance has read, for a second after it
// was replaced, and nothing that the instance has written itself.
func TestWhatANearCacheMayShow(t *testing.T) {
	key, index := recordKey(tokenOfNobody()), indexKeyOf(testAppID, sceneUser)
	m := nearModel{}
	want := func(what string, now int64, n int) {
		t.Helper()
		if got := m.stale(key, now); got != n {
			t.Errorf("%s: %d stale versions, want %d", what, got, n)
		}
	}
	want("nothing was read", 1, 0)
	m.add(key, []byte("a"), 1)
	want("it is still there", 5, 0)
	m.replaced(key, 10)
	want("just replaced", 10, 1)
	m.add(key, []byte("b"), 2)
	m.replaced(key, 600)
	want("two of them", 1010, 2)
	want("the first is too old", 1011, 1)
	m.add(key, []byte("b"), 2)
	want("read again, so it is there", 1100, 0)
	m.add(index, []byte("c"), 3)
	if len(m[index]) != 0 {
		t.Error("a user record is remembered")
	}
}
