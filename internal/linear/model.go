package linear

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/wxsession/wxsession/core"
)

// patience bounds the search; its cost grows quickly with the operations of
// unknown outcome on one key.
const patience = 30 * time.Second

type verb string

const (
	get  verb = "Get"
	swap verb = "Swap"
	del  verb = "Delete"
)

type result string

const (
	done     result = "ok"
	notFound result = "not found"
	conflict result = "conflict"
	lost     result = "unknown" // the operation may have taken place, or may yet
)

// state is what one key holds.
type state struct {
	exists bool
	value  string
}

type input struct {
	verb     verb
	key      string
	old, new state // of a Swap
}

type output struct {
	result result
	value  string // of a Get
}

func stateOf(value []byte) state { return state{value != nil, string(value)} }

func resultOf(err error) result {
	switch {
	case err == nil:
		return done
	case errors.Is(err, core.ErrNotFound):
		return notFound
	case errors.Is(err, core.ErrConflict):
		return conflict
	default:
		return lost
	}
}

// Check fails the test unless the history can be explained. Every key must
// have been empty at its start. Call it after all recorded operations have
// returned.
func Check(t testing.TB, h *History) {
	t.Helper()
	for _, ops := range byKey(h.ops) {
		switch porcupine.CheckOperationsTimeout(model(), ops, patience) {
		case porcupine.Illegal:
			t.Errorf("no order of these operations explains their results:\n%s", describe(ops))
		case porcupine.Unknown:
			t.Errorf("no verdict on %d operations of one key within %v: record fewer per key", len(ops), patience)
		}
	}
}

// byKey splits the history: keys are independent of each other.
func byKey(ops []porcupine.Operation) map[string][]porcupine.Operation {
	split := map[string][]porcupine.Operation{}
	for _, op := range ops {
		key := op.Input.(input).key
		split[key] = append(split[key], op)
	}
	return split
}

// model is the store contract for one key.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(before, in, out any) (bool, any) {
			return step(before.(state), in.(input), out.(output))
		},
	}
}

// step reports whether in, executed on before, could have answered out, and
// what it leaves behind. An operation of unknown outcome could have answered
// anything; one that never took place is the same as one that takes place
// after all others.
func step(before state, in input, out output) (bool, state) {
	after, want := before, output{result: done}
	switch {
	case in.verb == get && before.exists:
		want.value = before.value
	case in.verb == get:
		want.result = notFound
	case in.verb == del:
		after = state{}
	case before == in.old:
		after = in.new
	default:
		want.result = conflict
	}
	return out == want || out.result == lost, after
}

func describe(ops []porcupine.Operation) (text string) {
	for _, op := range ops {
		in, out := op.Input.(input), op.Output.(output)
		text += fmt.Sprintf("[%9d, %9d] µs  client %d  %s", op.Call/1e3, op.Return/1e3, op.ClientId, in.verb)
		if in.verb == swap {
			text += fmt.Sprintf(" %v → %v", in.old, in.new)
		}
		text += fmt.Sprintf(": %s %q\n", out.result, out.value)
	}
	return text
}
