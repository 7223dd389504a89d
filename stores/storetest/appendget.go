package storetest

import (
	"context"
	"encoding/base64"
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

// namesAreKeys: a name finds what the text of its key finds.
func namesAreKeys(s *suite) {
	st := s.open()
	ng, ok := st.(core.NamedGetter)
	if !ok {
		s.Skip("the store is no core.NamedGetter")
	}
	name := [16]byte{0: 0xff, 7: 's', 8: ':', 15: 1} // and zeros
	key := "s:" + base64.RawURLEncoding.EncodeToString(name[:])
	s.wantNotFound(ng.AppendGetNamed(s.Context(), nil, "s:", name))
	s.create(st, key, "value")
	v, err := ng.AppendGetNamed(s.Context(), []byte("dst+"), "s:", name)
	if err != nil || string(v) != "dst+value" {
		s.Fatalf("AppendGetNamed = %q, %v; want what dst held, and the value", v, err)
	}
	scribble(v)
	s.wantValue(st, key, "value")
	s.wantNotFound(ng.AppendGetNamed(s.Context(), nil, "u:", name))
	s.delete(st, key)
	s.wantNotFound(ng.AppendGetNamed(s.Context(), nil, "s:", name))
	s.close(st)
	if _, err := ng.AppendGetNamed(s.Context(), nil, "s:", name); err == nil || errors.Is(err, core.ErrNotFound) {
		s.Errorf("AppendGetNamed of a closed store: %v; want an error that is none of the contract's", err)
	}
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
