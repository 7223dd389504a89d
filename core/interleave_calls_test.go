package core

import (
	"context"
	"slices"
	"time"
)

// instance is one process of the service: a manager with a clock of its own,
// and its way to the store.
type instance struct {
	*scheduler
	m     *Manager
	start func() *Manager // another one
	clock *testClock
	skew  time.Duration // of the clock when a run begins
	near  nearModel
}

// storeCall is a call that waits for its turn.
type storeCall struct {
	task      *task
	in        *instance // nil: of nobody
	verb, key string
	revokes   bool // it is part of ending a session
	late      bool // its caller has given it up
	proceed   chan option

	picked option
	found  uint64 // what stands for what it returned
	note   string // for the trace
}

func isRead(verb string) bool  { return verb == "Get" || verb == "AppendGet" }
func isWrite(verb string) bool { return verb == "Swap" || verb == "Delete" }

// call waits for its turn, takes effect as it is told, and notes what a task
// learned from it. What is left of a task that is gone gets errors.
func (s *scheduler) call(ctx context.Context, c *storeCall, effect func() error) error {
	t, _ := ctx.Value(taskKey{}).(*task)
	if t == nil {
		return effect()
	}
	c.task, c.proceed = t, make(chan option, 1)
	c.revokes = c.revokes || IsRevocation(ctx)
	if !s.await(c) {
		return errInjected
	}
	c.picked = <-c.proceed
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.picked.fault == abandoned {
		t.gone = true
		return errInjected
	}
	err := s.perform(c, effect)
	s.noteReturn(c, err)
	if c.picked.fault == crashes {
		t.gone = true
		for _, other := range s.take(t) {
			other.proceed <- option{call: other, fault: abandoned}
		}
		return errInjected
	}
	return err
}

// perform is the call's effect, and what its caller gets to know.
func (s *scheduler) perform(c *storeCall, effect func() error) (err error) {
	switch c.picked.fault {
	case failsFirst:
		err = errInjected
	case failsLate:
		s.later(c, effect)
		err = errInjected
	case refused:
		err = ErrFull
	default:
		s.remember(c)
		err = effect()
		s.noteEffect(c, err)
	}
	if c.picked.fault == failsAfter || c.picked.fault == unacked && err == nil {
		err = errInjected
	}
	if isWrite(c.verb) && c.in != nil {
		delete(c.in.near, c.key)
	}
	return err
}

// await reports whether the call may take place at all.
func (s *scheduler) await(c *storeCall) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.task.gone {
		return false // a deferred call of a process that is no more
	}
	s.pending = append(s.pending, c)
	return true
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

// later makes a task of its own of a call that is still on its way. What it
// does then is as news to its instance as to the others.
func (s *scheduler) later(c *storeCall, effect func() error) {
	t := &task{
		no: len(s.tasks), op: operation{name: c.task.op.name + " (late)"}, ended: endless,
		history: hashOf([2]uint64{c.task.history, 1}),
	}
	s.tasks = append(s.tasks, t)
	go func() {
		defer s.finish(t)
		s.call(context.WithValue(context.Background(), taskKey{}, t), &storeCall{verb: c.verb, key: c.key, revokes: c.revokes, late: true}, effect)
	}()
}

func (in *instance) Get(ctx context.Context, key string) ([]byte, error) {
	return in.read(ctx, "Get", key)
}

func (in *instance) AppendGet(ctx context.Context, dst []byte, key string) ([]byte, error) {
	value, err := in.read(ctx, "AppendGet", key)
	return append(dst, value...), err
}

func (in *instance) read(ctx context.Context, verb, key string) (value []byte, err error) {
	c := &storeCall{in: in, verb: verb, key: key}
	err = in.call(ctx, c, func() error {
		if c.picked.version > 0 {
			old := in.near[key][c.picked.version-1]
			value, c.found, c.note = old.value, old.name, ", stale"
		} else if value, err = in.mapStore.Get(ctx, key); err == nil {
			c.found = in.versions[key]
			in.near.add(key, value, c.found)
		}
		if c.task != nil {
			c.task.see(in, key, value)
		}
		return err
	})
	return value, err
}

func (in *instance) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	old, new = slices.Clone(old), slices.Clone(new) // a late call outlives the caller's
	c := &storeCall{in: in, verb: "Swap", key: key}
	return in.call(ctx, c, func() error {
		err := in.mapStore.Swap(ctx, key, old, new, ttl)
		if c.task != nil && key == in.index && err == nil {
			in.writes = append(in.writes, indexWrite{c.task, old, new})
		}
		return err
	})
}

func (in *instance) Delete(ctx context.Context, key string) error {
	return in.call(ctx, &storeCall{in: in, verb: "Delete", key: key}, func() error {
		return in.mapStore.Delete(ctx, key)
	})
}

// begin makes a step of an operation's begin, where it matters what had
// happened before, or which time it sees first.
func (s *scheduler) begin(ctx context.Context) {
	c := &storeCall{verb: "Begin"}
	s.call(ctx, c, func() error {
		c.task.began = len(s.steps)
		for _, t := range s.tasks {
			if t.returned {
				c.found = hashOf([2]uint64{c.found, uint64(t.no) + 1})
			}
		}
		return nil
	})
}

// happens makes a step of something that is no operation's.
func (s *scheduler) happens(ctx context.Context, what string, effect func(c *storeCall)) {
	c := &storeCall{verb: what}
	s.call(ctx, c, func() error {
		effect(c)
		return nil
	})
}

// noteAnswer notes that WeChat has answered the task under ctx.
func (s *scheduler) noteAnswer(ctx context.Context, c *storeCall, id Identity) {
	t, _ := ctx.Value(taskKey{}).(*task)
	if t == nil {
		return
	}
	s.answers = append(s.answers, answer{id.SessionKey.Reveal(), t, s.clock.ms.Load()})
	c.found = uint64(len(s.answers))
}
