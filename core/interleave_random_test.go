package core

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// seeds are the first n, or the one that is to be replayed.
func seeds(t *testing.T, n int) []uint64 {
	t.Helper()
	if text := os.Getenv("WX_RIG_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return []uint64{seed}
	}
	list := make([]uint64, max(n/dearness, min(n, 250)))
	for i := range list {
		list[i] = uint64(i)
	}
	return list
}

// dice draws a scene and what happens in it.
type dice func(r *rand.Rand) (set setting, ops []operation)

// playAtRandom plays once for every seed. Where the runs are too much alike it
// fails.
func playAtRandom(t *testing.T, runs, odd int, draw dice, seen ...*sightings) {
	t.Helper()
	ways := map[string]bool{}
	list := seeds(t, runs)
	for _, seed := range list {
		r := rand.New(rand.NewPCG(seed, 2))
		set, ops := draw(r)
		synctest.Test(t, func(t *testing.T) {
			sc := newScene(t, set)
			sc.store.play(sc, ops, func(options []option) int { return randomOption(r, options, odd) })
			err := sc.inspect()
			for _, s := range seen {
				s.add(sc.store)
			}
			if err != nil || replays() {
				t.Fatalf("seed %d: %v\n%s", seed, err, sc.store.trace())
			}
			ways[way(sc.store.steps)] = true
		})
	}
	t.Logf("%d runs went %d different ways", len(list), len(ways))
	if len(ways) < len(list)/2 {
		t.Error("the runs are too much alike")
	}
}

// way names a run's steps, but for what is random in its keys.
func way(steps []step) string {
	var b strings.Builder
	for _, st := range steps {
		if st.call != nil {
			fmt.Fprint(&b, st.call.task.no, st.call.task.op.name, st.call.verb, st.fault, st.version, ";")
		}
	}
	return b.String()
}

// TestThreeOperationsAtRandom goes where the exhaustive search cannot: three
// operations at once, and up to two failures or crashes.
func TestThreeOperationsAtRandom(t *testing.T) {
	playAtRandom(t, 4000, 12, func(r *rand.Rand) (set setting, ops []operation) {
		set = setting{rotated: r.IntN(3) == 0, lapsing: r.IntN(3) == 0, faults: r.IntN(3), late: true}
		choice := operations()
		if set.rotated {
			choice = append(append(choice, graceOperations()...), logoutAllOld())
		}
		for range 3 {
			ops = append(ops, choice[r.IntN(len(choice))])
		}
		set.room = roomFor(ops)
		if set.lapsing {
			ops = append(ops, named("tick")...)
		}
		return set, ops
	})
}
