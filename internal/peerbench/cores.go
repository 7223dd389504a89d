package main

import (
	"math/rand/v2"
	"runtime"
	"strings"
)

// compareCores times one goroutine on one core against two on two.
func (b *bench) compareCores(s side) (times, error) {
	length, n := 3*block, rounds
	if b.quick {
		length, n = block/20, 3
	}
	all := [2]*timing{newTiming(s, 1), newTiming(s, 2)}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	result := make(times, n)
	for round := range result {
		result[round] = make([]float64, 2)
		for j := range all {
			i := (round + j) % 2
			runtime.GOMAXPROCS(i + 1)
			if round == 0 {
				if err := all[i].calibrate(length); err != nil {
					return nil, err
				}
			}
			took, err := all[i].run()
			if err != nil {
				return nil, err
			}
			result[round][i] = float64(took.Nanoseconds()) / float64(all[i].n)
		}
	}
	return result, b.ctx.Err()
}

// shuffled returns the tokens in random order, but in memory in the order of
// their use: a server has just read the token, it does not wait for it.
func shuffled(tokens []string) []string {
	var all strings.Builder
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(tokens))
	for _, i := range order {
		all.WriteString(tokens[i])
	}
	text, at := all.String(), 0
	sorted := make([]string, len(tokens))
	for j, i := range order {
		sorted[j] = text[at : at+len(tokens[i])]
		at += len(tokens[i])
	}
	return sorted
}
