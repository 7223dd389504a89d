package core

import "hash/maphash"

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

// fingerprint is equal for two states only if they have the same futures, and if
// the checks of an end have the same to say: what a task does next follows from
// what its calls returned, and a value is named after all that its writer knew.
func (s *scheduler) fingerprint() uint64 {
	type taskState struct {
		before, history      uint64
		gone, returned, rest bool
	}
	var sum uint64
	for _, t := range s.tasks {
		sum = hashOf(taskState{sum, t.history, t.gone, t.returned, s.rests(t)})
	}
	sum = hashOf([3]uint64{sum, s.contents(s.versions), s.contents(s.replica.versions)})
	for _, in := range s.instances {
		sum = hashOf([3]uint64{sum, in.near.hash(s.names), uint64(in.clock.ms.Load())})
	}
	for _, m := range s.past {
		sum = hashOf([2]uint64{sum, s.contents(m.versions)})
	}
	return hashOf([2]uint64{sum, uint64(s.clock.ms.Load())})
}

func (s *scheduler) contents(versions map[string]uint64) (sum uint64) {
	for key, version := range versions {
		sum += hashOf([2]uint64{s.names[key], version})
	}
	return sum
}

// times are what the clocks show that a call's task may have asked.
func (s *scheduler) times(c *storeCall) (times [2]int64) {
	times[0] = s.clock.ms.Load()
	if c.in != nil {
		times[1] = c.in.clock.ms.Load()
	}
	return times
}

// noteEffect names the value that a call left after all that the task knew, and
// takes the news to the near caches and the replicas.
func (s *scheduler) noteEffect(c *storeCall, err error) {
	if err != nil || !isWrite(c.verb) {
		return
	}
	type value struct {
		history, key uint64
		times        [2]int64
	}
	delete(s.versions, c.key)
	if c.verb == "Swap" {
		s.versions[c.key] = hashOf(value{c.task.history, s.name(c), s.times(c)})
	}
	s.noteReplaced(c.key)
	s.noteKiller(c)
	if !c.revokes || c.picked.fault == works && !c.late {
		s.replica.follow(s, c.key)
	}
}

// noteKiller notes that a call has ended a record, if it has.
func (s *scheduler) noteKiller(c *storeCall) {
	m := s.observer.m
	dead := isSessionRecord(c.key) && !recordLives(m, c.key, s.items[c.key].value, millisOf(m))
	if dead && s.killers[c.key] == nil {
		s.killers[c.key] = c.task
	}
}

func (s *scheduler) noteReplaced(key string) {
	for _, in := range s.instances {
		in.near.replaced(key, s.clock.ms.Load())
	}
}

// noteReturn extends the task's history by what the call returned.
func (s *scheduler) noteReturn(c *storeCall, err error) {
	type event struct {
		before   uint64
		verb     string
		name     uint64
		fault    fault
		version  int
		found    uint64
		conflict bool
		times    [2]int64
	}
	t, f := c.task, c.picked.fault
	t.history = hashOf(event{t.history, c.verb, s.name(c), f, c.picked.version, c.found, err == ErrConflict, s.times(c)})
	switch f {
	case works:
	case unacked:
		t.failed = t.failed || err != ErrConflict
		s.unacked++
	case refused:
		t.failed = true
		s.refused++
	default:
		t.failed = true
		s.failed++
	}
	s.steps = append(s.steps, step{c.picked, err})
	s.note(step{c.picked, err})
}

// see notes what a task knew when it began.
func (t *task) see(in *instance, key string, value []byte) {
	switch {
	case key == in.index && t.firstIndex == nil:
		t.firstIndex = value
	case key != in.index && !t.asked:
		t.asked = true
		t.foundLive = recordLives(in.m, key, value, millisOf(in.m))
		t.everLive = t.everLive || t.foundLive
	}
}
