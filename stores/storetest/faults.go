package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core"
)

// recovery is how long a store may take to work again once its server does.
const recovery = 15 * time.Second

func outageIsAnErrorNotAMiss(s *suite) {
	if s.h.Outage == nil {
		s.Skip("the harness has no Outage")
	}
	st := s.open()
	s.create(st, "s:k", "v")
	restore := s.h.Outage(s.TB)
	s.wantFaults(st, "in an outage", 0)
	restore()
	s.waitAnswer(st, "s:k", "v")
}

// stalledServer wants each call back in time: its own deadline without one in
// the context, the context's where that is shorter.
func stalledServer(s *suite) {
	if s.h.Stall == nil {
		s.Skip("the harness has no Stall")
	}
	st := s.open()
	s.create(st, "s:k", "v")
	restore := s.h.Stall(s.TB)
	s.wantFaults(st, "of a stalled server", 0)
	s.wantFaults(st, "of a stalled server, with a short deadline", s.h.deadline()/5)
	restore()
	s.waitAnswer(st, "s:k", "v")
}

// wantFaults takes keys that were never read, so that no cache knows them: a
// miss must not be made of silence. Each call has a context of its own, without
// a deadline if timeout is zero.
func (s *suite) wantFaults(st core.Store, when string, timeout time.Duration) {
	s.Helper()
	all := calls(st, "s:fault", []byte("v"))
	if p, ok := st.(core.Pinger); ok {
		all = append(all, call{"Ping", p.Ping})
	}
	for _, c := range all {
		start := time.Now()
		s.wantFault(c.name+" "+when, c.doWithin(s.Context(), timeout))
		if took := time.Since(start); took > s.h.deadline() {
			s.Errorf("%s %s took %v; want at most %v", c.name, when, took, s.h.deadline())
		}
	}
}

func (c call) doWithin(ctx context.Context, timeout time.Duration) error {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	return c.do(ctx)
}

// waitAnswer polls until the store answers again; the first answer must be right.
func (s *suite) waitAnswer(st core.Store, key, want string) {
	s.Helper()
	var err error
	for end := time.Now().Add(recovery); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var v []byte
		v, err = st.Get(s.Context(), key)
		if err == nil && string(v) == want {
			return
		}
		if err == nil || errors.Is(err, core.ErrNotFound) {
			s.Fatalf("the first answer is %s, %v; want %q", short(v), err, want)
		}
	}
	s.Fatalf("no answer for %v since the server came back: %v", recovery, err)
}

// serverRestart: connections that died while idle must not read as a miss.
func serverRestart(s *suite) {
	if s.h.Restart == nil {
		s.Skip("the harness has no Restart")
	}
	st := s.open()
	s.create(st, "s:k", "v")
	s.wantValue(st, "s:k", "v")
	s.h.Restart(s.TB)
	if s.h.Volatile {
		s.waitSwap(st)
		return
	}
	s.waitAnswer(st, "s:k", "v")
}

// waitSwap polls with a key of its own each time: an error leaves open whether
// the Swap took place.
func (s *suite) waitSwap(st core.Store) {
	s.Helper()
	var err error
	for end := time.Now().Add(recovery); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		key := "s:" + uniquePrefix()
		if err = st.Swap(s.Context(), key, nil, []byte("v"), time.Hour); err == nil {
			s.wantValue(st, key, "v")
			return
		}
		s.wantFault("Swap after a restart", err)
	}
	s.Fatalf("no Swap succeeded for %v since the server came back: %v", recovery, err)
}
