package core

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
)

// search runs every schedule of some operations on a scene, depth first, each
// replayed from the start, unless they are too many. It leaves a run off where it comes to a state from
// which all has been run already (see scheduler.fingerprint). The checks of an
// end depend on nothing that such a state does not determine.
type search struct {
	sc         *scene
	ops        []operation
	exhaustive bool            // run everything to its end
	findings   map[string]bool // if it is not nil, what is wrong is noted here, and the search goes on

	follows    map[uint64][]uint64 // the states after a state; none after an end
	todo       []branch
	runs, ends int
	chance     *rand.Rand // picks among what is left to do, once that is too much
}

// Where a search would take longer than this, it runs so many schedules, and then
// as many that it draws as sample says. The race detector makes each several times
// as dear, and finds nothing in the later ones: their tasks take turns.
const (
	tooLong = 10000 / dearness
	sample  = 2000 / dearness
)

// branch is a run that is still to be made: its choices up to the first that
// no run has made before, and the state in which that one is.
type branch struct {
	choices []uint8
	state   uint64
}

func newSearch(sc *scene, ops []operation) *search {
	return &search{
		sc: sc, ops: ops, follows: map[uint64][]uint64{}, todo: []branch{{}}, chance: rand.New(rand.NewPCG(1, 4)),
	}
}

func (se *search) explore() error {
	most := tooLong + sample
	if se.exhaustive {
		most *= 4
	}
	for len(se.todo) > 0 && se.runs < most {
		choices, err := se.run(se.next())
		switch {
		case err != nil && se.findings != nil:
			se.findings[err.Error()] = true
		case err != nil:
			return se.explain(choices, err)
		}
	}
	return nil
}

// replays tells whether one case is run again, which fails to show its trace.
func replays() bool { return os.Getenv("WX_RIG_SCHEDULE") != "" || os.Getenv("WX_RIG_SEED") != "" }

// next takes the branch that was put off last.
func (se *search) next() branch {
	last := len(se.todo) - 1
	if se.runs >= tooLong && !se.exhaustive {
		i := se.chance.IntN(len(se.todo))
		se.todo[i], se.todo[last] = se.todo[last], se.todo[i]
	}
	b := se.todo[last]
	se.todo = se.todo[:last]
	return b
}

func (se *search) explain(choices []uint8, err error) error {
	if err == nil {
		err = errors.New("nothing is wrong")
	}
	return fmt.Errorf("%w\nschedule %s\n%s", err, strings.Trim(fmt.Sprint(choices), "[]"), se.sc.store.trace())
}

// replay runs one schedule, as a failure has printed it.
func (se *search) replay(schedule string) error {
	var choices []uint8
	for _, c := range strings.Fields(schedule) {
		n, err := strconv.ParseUint(c, 10, 8)
		if err != nil {
			return err
		}
		choices = append(choices, uint8(n))
	}
	depth := 0
	se.sc.store.play(se.sc, se.ops, func(options []option) int {
		depth++
		if depth > len(choices) || int(choices[depth-1]) >= len(options) {
			return 0
		}
		return int(choices[depth-1])
	})
	return se.explain(choices, se.sc.inspect())
}

// run replays b, then takes the first option of every state that it comes to,
// and puts the others off. It returns the choices that it made.
func (se *search) run(b branch) ([]uint8, error) {
	se.runs++
	path, last := slices.Clone(b.choices), b.state
	depth, astray := 0, false
	complete := se.sc.store.play(se.sc, se.ops, func(options []option) int {
		depth++
		if depth <= len(b.choices) {
			choice := int(b.choices[depth-1])
			if choice >= len(options) || depth == len(b.choices) && se.sc.store.fingerprint() != b.state {
				astray = true
				return -1
			}
			return choice
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
		return path, errors.New("a replay went another way: a manager remembers something (see restarted), or chance decides")
	}
	if !complete {
		return path, nil
	}
	se.ends++
	if _, known := se.arrive(last); known && !se.exhaustive {
		return path, nil
	}
	return path, se.sc.inspect()
}

// arrive notes that the present state comes after last; 0 is before the first.
func (se *search) arrive(last uint64) (state uint64, known bool) {
	state = se.sc.store.fingerprint()
	se.follows[last] = append(se.follows[last], state)
	if _, known = se.follows[state]; !known {
		se.follows[state] = nil
	}
	return state, known
}

// schedules counts the ways from the beginning to an end: what a search that
// leaves nothing off would have to run.
func (se *search) schedules() float64 {
	known := map[uint64]float64{}
	var count func(state uint64) float64
	count = func(state uint64) float64 {
		if n, ok := known[state]; ok {
			return n
		}
		n := 0.0
		for _, next := range se.follows[state] {
			n += count(next)
		}
		known[state] = max(n, 1)
		return known[state]
	}
	return count(0)
}
