package weblogin_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// search runs every schedule of a scene's tasks, depth first, each replayed from
// the start. It leaves a run off where it comes to a state from which all has
// been run before.
type search struct {
	*scene
	faults     int
	exhaustive bool // leave nothing off

	follows    map[uint64][]uint64 // the states after a state; none after an end
	todo       []branch
	runs, ends int
}

// branch is a run that is still to be made: its choices up to the first that no
// run has made before, and the state in which that one is.
type branch struct {
	choices []uint8
	state   uint64
}

func newSearch(sc *scene, faults int) *search {
	return &search{scene: sc, faults: faults, follows: map[uint64][]uint64{}, todo: []branch{{}}}
}

func (se *search) explore() error {
	for len(se.todo) > 0 {
		b := se.todo[len(se.todo)-1]
		se.todo = se.todo[:len(se.todo)-1]
		if err := se.run(b); err != nil {
			return fmt.Errorf("%w\n%s", err, se.sched.trace())
		}
	}
	return nil
}

// run replays b, then takes the first option of every state that it comes to, and
// puts the others off.
func (se *search) run(b branch) error {
	se.runs++
	path, last := slices.Clone(b.choices), b.state
	depth, astray := 0, false
	complete := se.play(se.faults, func(options []option) int {
		depth++
		if depth <= len(b.choices) {
			astray = astray || depth == len(b.choices) && se.sched.fingerprint() != b.state
			return int(b.choices[depth-1])
		}
		state, known := se.arrive(last)
		if known && !se.exhaustive {
			return -1
		}
		for i := 1; i < len(options); i++ {
			se.todo = append(se.todo, branch{append(slices.Clone(path), uint8(i)), state})
		}
		path, last = append(path, 0), state
		return 0
	})
	if astray {
		return fmt.Errorf("a replay went another way")
	}
	if !complete {
		return nil
	}
	se.ends++
	if _, known := se.arrive(last); known && !se.exhaustive {
		return nil
	}
	return se.inspect()
}

// arrive notes that the present state comes after last; 0 is before the first.
func (se *search) arrive(last uint64) (state uint64, known bool) {
	state = se.sched.fingerprint()
	se.follows[last] = append(se.follows[last], state)
	if _, known = se.follows[state]; !known {
		se.follows[state] = nil
	}
	return state, known
}

// schedules counts the ways from the beginning to an end: what a search that
// leaves nothing off would have to run.
func (se *search) schedules() float64 {
	counted := map[uint64]float64{}
	var count func(state uint64) float64
	count = func(state uint64) float64 {
		if n, ok := counted[state]; ok {
			return n
		}
		n := 0.0
		for _, next := range se.follows[state] {
			n += count(next)
		}
		counted[state] = max(n, 1)
		return counted[state]
	}
	return count(0)
}

// atRandom makes one run with more faults than a search can try.
func (sc *scene) atRandom(r *rand.Rand, faults int) error {
	sc.play(faults, func(options []option) int {
		working := 0
		for working < len(options) && options[working].fault == works {
			working++
		}
		if working < len(options) && r.IntN(8) == 0 {
			return working + r.IntN(len(options)-working)
		}
		return r.IntN(working)
	})
	if err := sc.inspect(); err != nil {
		return fmt.Errorf("%w\n%s", err, sc.sched.trace())
	}
	return nil
}
