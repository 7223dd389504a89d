package storetest

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/wxsession/wxsession/core"
)

func cancelledContext(s *suite) {
	st := s.open()
	s.create(st, "s:k", "v")
	s.wantValue(st, "s:k", "v")
	cancelled, cancel := context.WithCancel(s.Context())
	cancel()
	late, cancel := context.WithDeadline(s.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for ctx, want := range map[context.Context]error{cancelled: context.Canceled, late: context.DeadlineExceeded} {
		for _, c := range calls(st, "s:k", []byte("v")) {
			if err := c.do(ctx); !errors.Is(err, want) {
				s.Errorf("%s with a dead context: %v; want %v", c.name, err, want)
			}
		}
	}
	s.wantValue(st, "s:k", "v")
	s.wantMissing(st, "s:k-new")
}

type call struct {
	name string
	do   func(context.Context) error
}

// calls are one of each verb, on key, which holds old, and on key+"-new", which
// does not exist.
func calls(st core.Store, key string, old []byte) []call {
	return []call{
		{"Get", func(ctx context.Context) error { _, err := st.Get(ctx, key); return err }},
		{"Get of a missing key", func(ctx context.Context) error { _, err := st.Get(ctx, key+"-new"); return err }},
		{"Swap", func(ctx context.Context) error { return st.Swap(ctx, key, old, []byte("changed"), time.Hour) }},
		{"Swap with nil", func(ctx context.Context) error {
			return st.Swap(ctx, key+"-new", nil, []byte("changed"), time.Hour)
		}},
		{"Delete", func(ctx context.Context) error { return st.Delete(ctx, key) }},
	}
}

func pingAnswers(s *suite) {
	st := s.open()
	p, ok := st.(core.Pinger)
	if !ok {
		s.Skip("the store is no core.Pinger")
	}
	if err := p.Ping(s.Context()); err != nil {
		s.Errorf("Ping: %v; want success", err)
	}
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := p.Ping(ctx); !errors.Is(err, context.Canceled) {
		s.Errorf("Ping with a cancelled context: %v; want context.Canceled", err)
	}
}

func useAfterClose(s *suite) {
	st := s.open()
	s.create(st, "s:k", "v")
	s.wantValue(st, "s:k", "v")
	s.close(st)
	for _, c := range calls(st, "s:k", []byte("v")) {
		s.wantFault(c.name+" after Close", c.do(s.Context()))
	}
	if p, ok := st.(core.Pinger); ok {
		s.wantFault("Ping after Close", p.Ping(s.Context()))
	}
}

func closeTwice(s *suite) {
	st := s.open()
	s.close(st)
	s.close(st)
	raceTo(4, func(int) { s.close(st) })
}

func closeRightAfterNew(s *suite) {
	for range 20 {
		s.close(s.open())
	}
}

// close skips the subtest where the store is no io.Closer, and fails it where
// Close does not come back.
func (s *suite) close(st core.Store) {
	s.Helper()
	c, ok := st.(io.Closer)
	if !ok {
		s.Skip("the store is no io.Closer")
	}
	done := make(chan error, 1)
	go func() { done <- c.Close() }()
	select {
	case err := <-done:
		if err != nil {
			s.Errorf("Close: %v; want success", err)
		}
	case <-time.After(10 * time.Second):
		s.Errorf("Close has not returned for 10 s")
	}
}
