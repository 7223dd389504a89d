package weblogin_test

import (
	"fmt"
	"strings"
	"time"
)

// name stands for a key: one that a task made up is called after what the task
// knew then.
func (s *scheduler) name(c *storeCall) uint64 {
	if _, ok := s.names[c.key]; !ok {
		s.names[c.key] = hashOf(c.task.history)
	}
	return s.names[c.key]
}

// note extends the task's history, and names what the call left after all that
// the task knew. It needs the lock.
func (s *scheduler) note(c *storeCall, f fault, err error) {
	type event struct {
		before, name, found uint64
		verb                string
		fault               fault
		outcome             string
		at                  time.Duration
		clock               int64
	}
	e := event{before: c.task.history, name: s.name(c), verb: c.verb, fault: f, at: time.Since(s.began), clock: s.now().UnixMilli()}
	if err != nil {
		e.outcome = err.Error()
	}
	took := err == nil && f != failsFirst && f != failsLate
	switch {
	case c.verb == "get" && took:
		e.found = s.versions[c.key]
	case c.verb == "swap" && took:
		s.versions[c.key] = hashOf(e)
	case c.verb == "delete" && took:
		delete(s.versions, c.key)
	}
	if c.proceed != nil {
		c.task.history = hashOf(e)
	}
}

// fingerprint is equal for two states only if they have the same futures: what a
// task does next follows from what its calls returned.
func (s *scheduler) fingerprint() uint64 {
	var sum uint64
	for _, t := range s.tasks {
		sum = hashOf([3]uint64{sum, t.history, hashOf([2]bool{t.gone, t.returned})})
	}
	var values, late uint64
	for key, version := range s.versions {
		values += hashOf([2]uint64{s.names[key], version})
	}
	for _, c := range s.pending {
		if c.proceed == nil {
			late += hashOf([2]uint64{s.name(c), c.task.history})
		}
	}
	return hashOf([6]uint64{sum, values, late, uint64(s.faults), uint64(time.Since(s.began)), uint64(s.now().UnixMilli())})
}

// trace shows how a run went.
func (s *scheduler) trace() string {
	var b strings.Builder
	for _, step := range s.steps {
		fmt.Fprintln(&b, " ", step)
	}
	for _, t := range s.tasks {
		fmt.Fprintf(&b, "  %s returned: %v, %d %.200s\n", t.name, t.returned, t.answer.status, t.answer.body)
	}
	return b.String()
}
