package main

import (
	"context"
	"runtime"
	"time"
)

// stranger sends the junk, each request at its time, and does no more for it than
// it must: one thread, which waits in the kernel, writes bytes that are ready, and
// looks what has come back. So it leaves its core to those whose latencies are
// measured.
type stranger struct {
	kind   *kind
	visits []visit
	next   int // the visit whose turn it is
	now    func() time.Time
	pause  func(time.Duration)
}

// visit is a connection and the request that is under way on it.
type visit struct {
	line
	due   time.Time
	under bool // way
}

// line is a connection for one request at a time.
type line interface {
	send() error
	// answer tells whether the reply is there, and what it reports.
	answer() (there bool, err error)
}

func newStranger(k *kind, lines []line) *stranger {
	s := &stranger{kind: k, now: time.Now, pause: pause}
	for _, l := range lines {
		s.visits = append(s.visits, visit{line: l})
	}
	return s
}

// run sends what is due, and returns when all of it is answered, or ctx has ended.
// What is due while every connection waits for its reply is sent late, and none of
// it is left out.
func (s *stranger) run(ctx context.Context, due *schedule) {
	runtime.LockOSThread() // and never unlocked: the thread ends with its precise pauses
	pausePrecisely()
	for {
		_, at, ok := due.take()
		if !ok {
			break
		}
		if !s.await(ctx, at) {
			return
		}
		v := s.free(ctx)
		if v == nil {
			return
		}
		s.send(v, at)
	}
	for s.busy() && ctx.Err() == nil {
		s.pause(glance)
		s.collect()
	}
}

const (
	// glance is how often it looks for a reply while there is nothing else to do.
	glance = 100 * time.Microsecond
	// nap is how long it waits without a look whether the run has ended.
	nap = 10 * time.Millisecond
)

func (s *stranger) await(ctx context.Context, due time.Time) bool {
	for wait := due.Sub(s.now()); wait > 0; wait = due.Sub(s.now()) {
		if ctx.Err() != nil {
			return false
		}
		s.pause(min(wait, nap))
		s.collect()
	}
	return ctx.Err() == nil
}

// free returns a visit whose request has been answered, the one that rested
// longest; nil when ctx has ended.
func (s *stranger) free(ctx context.Context) *visit {
	for ctx.Err() == nil {
		for range s.visits {
			v := &s.visits[s.next]
			s.next = (s.next + 1) % len(s.visits)
			if !v.under {
				return v
			}
		}
		s.pause(glance)
		s.collect()
	}
	return nil
}

func (s *stranger) send(v *visit, due time.Time) {
	s.kind.late.Add(s.now().Sub(due))
	if err := v.send(); err != nil {
		s.kind.ended(s.now().Sub(due), err)
		return
	}
	v.due, v.under = due, true
}

// collect looks at every request that is under way.
func (s *stranger) collect() {
	for i := range s.visits {
		v := &s.visits[i]
		if !v.under {
			continue
		}
		if there, err := v.answer(); there {
			v.under = false
			s.kind.ended(s.now().Sub(v.due), err)
		}
	}
}

func (s *stranger) busy() bool {
	for i := range s.visits {
		if s.visits[i].under {
			return true
		}
	}
	return false
}
