package main

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"
)

// bench is what an experiment works with.
type bench struct {
	ctx context.Context
	scale
	cleanup   []func()
	elsewhere bool // other processes do not run where this one is pinned to
}

func newBench(ctx context.Context, s scale) *bench { return &bench{ctx: ctx, scale: s} }

// atEnd calls f when the experiment is over; the last one given comes first.
func (b *bench) atEnd(f func()) { b.cleanup = append(b.cleanup, f) }

func (b *bench) close() {
	for _, f := range slices.Backward(b.cleanup) {
		f()
	}
}

// operation does one piece of work, the i-th. It belongs to one goroutine.
type operation func(i int) error

// side is one side of a comparison: it makes an operation for each goroutine.
type side func() operation

// shared is the side of an operation that any number of goroutines may share.
func shared(op operation) side { return func() operation { return op } }

// times holds nanoseconds per operation, a row for each round, with a column
// for each side.
type times [][]float64

// ratio is the median over the rounds of what f makes of a round.
func (t times) ratio(f func(ns []float64) float64) float64 {
	all := make([]float64, len(t))
	for i, row := range t {
		all[i] = f(row)
	}
	return median(all)
}

// of is the median of one side, in nanoseconds.
func (t times) of(side int) float64 {
	return t.ratio(func(ns []float64) float64 { return ns[side] })
}

// median of nothing is what the sides of a run that failed have: its error tells.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// Blocks are long enough for a clock's reading to be nothing, and short enough
// that the machine is the same for all blocks of a round.
const (
	block  = 20 * time.Millisecond
	rounds = 101

	// A block this short often passes without an interruption, and the lowest of so
	// many have. They are as far up as makes one figure like the next.
	busyBlock  = time.Millisecond
	busyRounds = 300
	busyLowest = busyRounds / 50
)

// compare times the sides in turn with so many goroutines each. The order
// changes from round to round, as each side leaves something behind for the
// next: caches, garbage.
func (b *bench) compare(goroutines int, sides ...side) (times, error) {
	length, n := block, rounds
	if b.busy {
		length, n = busyBlock, busyRounds
	}
	if goroutines > 1 {
		length *= 3
	}
	if b.quick {
		length, n = time.Millisecond, 3
	}
	blocks := make([]*timing, len(sides))
	for i, s := range sides {
		blocks[i] = newTiming(s, goroutines)
		if err := blocks[i].calibrate(length); err != nil {
			return nil, err
		}
	}
	result := make(times, n)
	for round := range result {
		result[round] = make([]float64, len(sides))
		for j := range blocks {
			i := (round + j) % len(blocks)
			took, err := blocks[i].run()
			if err != nil {
				return nil, err
			}
			result[round][i] = float64(took.Nanoseconds()) / float64(blocks[i].n)
		}
		if err := b.ctx.Err(); err != nil {
			return nil, err
		}
	}
	if b.busy {
		return result.lowest(), nil
	}
	return result, nil
}

// lowest is one round, of what each side takes when nobody is in its way.
func (t times) lowest() times {
	low := make([]float64, len(t[0]))
	for side := range low {
		all := make([]float64, len(t))
		for round, ns := range t {
			all[round] = ns[side]
		}
		low[side] = slices.Sorted(slices.Values(all))[min(busyLowest, len(all)-1)]
	}
	return times{low}
}

// timing runs blocks of one side.
type timing struct {
	ops  []operation // one for each goroutine
	n    int         // operations per block
	done int         // operations so far, so that each gets a number of its own
}

func newTiming(s side, goroutines int) *timing {
	t := &timing{n: goroutines}
	for range goroutines {
		t.ops = append(t.ops, s())
	}
	return t
}

// calibrate finds the number of operations that take so long.
func (t *timing) calibrate(length time.Duration) error {
	// What the first operations pay for (a TLS handshake, a store's first
	// memory) would pass for their usual cost.
	for first := time.Now(); time.Since(first) < length; {
		if _, err := t.run(); err != nil {
			return err
		}
	}
	for {
		took, err := t.lowestOf(5)
		if err != nil {
			return err
		}
		if took >= length/2 {
			t.n = max(len(t.ops), int(float64(t.n)*float64(length)/float64(took)))
			return nil
		}
		t.n *= 2
	}
}

// lowestOf is not fooled by an interruption.
func (t *timing) lowestOf(runs int) (lowest time.Duration, err error) {
	for i := range runs {
		took, err := t.run()
		if err != nil {
			return 0, err
		}
		if i == 0 || took < lowest {
			lowest = took
		}
	}
	return lowest, nil
}

func (t *timing) run() (time.Duration, error) {
	from := t.done
	t.done += t.n
	start := time.Now()
	if len(t.ops) == 1 {
		err := repeat(t.ops[0], from, t.done, 1)
		return time.Since(start), err
	}
	errs := make([]error, len(t.ops))
	var wg sync.WaitGroup
	for g, op := range t.ops {
		wg.Go(func() { errs[g] = repeat(op, from+g, t.done, len(t.ops)) })
	}
	wg.Wait()
	took := time.Since(start)
	for _, err := range errs {
		if err != nil {
			return took, err
		}
	}
	return took, nil
}

func repeat(op operation, from, to, step int) error {
	for i := from; i < to; i += step {
		if err := op(i); err != nil {
			return err
		}
	}
	return nil
}
