package weblogin_test

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// scheduler lets several requests run at once against one store, each in a
// process of its own, and decides whose call to the store comes next: every call
// waits until it is picked. So a run can be repeated, and all orders can be tried.
//
// It works in a synctest bubble, whose Wait returns when all that run have come to
// their next call, or sleep. Time passes only when nothing else can happen.
type scheduler struct {
	base  *mapStore
	now   func() time.Time
	began time.Time // of the run, in the bubble's time

	mu      sync.Mutex
	tasks   []*task
	running int
	pending []*storeCall
	faults  int // that the run may still have
	steps   []string

	names    map[string]uint64 // what stands for a key in fingerprints
	versions map[string]uint64 // what stands for a value
}

// task is one request.
type task struct {
	no   int
	name string
	run  func() answer

	gone     bool // its process has died
	returned bool
	answer   answer
	faults   []fault // that its calls met
	history  uint64  // of its calls and what they returned
}

// fault is what happens to a call.
type fault int

const (
	works      fault = iota
	failsFirst       // the caller gets an error, nothing has changed
	failsAfter       // the caller gets an error, the call took effect
	failsLate        // the caller gets an error, the call takes effect some time later
	crashes          // the call took effect, and its process has died
	abandoned        // the run is over
)

var faultNames = [...]string{"", " fails before", " fails after", " fails and comes late", " then a crash", " abandoned"}

var errInjected = errors.New("injected failure of the store")

// storeCall is a call that waits to be picked.
type storeCall struct {
	task      *task
	verb, key string
	effect    func() error
	proceed   chan fault
}

// option is one way to go on.
type option struct {
	call  *storeCall
	fault fault
}

var seed = maphash.MakeSeed()

func hashOf[T comparable](v T) uint64 { return maphash.Comparable(seed, v) }

// longest bounds what a run may sleep, in all.
const (
	sleepStep = 50 * time.Millisecond
	longest   = 2 * time.Minute
)

// play runs the tasks from the items given. choose picks among the options, or
// leaves the run off with a negative number. It reports whether the run came to
// its end.
func (s *scheduler) play(items map[string]mapItem, tasks []*task, choose func([]option) int) bool {
	s.reset(items, tasks)
	for {
		waiting, running := s.settle()
		switch {
		case waiting > 0:
		case running == 0:
			return true
		case time.Since(s.began) > longest:
			panic("a request does not end: " + s.trace())
		default:
			time.Sleep(sleepStep)
			continue
		}
		options := s.options()
		n := choose(options)
		if n < 0 {
			s.abandon()
			return false
		}
		s.pick(options[n])
	}
}

func (s *scheduler) reset(items map[string]mapItem, tasks []*task) {
	s.base.items = maps.Clone(items)
	s.began = time.Now()
	s.tasks, s.pending, s.steps = tasks, nil, nil
	s.names, s.versions = map[string]uint64{}, map[string]uint64{}
	for key := range items {
		s.names[key], s.versions[key] = hashOf(key), 1
	}
	s.running = len(tasks)
	for i, t := range tasks {
		*t = task{no: i, name: t.name, run: t.run, history: hashOf(i)}
		go s.runTask(t)
		s.settle() // in this order
	}
}

func (s *scheduler) runTask(t *task) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running--
	}()
	a := t.run()
	s.mu.Lock()
	defer s.mu.Unlock()
	t.answer, t.returned = a, !t.gone
}

// settle waits until all that run have come to their next call or sleep. It
// returns how many calls wait, and how many tasks have not ended.
func (s *scheduler) settle() (waiting, running int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending), s.running
}

// options lists the ways to go on in an order that does not depend on chance. A
// crash after a read would leave what a crash after the write before it left.
func (s *scheduler) options() (options []option) {
	slices.SortStableFunc(s.pending, func(a, b *storeCall) int {
		return cmp.Or(cmp.Compare(a.task.no, b.task.no), cmp.Compare(a.verb, b.verb), cmp.Compare(s.name(a), s.name(b)))
	})
	for _, c := range s.pending {
		options = append(options, option{c, works})
	}
	if s.faults == 0 {
		return options
	}
	for _, c := range s.pending {
		switch {
		case c.proceed == nil || c.verb == "tick":
		case c.verb == "get":
			options = append(options, option{c, failsFirst})
		default:
			for _, f := range []fault{failsFirst, failsAfter, failsLate, crashes} {
				options = append(options, option{c, f})
			}
		}
	}
	return options
}

func (s *scheduler) pick(o option) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = slices.DeleteFunc(s.pending, func(c *storeCall) bool { return c == o.call })
	s.steps = append(s.steps, fmt.Sprintf("%s: %s %.7s%s", o.call.task.name, o.call.verb, o.call.key, faultNames[o.fault]))
	if o.fault != works {
		s.faults--
		o.call.task.faults = append(o.call.task.faults, o.fault)
	}
	if o.call.proceed == nil { // it comes late, and nobody waits for it
		s.note(o.call, works, o.call.effect())
		return
	}
	o.call.proceed <- o.fault
}

// abandon ends all tasks without further effect.
func (s *scheduler) abandon() {
	s.mu.Lock()
	for _, t := range s.tasks {
		s.kill(t)
	}
	s.mu.Unlock()
	for _, running := s.settle(); running > 0; _, running = s.settle() {
		time.Sleep(time.Second)
	}
}

// kill ends a task: its calls have no effect from now on. It needs the lock.
func (s *scheduler) kill(t *task) {
	t.gone = true
	s.pending = slices.DeleteFunc(s.pending, func(c *storeCall) bool {
		if c.task == t && c.proceed != nil {
			c.proceed <- abandoned
		}
		return c.task == t && c.proceed != nil
	})
}

// call waits for its turn, takes effect as it is told, and notes what the task
// learned from it.
func (s *scheduler) call(t *task, verb, key string, effect func() error) error {
	c := &storeCall{t, verb, key, effect, make(chan fault, 1)}
	s.mu.Lock()
	if t.gone {
		s.mu.Unlock()
		return leave(verb)
	}
	s.pending = append(s.pending, c)
	s.mu.Unlock()
	f := <-c.proceed
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == abandoned {
		return leave(verb)
	}
	err := errInjected
	switch f {
	case failsFirst:
		s.note(c, f, err)
		return err
	case failsLate:
		s.note(c, f, err)
		s.pending = append(s.pending, &storeCall{t, verb, key, effect, nil})
		return err
	}
	done := effect()
	s.note(c, f, done)
	switch f {
	case crashes:
		s.kill(t)
		return leave(verb)
	case failsAfter:
		return err
	}
	return done
}

// leave stops a goroutine of a process that has died; but not one that reads:
// others may wait for it, and they stop at their next call.
func leave(verb string) error {
	if verb != "get" {
		runtime.Goexit()
	}
	return errInjected
}
