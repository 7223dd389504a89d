package core

import (
	"fmt"
	"hash/maphash"
	"strings"
)

var hashSeed = maphash.MakeSeed()

func hashOf[T comparable](v T) uint64 { return maphash.Comparable(hashSeed, v) }

// name stands for the key of a call in fingerprints: a key that a task made up
// is called after what the task knew then.
func (s *scheduler) name(c *storeCall) uint64 {
	if _, ok := s.names[c.key]; !ok {
		s.names[c.key] = hashOf(c.task.history)
	}
	return s.names[c.key]
}

// fingerprint is equal for two states only if they have the same futures: what
// a task does next follows from what its calls returned, and a value is named
// after all that its writer knew.
func (s *scheduler) fingerprint() uint64 {
	type taskState struct {
		before, history uint64
		gone, returned  bool
	}
	var sum uint64
	for _, t := range s.tasks {
		sum = hashOf(taskState{sum, t.history, t.gone, t.returned})
	}
	var values uint64
	for key, version := range s.versions {
		values += hashOf([2]uint64{s.names[key], version})
	}
	return hashOf([3]uint64{sum, values, uint64(s.clock.ms.Load())})
}

// noteEffect names the value that a call left after all that the task knew.
func (s *scheduler) noteEffect(c *storeCall, err error) {
	switch {
	case err != nil:
	case c.verb == "Delete":
		delete(s.versions, c.key)
	case c.verb == "Swap":
		s.versions[c.key] = hashOf([3]uint64{c.task.history, s.name(c), uint64(s.clock.ms.Load())})
	}
}

// noteReturn extends the task's history by what the call returned.
func (s *scheduler) noteReturn(c *storeCall, f fault, err error) {
	type event struct {
		before   uint64
		verb     string
		name     uint64
		fault    fault
		found    uint64 // version
		conflict bool
		now      int64
	}
	t := c.task
	e := event{before: t.history, verb: c.verb, name: s.name(c), fault: f, conflict: err == ErrConflict, now: s.clock.ms.Load()}
	if c.verb == "Get" && err == nil {
		e.found = s.versions[c.key]
	}
	t.history = hashOf(e)
	if f != works {
		t.failed = true
		s.failed++
	}
	s.steps = append(s.steps, step{c, f, err})
}

// see notes what a task knew when it began.
func (t *task) see(index bool, value []byte, now int64) {
	switch {
	case index && t.firstIndex == nil:
		t.firstIndex = value
	case !index && !t.asked:
		t.asked = true
		rec, err := parseRecord(value)
		t.foundLive = err == nil && rec.check(now) == nil
	}
}

// trace shows how a run went.
func (s *scheduler) trace() string {
	var b strings.Builder
	for _, st := range s.steps {
		c := st.call
		fmt.Fprintf(&b, "  %d %-12s %s %.6s%s: %v\n", c.task.no, c.task.op.name, c.verb, c.key, faultNames[st.fault], st.err)
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
