package storetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
)

// The keys of records and their values end up in log lines when they stand in
// errors; these are planted in both, and looked for in every error.
const (
	plantedKey   = "planted-key-x7Qw"
	plantedValue = "planted-value-9dKf"
)

func errorsHideKeysAndValues(s *suite) {
	st := s.open()
	for what, err := range provokedErrors(s, st) {
		s.wantHidden(what, err)
	}
	if s.h.Outage != nil {
		restore := s.h.Outage(s.TB)
		defer restore()
		s.wantCallsHidden("in an outage", st)
	}
	if c, ok := st.(io.Closer); ok {
		_ = c.Close()
		s.wantCallsHidden("after Close", st)
	}
}

func provokedErrors(s *suite, st core.Store) map[string]error {
	ctx, key, value := s.Context(), "s:"+plantedKey, []byte(plantedValue)
	dead, cancel := context.WithCancel(ctx)
	cancel()
	_, missing := st.Get(ctx, key)
	s.swap(st, key, nil, value, time.Hour)
	errs := map[string]error{
		"a missing key":     missing,
		"a conflict":        st.Swap(ctx, key, nil, value, time.Hour),
		"a stale value":     st.Swap(ctx, key, []byte(plantedValue+"!"), value, time.Hour),
		"a ttl of zero":     st.Swap(ctx, key, value, value, 0),
		"a cancelled Swap":  st.Swap(dead, key, value, value, time.Hour),
		"a cancelled write": st.Delete(dead, key),
	}
	if s.h.MaxValue > 0 {
		errs["an oversized value"] = st.Swap(ctx, key, value, bytes.Repeat(value, s.h.MaxValue/len(value)+1), time.Hour)
	}
	return errs
}

func (s *suite) wantCallsHidden(when string, st core.Store) {
	s.Helper()
	for _, c := range calls(st, "s:"+plantedKey, []byte(plantedValue)) {
		if err := c.do(s.Context()); err != nil {
			s.wantHidden(c.name+" "+when, err)
		}
	}
}

func (s *suite) wantHidden(what string, err error) {
	s.Helper()
	if err == nil {
		s.Errorf("%s gave no error", what)
		return
	}
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range []string{plantedKey, plantedValue} {
		if strings.Contains(text, secret) {
			s.Errorf("the error for %s shows what it must hide: %s", what, text)
		}
	}
}
