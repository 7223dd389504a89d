package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

func missingIsNotAnError(s *suite) {
	st := s.open()
	s.wantMissing(st, "s:never-stored")
	s.create(st, "s:stored", "v")
	s.wantMissing(st, "s:never-stored")
	s.delete(st, "s:stored")
	s.wantMissing(st, "s:stored")
}

func roundTrip(s *suite) {
	st := s.open()
	values := []string{"", "x", "\x00", "a\r\nEND\r\nb\x00c", strings.Repeat("0123456789abcdef", 4096)}
	for i, v := range values {
		key := fmt.Sprintf("s:value-%d", i)
		s.create(st, key, v)
		s.wantValue(st, key, v)
		s.swap(st, key, []byte(v), []byte(v+"!"), time.Hour)
		s.wantValue(st, key, v+"!")
	}
	emptyIsNotNil(s, st)
}

// emptyIsNotNil: Get's value is the next Swap's old, where nil would mean "only
// if there is none".
func emptyIsNotNil(s *suite, st core.Store) {
	s.Helper()
	s.swap(st, "s:empty", nil, nil, time.Hour)
	v, err := st.Get(s.Context(), "s:empty")
	if err != nil || v == nil || len(v) > 0 {
		s.Fatalf("Get of an empty value = %#v, %v; want an empty slice that is not nil", v, err)
	}
	s.wantConflict(st, "s:empty", nil, []byte("new"), time.Hour)
	s.swap(st, "s:empty", v, []byte("new"), time.Hour)
	s.wantConflict(st, "s:missing", []byte{}, []byte("new"), time.Hour)
}

// keyAlphabet takes the longest keys that core sends, over all they can hold.
func keyAlphabet(s *suite) {
	st := s.open()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:"
	keys := []string{
		alphabet[:64], alphabet[1:], "k", "K", "k:", ":k", "-", "_",
		"s:" + strings.Repeat("a", 62), "s:" + strings.Repeat("a", 61) + "A", "s:" + strings.Repeat("a", 61),
	}
	for i, k := range keys {
		s.create(st, k, fmt.Sprint(i))
	}
	for i, k := range keys {
		s.wantValue(st, k, fmt.Sprint(i))
	}
	s.delete(st, keys[0])
	s.wantMissing(st, keys[0])
	s.wantValue(st, keys[1], "1")
}

func valuesAreCopied(s *suite) {
	st := s.open()
	first, second := []byte("first"), []byte("second")
	s.swap(st, "s:k", nil, first, time.Hour)
	scribble(first)
	s.wantValue(st, "s:k", "first")
	s.warm(st, "s:k")

	old := []byte("first")
	s.swap(st, "s:k", old, second, time.Hour)
	if string(old) != "first" || string(second) != "second" {
		s.Errorf("Swap modified its arguments: old is %q, new is %q", old, second)
	}
	scribble(old)
	scribble(second)
	s.wantValue(st, "s:k", "second")
}

func scribble(b []byte) {
	for i := range b {
		b[i] ^= 0xff
	}
}

// valuesStayUnderTheReader overwrites and deletes keys whose values a reader
// still holds: a store that hands out its own buffers changes them.
func valuesStayUnderTheReader(s *suite) {
	st := s.open()
	var held [][]byte
	value := func(i int) []byte { return bytes.Repeat([]byte{'a' + byte(i%26)}, 160) }
	s.swap(st, "s:k", nil, value(0), time.Hour)
	for i := range 200 {
		v, err := st.Get(s.Context(), "s:k")
		if err != nil {
			s.Fatalf("Get: %v; want a value", err)
		}
		held = append(held, v)
		s.swap(st, "s:k", value(i), value(i+1), time.Hour)
	}
	s.delete(st, "s:k")
	s.swap(st, "s:other", nil, value(25), time.Hour)
	for i, v := range held {
		if !bytes.Equal(v, value(i)) {
			s.Fatalf("a value changed after Get had returned it: %s; want %s", short(v), short(value(i)))
		}
	}
	readWhileWriting(s, st)
}

// readWhileWriting lets the race detector see a store that writes into what a
// reader holds, and the readers a torn value.
func readWhileWriting(s *suite, st core.Store) {
	s.swap(st, "s:torn", nil, bytes.Repeat([]byte{'a'}, 160), time.Hour)
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 4 {
		wg.Go(func() {
			for range 200 {
				v, err := st.Get(s.Context(), "s:torn")
				if err != nil || len(v) != 160 || bytes.Count(v, v[:1]) != 160 {
					s.Errorf("Get while another writes = %s, %v; want one writer's value", short(v), err)
					return
				}
			}
		})
	}
	for i := range 200 {
		old, next := byte('a'+i%26), byte('a'+(i+1)%26)
		s.swap(st, "s:torn", bytes.Repeat([]byte{old}, 160), bytes.Repeat([]byte{next}, 160), time.Hour)
	}
}

// oversizedValue wants an error that changes nothing and spoils no connection.
func oversizedValue(s *suite) {
	if s.h.MaxValue == 0 {
		s.Skip("the harness sets no MaxValue")
	}
	st := s.open()
	fits, tooLarge := bytes.Repeat([]byte("x"), s.h.MaxValue), bytes.Repeat([]byte("x"), s.h.MaxValue+1)
	s.wantFault("Swap of MaxValue+1 bytes", st.Swap(s.Context(), "s:k", nil, tooLarge, time.Hour))
	s.wantMissing(st, "s:k")
	s.swap(st, "s:k", nil, fits, time.Hour)
	s.wantValue(st, "s:k", string(fits))
	s.wantFault("Swap to MaxValue+1 bytes", st.Swap(s.Context(), "s:k", fits, tooLarge, time.Hour))
	s.wantValue(st, "s:k", string(fits))
}

func prefixesDoNotCollide(s *suite) {
	if s.h.OpenPrefix == nil {
		s.Skip("the harness has no OpenPrefix")
	}
	prefix := uniquePrefix()
	a, b := s.openPrefix(prefix), s.openPrefix(prefix+"b")
	s.create(a, "s:k", "a")
	s.wantMissing(b, "s:k")
	s.create(b, "s:k", "b")
	s.wantValue(a, "s:k", "a")
	s.delete(a, "s:k")
	s.wantValue(b, "s:k", "b")
	s.wantMissing(a, "s:k")
}
