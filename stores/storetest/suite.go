package storetest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// suite is one running subtest.
type suite struct {
	testing.TB
	h Harness
}

func (s *suite) open() core.Store {
	s.Helper()
	return s.closeAtEnd(s.h.Open(s.TB))
}

// pair returns two connections to the same data; they are one store where the
// harness cannot open two.
func (s *suite) pair() (a, b core.Store) {
	s.Helper()
	if s.h.OpenPrefix == nil {
		a = s.open()
		return a, a
	}
	prefix := uniquePrefix()
	return s.openPrefix(prefix), s.openPrefix(prefix)
}

func (s *suite) openPrefix(prefix string) core.Store {
	s.Helper()
	return s.closeAtEnd(s.h.OpenPrefix(s.TB, prefix))
}

func (s *suite) closeAtEnd(st core.Store) core.Store {
	if c, ok := st.(io.Closer); ok {
		s.Cleanup(func() { _ = c.Close() })
	}
	return st
}

func uniquePrefix() string {
	return "storetest-" + strings.ToLower(rand.Text()[:12]) + ":"
}

func (s *suite) swap(st core.Store, key string, old, new []byte, ttl time.Duration) {
	s.Helper()
	if err := st.Swap(s.Context(), key, old, new, ttl); err != nil {
		s.Fatalf("Swap: %v; want success", err)
	}
}

func (s *suite) create(st core.Store, key, value string) {
	s.Helper()
	s.swap(st, key, nil, []byte(value), time.Hour)
}

func (s *suite) delete(st core.Store, key string) {
	s.Helper()
	if err := st.Delete(s.Context(), key); err != nil {
		s.Fatalf("Delete: %v; want success", err)
	}
}

func (s *suite) wantValue(st core.Store, key, want string) {
	s.Helper()
	got, err := st.Get(s.Context(), key)
	if err != nil {
		s.Fatalf("Get(%q): %v; want %d bytes", key, err, len(want))
	}
	if !bytes.Equal(got, []byte(want)) {
		s.Fatalf("Get(%q) = %s; want %s", key, short(got), short([]byte(want)))
	}
}

func (s *suite) wantMissing(st core.Store, key string) {
	s.Helper()
	v, err := st.Get(s.Context(), key)
	s.wantNotFound(v, err)
}

// staleness is how long a connection's cache may serve what another one has
// changed: a second, and some slack.
const staleness = 3 * time.Second

// wantMissingSoon is wantMissing for a key that another connection has deleted.
func (s *suite) wantMissingSoon(st core.Store, key string) {
	s.Helper()
	for end := time.Now().Add(staleness); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := st.Get(s.Context(), key); errors.Is(err, core.ErrNotFound) {
			return
		}
	}
	s.wantMissing(st, key)
}

func (s *suite) wantNotFound(v []byte, err error) {
	s.Helper()
	if !errors.Is(err, core.ErrNotFound) {
		s.Fatalf("Get = %s, %v; want core.ErrNotFound", short(v), err)
	}
	if errors.Is(err, core.ErrConflict) {
		s.Fatalf("Get: %v is both core.ErrNotFound and core.ErrConflict", err)
	}
}

func (s *suite) wantConflict(st core.Store, key string, old, new []byte, ttl time.Duration) {
	s.Helper()
	err := st.Swap(s.Context(), key, old, new, ttl)
	if !errors.Is(err, core.ErrConflict) {
		s.Fatalf("Swap: %v; want core.ErrConflict", err)
	}
	if errors.Is(err, core.ErrNotFound) {
		s.Fatalf("Swap: %v is both core.ErrConflict and core.ErrNotFound", err)
	}
}

// wantFault checks an error that says nothing about the data. Its message is
// free, but it must not read as "no such key" or "somebody else won".
func (s *suite) wantFault(what string, err error) {
	s.Helper()
	switch {
	case err == nil:
		s.Errorf("%s succeeded; want an error", what)
	case errors.Is(err, core.ErrNotFound):
		s.Errorf("%s: %v is core.ErrNotFound; want another error: this one logs users out", what, err)
	case errors.Is(err, core.ErrConflict):
		s.Errorf("%s: %v is core.ErrConflict; want another error", what, err)
	}
}

// short shows a value that may be large. The suite's values are no secrets.
func short(v []byte) string {
	if len(v) > 40 {
		return string(v[:40]) + "…"
	}
	return `"` + string(v) + `"`
}
