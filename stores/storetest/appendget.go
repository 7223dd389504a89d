package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/wxsession/wxsession/core"
)

func appendGetAgreesWithGet(s *suite) {
	st := s.open()
	ag := s.appendGetter(st)
	s.wantNotFound(ag.AppendGet(s.Context(), nil, "s:k"))
	s.create(st, "s:k", "value")
	s.wantAppended(ag, nil, "value")
	s.wantAppended(ag, []byte("dst+"), "dst+value")
	s.wantAppended(ag, make([]byte, 0, 64), "value")
	appendedIsTheCallers(s, st, ag)

	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if _, err := ag.AppendGet(ctx, nil, "s:k"); !errors.Is(err, context.Canceled) {
		s.Errorf("AppendGet with a cancelled context: %v; want context.Canceled", err)
	}
	s.delete(st, "s:k")
	s.wantNotFound(ag.AppendGet(s.Context(), []byte("dst"), "s:k"))
}

// appendedIsTheCallers: unlike Get's value, the buffer may be written to.
func appendedIsTheCallers(s *suite, st core.Store, ag core.AppendGetter) {
	s.Helper()
	v, err := ag.AppendGet(s.Context(), nil, "s:k")
	if err != nil {
		s.Fatalf("AppendGet: %v; want a value", err)
	}
	scribble(v)
	s.wantValue(st, "s:k", "value")
	s.wantAppended(ag, nil, "value")
	s.swap(st, "s:k", []byte("value"), []byte("longer value"), time.Hour)
	s.wantAppended(ag, []byte("dst+"), "dst+longer value")
}

func (s *suite) wantAppended(ag core.AppendGetter, dst []byte, want string) {
	s.Helper()
	before := string(dst)
	got, err := ag.AppendGet(s.Context(), dst, "s:k")
	if err != nil || string(got) != want {
		s.Fatalf("AppendGet(%q) = %q, %v; want %q", before, got, err, want)
	}
	if string(dst) != before {
		s.Fatalf("AppendGet changed the bytes that dst held: %q; want %q", dst, before)
	}
}
