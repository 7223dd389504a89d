package memory

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// FuzzKeysKeepApart: whatever two keys look like, they are one key only if they
// are the same text.
func FuzzKeysKeepApart(f *testing.F) {
	for _, name := range []string{"AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAA\nA", "\r\nAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAA+", strings.Repeat("\x00", 16), "", "x"} {
		f.Add("s:"+name, "u:"+name)
		f.Add("s:"+name, "s:AAAAAAAAAAAAAAAAAAAAAA")
		f.Add(name, "s:"+name)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > maxKey || len(b) > maxKey {
			return
		}
		if (stored(a) == stored(b)) != (a == b) {
			t.Errorf("%q and %q are kept as %v and %v", a, b, stored(a), stored(b))
		}
		ka, kb := stored(a), stored(b)
		if r := newRecord(nil, ka, []byte("v"), 1); !r.hasKey(ka) || r.hasKey(kb) != (a == b) || string(r.value()) != "v" {
			t.Errorf("the record of %q has its key %v, that of %q %v, and the value %q", a, r.hasKey(ka), b, r.hasKey(kb), r.value())
		}
	})
}

func TestANameIsFoundByEitherForm(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	name := [16]byte([]byte("\x00\xff of sixteen\x00\xfe:"))
	key := "s:" + base64.RawURLEncoding.EncodeToString(name[:])
	if err := s.Swap(t.Context(), key, nil, []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if v, err := s.AppendGetNamed(t.Context(), []byte("before "), "s:", name); string(v) != "before v" || err != nil {
		t.Errorf("AppendGetNamed = %q, %v", v, err)
	}
	for what, get := range map[string]func() ([]byte, error){
		"another prefix":        func() ([]byte, error) { return s.AppendGetNamed(t.Context(), nil, "u:", name) },
		"the text of the bytes": func() ([]byte, error) { return s.Get(t.Context(), "s:"+string(name[:])) },
		"the bytes":             func() ([]byte, error) { return s.Get(t.Context(), string(name[:])) },
	} {
		if v, err := get(); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s: %q, %v; want core.ErrNotFound", what, v, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = s.AppendGetNamed(t.Context(), nil, "u:", name) }); n != 0 {
		t.Errorf("looking for a name costs %v allocations", n)
	}
}
