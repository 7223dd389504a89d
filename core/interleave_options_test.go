package core

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// option is one way to go on: a call and what becomes of it. Without a call it
// lets time pass for those that rest between two attempts.
type option struct {
	call    *storeCall
	fault   fault
	version int // of several things that the call can find or do; 0: the plain one
}

func (o option) plain() bool { return o.fault == works && o.version == 0 }

// unacked is a write that took place, and of which the replicas know nothing yet.
const unacked = abandoned + 1

// refused is a write for which the store has no room.
const refused = unacked + 1

// step is an option that was taken and what its task learned.
type step struct {
	option
	err error
}

// options lists the ways to go on in an order that does not depend on chance,
// the plain ones first. A crash after a read would leave what a crash after the
// write before it left.
func (s *scheduler) options() []option {
	slices.SortStableFunc(s.pending, func(a, b *storeCall) int {
		return cmp.Or(cmp.Compare(a.task.no, b.task.no), cmp.Compare(a.verb, b.verb), cmp.Compare(s.name(a), s.name(b)))
	})
	var options []option
	for _, c := range s.pending {
		if c.verb != goingBack || s.pasts() == 0 {
			options = append(options, option{call: c})
		}
	}
	if s.anybodyRests() {
		options = append(options, option{})
	}
	for _, c := range s.pending {
		for n := range s.versionsOf(c) {
			options = append(options, option{call: c, version: n + 1})
		}
	}
	for _, c := range s.pending {
		for _, f := range s.faultsOf(c) {
			options = append(options, option{call: c, fault: f})
		}
	}
	return options
}

// versionsOf counts what a call can find or do beyond the plain thing.
func (s *scheduler) versionsOf(c *storeCall) int {
	switch {
	case c.verb == goingBack:
		return s.pasts()
	case s.set.stale && c.in != nil && coreRules().mayBeStale(c.verb, c.key):
		return c.in.near.stale(c.key, s.clock.ms.Load())
	}
	return 0
}

func (s *scheduler) faultsOf(c *storeCall) (faults []fault) {
	if isWrite(c.verb) && c.revokes && s.unacked < s.set.unacked {
		faults = append(faults, unacked)
	}
	if c.verb == "Swap" && s.refused < s.set.full {
		faults = append(faults, refused)
	}
	if s.failed >= s.set.faults {
		return faults
	}
	switch {
	case isRead(c.verb):
		faults = append(faults, failsFirst)
	case isWrite(c.verb):
		faults = append(faults, failsFirst, failsAfter, crashes)
		if s.set.late {
			faults = append(faults, failsLate)
		}
	}
	return faults
}

// randomOption takes something else than the plain thing about once in odd
// steps.
func randomOption(r *rand.Rand, options []option, odd int) int {
	n := 0
	for n < len(options) && options[n].plain() {
		n++
	}
	if n == 0 || n < len(options) && r.IntN(odd) == 0 {
		return n + r.IntN(len(options)-n)
	}
	return r.IntN(n)
}

// trace shows how a run went.
func (s *scheduler) trace() string {
	var b strings.Builder
	for i, st := range s.steps {
		c := st.call
		fmt.Fprintf(&b, "  %3d: %d %-12s %s %.6s%s%s: %v\n", i, c.task.no, c.task.op.name, c.verb, c.key, faultRemarks[st.fault], c.note, st.err)
	}
	for _, t := range s.tasks {
		if t.returned {
			fmt.Fprintf(&b, "  %d %-12s returned %v\n", t.no, t.op.name, t.err)
		} else {
			fmt.Fprintf(&b, "  %d %-12s crashed\n", t.no, t.op.name)
		}
	}
	return b.String()
}

var faultRemarks = map[fault]string{
	failsFirst: ", which fails before", failsAfter: ", which fails after", failsLate: ", which fails and comes late",
	crashes: ", then a crash", unacked: ", which no replica acknowledges", refused: ", for which there is no room",
}
