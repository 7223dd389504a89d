package core

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// scheduler is a store in which every call of a task waits until it is picked,
// so that exactly one goroutine runs at a time and a run is repeatable. Calls
// under a context without a task, those of an observer, pass at once.
//
// It runs in a synctest bubble, whose Wait returns when all that run have come
// to their next call: a task may have several calls pending.
type scheduler struct {
	*mapStore
	clock *testClock
	index string // key of the user record that all tasks share

	mu      sync.Mutex
	pending []*storeCall
	tasks   []*task
	faults  int  // that a run may have at most
	late    bool // calls that fail may take effect later
	failed  int  // that it had
	steps   []step
	writes  []indexWrite

	names    map[string]uint64 // what stands for a key in fingerprints
	versions map[string]uint64 // what stands for a value
}

// task is one operation in progress.
type task struct {
	no   int
	op   operation
	gone bool // crashed or abandoned: its calls have no effect any more

	returned bool
	failed   bool // a call of its failed
	token    string
	session  *Session
	err      error

	history    uint64 // of its calls and what they returned
	firstIndex []byte // the user record as it first read it
	asked      bool   // it has read a session
	foundLive  bool   // the first one that it read was alive
}

type taskKey struct{}

// storeCall is a call that waits for its turn.
type storeCall struct {
	task      *task
	verb, key string
	proceed   chan fault
}

// option is one way to go on.
type option struct {
	call  *storeCall
	fault fault
}

// step is an option that was taken and what its task learned.
type step struct {
	call  *storeCall
	fault fault
	err   error
}

// indexWrite is a change of the user record.
type indexWrite struct {
	task          *task
	before, after []byte
}

func newScheduler(clock *testClock) *scheduler {
	return &scheduler{mapStore: newMapStore(clock), clock: clock}
}

// play runs the operations on the store of sc. choose picks among
// the options, or leaves the run off with a negative number. It reports whether
// the run came to its end.
func (s *scheduler) play(sc *scene, ops []operation, choose func([]option) int) bool {
	s.reset(sc)
	for i, op := range ops {
		t := &task{no: i, op: op, history: hashOf(i)}
		s.tasks = append(s.tasks, t)
		go t.run(sc)
		s.settle()
	}
	for len(s.pending) > 0 {
		options := s.options()
		n := choose(options)
		if n < 0 {
			s.abandon()
			return false
		}
		s.pick(options[n])
		s.settle()
	}
	return true
}

// settle waits until all that run have come to their next call, and sees what
// they noted. The race detector does not learn that from Wait where a task waits
// in a WaitGroup.
func (s *scheduler) settle() {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
}

func (t *task) run(sc *scene) {
	ctx := context.WithValue(context.Background(), taskKey{}, t)
	if sc.lapsing && t.op.name != "tick" {
		sc.store.begin(ctx)
	}
	t.token, t.session, t.err = t.op.run(ctx, sc)
	t.returned = true
}

func (s *scheduler) reset(sc *scene) {
	s.restore(sc.initial)
	s.clock.ms.Store(sc.start)
	s.tasks, s.steps, s.writes, s.failed = nil, nil, nil, 0
	s.names, s.versions = map[string]uint64{"": 0}, map[string]uint64{}
	for key := range sc.initial {
		s.names[key], s.versions[key] = hashOf(key), 1
	}
}

// options lists the ways to go on in an order that does not depend on chance.
// A crash after a read would leave what a crash after the write before it left.
func (s *scheduler) options() []option {
	slices.SortStableFunc(s.pending, func(a, b *storeCall) int {
		return cmp.Or(cmp.Compare(a.task.no, b.task.no), cmp.Compare(a.verb, b.verb), cmp.Compare(s.name(a), s.name(b)))
	})
	var options []option
	for _, c := range s.pending {
		options = append(options, option{c, works})
	}
	if s.failed >= s.faults {
		return options
	}
	for _, c := range s.pending {
		switch c.verb {
		case "Get":
			options = append(options, option{c, failsFirst})
		case "Swap", "Delete":
			options = append(options, option{c, failsFirst}, option{c, failsAfter}, option{c, crashes})
			if s.late {
				options = append(options, option{c, failsLate})
			}
		}
	}
	return options
}

