package core

import (
	"context"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// scheduler is a server of a store in which every call of a task waits until it
// is picked, so that exactly one goroutine runs at a time and a run is
// repeatable. Calls under a context without a task, those of an observer, pass
// at once. What else may happen at any moment (time passes, WeChat answers, the
// store forgets) is a call, too.
//
// It runs in a synctest bubble, whose Wait returns when all that run have come
// to their next call: a task may have several calls pending. Whatever waits
// inside a manager must have been made in the bubble, and wait for a channel or
// for time, not for a mutex.
type scheduler struct {
	*mapStore
	clock     *testClock // of the scene: the server's
	index     string     // key of the user record that all tasks share
	set       setting
	instances []*instance
	observer  *instance

	mu      sync.Mutex
	pending []*storeCall
	tasks   []*task
	failed  int // calls that failed
	unacked int // revoking writes that no replica acknowledged
	refused int // writes for which there was no room
	steps   []step
	seen    map[string]int // what was not plain about them, in all runs
	writes  []indexWrite
	killers map[string]*task // who ended a session record first
	answers []answer

	names    map[string]uint64 // what stands for a key in fingerprints
	versions map[string]uint64 // what stands for a value

	past      []moment
	mayGoBack bool // to one of them
	replica   replica
}

// task is one operation in progress.
type task struct {
	no   int
	op   operation
	in   *instance
	gone bool // crashed or abandoned: its calls have no effect any more
	done bool // its goroutine has ended

	began, ended int // steps that were made before; ended is endless until it has returned
	returned     bool
	failed       bool // a call of its failed
	token        string
	session      *Session
	ticket       string   // that it got
	approval     Approval // that it got
	err          error

	history    uint64 // of its calls and what they returned
	firstIndex []byte // the user record as it first read it
	asked      bool   // it has read a session, in this attempt
	foundLive  bool   // the first one that it read was alive
	everLive   bool   // in one of the attempts
}

// endless is later than every step.
const endless = 1 << 30

type taskKey struct{}

// indexWrite is a change of the user record.
type indexWrite struct {
	task          *task
	before, after []byte
}

// answer is WeChat's to the exchange of a code.
type answer struct {
	key  string // the session_key
	task *task  // nil: before the run
	at   int64
}

func newScheduler(clock *testClock, set setting) *scheduler {
	return &scheduler{mapStore: newMapStore(clock), clock: clock, set: set, seen: map[string]int{}}
}

// play runs the operations on the store of sc, in turn on its instances. choose
// picks among the options, or leaves the run off with a negative number. It
// reports whether the run came to its end.
func (s *scheduler) play(sc *scene, ops []operation, choose func([]option) int) bool {
	s.reset(sc)
	for i, op := range ops {
		t := &task{no: i, op: op, in: s.instances[i%len(s.instances)], ended: endless, history: hashOf(i)}
		s.tasks = append(s.tasks, t)
		go t.run(sc)
		s.settle()
	}
	for s.ready() {
		options := s.options()
		n := choose(options)
		if n < 0 {
			s.abandon()
			return false
		}
		s.pick(options[n])
		s.settle()
	}
	s.drain()
	return true
}

// ready waits until there is a call, while somebody still rests before one.
func (s *scheduler) ready() bool {
	s.wakeWhile(func() bool { return len(s.pending) == 0 && s.anybodyRests() })
	return len(s.pending) > 0
}

// drain waits until what is left of all tasks has ended.
func (s *scheduler) drain() {
	s.wakeWhile(func() bool { return slices.ContainsFunc(s.tasks, func(t *task) bool { return !t.done }) })
}

func (s *scheduler) wakeWhile(waiting func() bool) {
	for range 1000 {
		if !waiting() {
			return
		}
		s.wake()
	}
	panic("an operation hangs\n" + s.trace())
}

// settle waits until all that run have come to their next call, and sees what
// they noted. The race detector does not learn that from Wait where a task waits
// in a WaitGroup.
func (s *scheduler) settle() {
	synctest.Wait()
	s.handOver()
}

// handOver orders what was done here before it and what the tasks do after it, for
// the race detector: one that only time wakes learns it from nothing else.
func (s *scheduler) handOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

// anybodyRests tells whether a task waits for time to pass, as between two
// attempts.
func (s *scheduler) anybodyRests() bool { return slices.ContainsFunc(s.tasks, s.rests) }

func (s *scheduler) rests(t *task) bool {
	return !t.done && !t.gone && !slices.ContainsFunc(s.pending, func(c *storeCall) bool { return c.task == t })
}

// wake lets the bubble's time pass, for longer than anybody rests between two
// attempts, and for less than any time limit.
func (s *scheduler) wake() {
	s.handOver()
	time.Sleep(25 * time.Millisecond)
	s.settle()
}

func (t *task) run(sc *scene) {
	defer sc.store.finish(t)
	ctx := context.WithValue(context.Background(), taskKey{}, t)
	if (sc.set.begins || sc.set.lapsing) && !t.op.event {
		sc.store.begin(ctx)
	}
	token, s, err := t.op.run(ctx, sc)
	sc.store.report(t, token, s, err)
}

// report notes what the caller of t learns, unless it is no more.
func (s *scheduler) report(t *task, token string, session *Session, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.gone {
		return
	}
	t.token, t.session, t.err = token, session, err
	t.returned, t.ended = true, len(s.steps)
}

func (s *scheduler) finish(t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.done = true
}

func (s *scheduler) reset(sc *scene) {
	s.restore(sc.initial)
	sc.setClocks(sc.start)
	s.tasks, s.steps, s.writes, s.failed, s.unacked, s.refused = nil, nil, nil, 0, 0, 0
	s.answers, s.killers = []answer{{key: "key"}}, map[string]*task{}
	s.names, s.versions = map[string]uint64{"": 0}, map[string]uint64{}
	for key := range sc.initial {
		s.names[key], s.versions[key] = hashOf(key), 1
	}
	for _, in := range s.instances {
		in.m, in.near = restarted(in.m, in.start), s.remembered()
	}
	s.past, s.mayGoBack = nil, s.set.forgets == goingBack
	s.replica.reset(s)
}

func (s *scheduler) pick(o option) {
	if o.call == nil {
		s.wake()
		return
	}
	s.pending = slices.DeleteFunc(s.pending, func(c *storeCall) bool { return c == o.call })
	o.call.proceed <- o
}

// abandon ends all tasks without further effect.
func (s *scheduler) abandon() {
	for _, t := range s.tasks {
		t.gone = true
	}
	for _, c := range s.pending {
		c.proceed <- option{call: c, fault: abandoned}
	}
	s.pending = nil
	s.settle()
	s.drain()
}
