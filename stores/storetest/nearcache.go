package storetest

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/wxsession/wxsession/core"
)

// warm reads key by AppendGet, as requests are authenticated, often enough for a
// near cache to know it. A store without AppendGet has none to warm.
func (s *suite) warm(st core.Store, key string) {
	s.Helper()
	ag, ok := st.(core.AppendGetter)
	for n := 0; ok && n < 4; n++ {
		if _, err := ag.AppendGet(s.Context(), nil, key); err != nil {
			s.Fatalf("AppendGet(%q): %v; want a value", key, err)
		}
	}
}

// getAfterAppendGetIsFresh lets a change what b has read for its requests: b's
// next Get must know, at once. Updates decide by it.
func getAfterAppendGetIsFresh(s *suite) {
	a, b := s.pair()
	for i := range 50 {
		key := "s:" + strconv.Itoa(i)
		s.create(a, key, "1")
		s.warm(b, key)
		s.swap(a, key, []byte("1"), []byte("2"), time.Hour)
		s.wantValue(b, key, "2")
		s.warm(b, key)
		s.swap(a, key, []byte("2"), []byte("1"), time.Hour) // back to what b has seen before
		s.wantValue(b, key, "1")
		s.warm(b, key)
		s.delete(a, key)
		s.wantMissing(b, key)
	}
}

// appendGetSeesOwnWrites: what this store has changed it never shows again, also
// while others keep its cache warm.
func appendGetSeesOwnWrites(s *suite) {
	st := s.open()
	ag := s.appendGetter(st)
	stopReaders := s.readInBackground(st, "s:k", 4)
	defer stopReaders()
	for i := range 200 {
		v := strconv.Itoa(i)
		s.create(st, "s:k", v)
		s.warm(st, "s:k")
		s.swap(st, "s:k", []byte(v), []byte(v+"'"), time.Hour)
		s.wantAppended(ag, nil, v+"'")
		s.warm(st, "s:k")
		s.delete(st, "s:k")
		s.wantNotFound(ag.AppendGet(s.Context(), nil, "s:k"))
	}
}

// appendGetHearsOfOthers within a second, and some slack for a busy machine.
func appendGetHearsOfOthers(s *suite) {
	a, b := s.pair()
	ag := s.appendGetter(b)
	for i := range 10 {
		key := "s:" + strconv.Itoa(i)
		s.create(a, key, "v")
		s.warm(b, key)
		s.delete(a, key)
		var v []byte
		var err error
		for end := time.Now().Add(staleness); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if v, err = ag.AppendGet(s.Context(), nil, key); errors.Is(err, core.ErrNotFound) {
				break
			}
		}
		s.wantNotFound(v, err)
	}
}

// appendedIsNobodyElses: the caller may write into what it got, and into the rest
// of its buffer, and the store keeps neither.
func appendedIsNobodyElses(s *suite) {
	st := s.open()
	ag := s.appendGetter(st)
	s.create(st, "s:k", "value")
	for range 4 { // from the store itself, and from whatever it keeps nearer
		for _, dst := range [][]byte{nil, []byte("dst+"), make([]byte, 0, 64)} {
			v, err := ag.AppendGet(s.Context(), dst, "s:k")
			if want := string(dst) + "value"; err != nil || string(v) != want {
				s.Fatalf("AppendGet(%q) = %q, %v; want %q, whatever callers did to what they got before", dst, v, err, want)
			}
			scribble(v[:cap(v)])
		}
	}
	s.wantValue(st, "s:k", "value")
}

// appendedStays is valuesStayUnderTheReader for AppendGet: what it has returned
// does not change with the key.
func appendedStays(s *suite) {
	st := s.open()
	ag := s.appendGetter(st)
	s.create(st, "s:k", "value 0")
	var held [][]byte
	for i := range 100 {
		s.warm(st, "s:k")
		v, err := ag.AppendGet(s.Context(), nil, "s:k")
		if err != nil {
			s.Fatalf("AppendGet: %v; want a value", err)
		}
		held = append(held, v)
		s.swap(st, "s:k", []byte("value "+strconv.Itoa(i)), []byte("value "+strconv.Itoa(i+1)), time.Hour)
	}
	s.delete(st, "s:k")
	for i, v := range held {
		if want := "value " + strconv.Itoa(i); string(v) != want {
			s.Fatalf("a value changed after AppendGet had returned it: %q; want %q", v, want)
		}
	}
}

func (s *suite) appendGetter(st core.Store) core.AppendGetter {
	s.Helper()
	ag, ok := st.(core.AppendGetter)
	if !ok {
		s.Skip("the store is no core.AppendGetter")
	}
	return ag
}

// readForRequests ignores what it sees: it is there to disturb.
func readForRequests(ctx context.Context, st core.Store, key string) {
	if ag, ok := st.(core.AppendGetter); ok {
		_, _ = ag.AppendGet(ctx, nil, key)
		return
	}
	_, _ = st.Get(ctx, key)
}
