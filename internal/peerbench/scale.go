package main

import (
	"flag"
	"fmt"
	"strconv"
)

// scale is how much to measure.
type scale struct {
	quick    bool
	busy     bool // others use the machine
	millions int  // of sessions, where a target is about many
}

func (s *scale) define(flags *flag.FlagSet) {
	flags.BoolVar(&s.quick, "quick", false, "a smoke run of some seconds; its figures mean nothing")
	flags.BoolVar(&s.busy, "busy", false, "for a machine that others use: of very many blocks of a millisecond the lowest count")
	flags.IntVar(&s.millions, "millions", 1, "millions of sessions for the targets 10, 11, 12 and 15; 10 take some 8 GiB and minutes")
}

// args hands the scale on to another process of the command.
func (s scale) args() []string {
	return []string{"-quick=" + strconv.FormatBool(s.quick), "-busy=" + strconv.FormatBool(s.busy), "-millions=" + strconv.Itoa(s.millions)}
}

// many is n, or much less in a smoke run.
func (s scale) many(n int) int {
	if s.quick {
		return max(1, n/500)
	}
	return n
}

// sessions is how many sessions many are, and what to call them.
func (s scale) sessions() (n int, name string) {
	name = "a million"
	if s.millions != 1 {
		name = fmt.Sprintf("%d million", s.millions)
	}
	return s.many(s.millions * 1_000_000), name
}