func (s *scheduler) pick(o option) {
	s.pending = slices.DeleteFunc(s.pending, func(c *storeCall) bool { return c == o.call })
	o.call.proceed <- o.fault
}

// abandon ends all tasks without further effect.
func (s *scheduler) abandon() {
	for _, c := range s.pending {
		c.proceed <- abandoned
	}
	s.pending = nil
	s.settle()
}

// call waits for its turn, takes effect as it is told, and notes what a task
// learned from it.
func (s *scheduler) call(ctx context.Context, verb, key string, effect func() error) error {
	t, _ := ctx.Value(taskKey{}).(*task)
	if t == nil {
		return effect()
	}
	c := &storeCall{t, verb, key, make(chan fault, 1)}
	s.await(c)
	f := <-c.proceed
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == abandoned {
		return t.end(verb)
	}
	var err error
	switch f {
	case failsFirst:
		err = errInjected
	case failsLate:
		s.later(c, effect)
		err = errInjected
	default:
		err = effect()
		s.noteEffect(c, err)
	}
	if f == failsAfter {
		err = errInjected
	}
	s.noteReturn(c, f, err)
	if f == crashes {
		for _, other := range s.take(t) {
			other.proceed <- abandoned
		}
		return t.end(verb)
	}
	return err
}

// end stops the goroutine that calls it, unless another one of the task may be
// waiting for what it reads. That one stops at its next call.
func (t *task) end(verb string) error {
	t.gone = true
	if verb != "Get" {
		runtime.Goexit()
	}
	return errInjected
}

// take removes the pending calls of a task.
func (s *scheduler) take(t *task) (taken []*storeCall) {
	s.pending = slices.DeleteFunc(s.pending, func(c *storeCall) bool {
		if c.task == t {
			taken = append(taken, c)
		}
		return c.task == t
	})
	return taken
}

// later makes a task of its own of a call that is still on its way.
func (s *scheduler) later(c *storeCall, effect func() error) {
	t := &task{no: len(s.tasks), op: operation{name: c.task.op.name + " (late)"}, history: hashOf([2]uint64{c.task.history, 1})}
	s.tasks = append(s.tasks, t)
	go s.call(context.WithValue(context.Background(), taskKey{}, t), c.verb, c.key, effect)
}

func (s *scheduler) await(c *storeCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.task.gone {
		runtime.Goexit() // a deferred call of a process that is no more
	}
	s.pending = append(s.pending, c)
}

func (s *scheduler) Get(ctx context.Context, key string) (value []byte, err error) {
	err = s.call(ctx, "Get", key, func() error {
		value, err = s.mapStore.Get(ctx, key)
		if t, _ := ctx.Value(taskKey{}).(*task); t != nil {
			t.see(key == s.index, value, s.clock.ms.Load())
		}
		return err
	})
	return value, err
}

func (s *scheduler) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	old, new = slices.Clone(old), slices.Clone(new) // a late call outlives the caller's
	return s.call(ctx, "Swap", key, func() error {
		err := s.mapStore.Swap(ctx, key, old, new, ttl)
		if t, _ := ctx.Value(taskKey{}).(*task); t != nil && key == s.index && err == nil {
			s.writes = append(s.writes, indexWrite{t, old, new})
		}
		return err
	})
}

func (s *scheduler) Delete(ctx context.Context, key string) error {
	return s.call(ctx, "Delete", key, func() error { return s.mapStore.Delete(ctx, key) })
}

// tick lets a millisecond pass, as a step of its own.
func (s *scheduler) tick(ctx context.Context) {
	s.call(ctx, "Tick", "", func() error {
		s.clock.advance(time.Millisecond)
		return nil
	})
}

// begin is a step too where it matters which time an operation sees first.
func (s *scheduler) begin(ctx context.Context) {
	s.call(ctx, "Begin", "", func() error { return nil })
}
