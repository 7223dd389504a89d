package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/wxsession/wxsession/core"
)

// slack is how much later than asked a store may let go of a value: its ttl
// only collects garbage, and Memcached counts whole seconds.
const slack = 3 * time.Second

func expiredIsMissing(s *suite) {
	st := s.open()
	s.wantLifetime(st, "s:k", 1200*time.Millisecond)
}

func subSecondTTLExpires(s *suite) {
	st := s.open()
	s.wantLifetime(st, "s:k", 500*time.Millisecond)
}

// longTTLSurvives: Memcached reads more than 30 days as a date, mostly a past one.
func longTTLSurvives(s *suite) {
	const day = 24 * time.Hour
	for _, days := range []time.Duration{30, 31, 60, 400} {
		st := s.open()
		s.swap(st, "s:k", nil, []byte("v"), days*day)
		s.wantValue(st, "s:k", "v")
		s.swap(st, "s:k", []byte("v"), []byte("w"), days*day)
		s.wantValue(st, "s:k", "w")
		if s.h.Advance != nil {
			s.h.Advance(s.TB, days*day-time.Second)
			s.wantValue(st, "s:k", "w")
			s.h.Advance(s.TB, time.Second+slack)
			s.wantMissing(st, "s:k")
		}
	}
}

func nonPositiveTTLIsRejected(s *suite) {
	st := s.open()
	s.create(st, "s:old", "v")
	for i, ttl := range []time.Duration{0, -1, -time.Millisecond, -time.Minute} {
		key := fmt.Sprintf("s:new-%d", i)
		what := fmt.Sprintf("Swap with a ttl of %v", ttl)
		s.wantFault(what, st.Swap(s.Context(), key, nil, []byte("v"), ttl))
		s.wantMissing(st, key)
		s.wantFault(what, st.Swap(s.Context(), "s:old", []byte("v"), []byte("w"), ttl))
		s.wantValue(st, "s:old", "v")
	}
}

// overwriteReplacesValueAndTTL watches a third key, which has the short ttl
// from the start, to learn when the clock is past it. The other keys may lie on
// servers whose seconds end a little later.
func overwriteReplacesValueAndTTL(s *suite) {
	const short = 300 * time.Millisecond
	st := s.open()
	s.swap(st, "s:lengthened", nil, []byte("1"), short)
	s.swap(st, "s:lengthened", []byte("1"), []byte("2"), time.Hour)
	s.swap(st, "s:shortened", nil, []byte("1"), time.Hour)
	s.swap(st, "s:shortened", []byte("1"), []byte("2"), short)
	s.wantValue(st, "s:lengthened", "2")
	s.wantValue(st, "s:shortened", "2")
	s.wantLifetime(st, "s:control", short)
	s.waitMissing(st, "s:shortened", time.Now())
	s.wantValue(st, "s:lengthened", "2")
}

func conflictLeavesTheTTL(s *suite) {
	const short = 300 * time.Millisecond
	st := s.open()
	s.swap(st, "s:short", nil, []byte("v"), short)
	s.swap(st, "s:long", nil, []byte("v"), time.Hour)
	s.wantConflict(st, "s:short", []byte("stale"), []byte("w"), time.Hour)
	s.wantConflict(st, "s:short", nil, []byte("w"), time.Hour)
	s.wantConflict(st, "s:long", []byte("stale"), []byte("w"), short)
	s.wantConflict(st, "s:long", nil, []byte("w"), short)
	s.wantLifetime(st, "s:control", short)
	s.waitMissing(st, "s:short", time.Now())
	s.wantValue(st, "s:long", "v")
}

func swapAfterExpiryConflicts(s *suite) {
	st := s.open()
	s.wantLifetime(st, "s:k", 300*time.Millisecond)
	s.wantConflict(st, "s:k", []byte("v"), []byte("w"), time.Hour)
	s.wantMissing(st, "s:k")
	s.delete(st, "s:k")
	s.create(st, "s:k", "again")
	s.wantValue(st, "s:k", "again")
}

// wantLifetime stores a value under key, and checks that it is there until ttl
// has passed, and gone at the end of the slack.
func (s *suite) wantLifetime(st core.Store, key string, ttl time.Duration) {
	s.Helper()
	start := time.Now()
	s.swap(st, key, nil, []byte("v"), ttl)
	if s.h.Advance == nil {
		s.waitMissing(st, key, start.Add(ttl))
		return
	}
	s.wantValue(st, key, "v")
	s.h.Advance(s.TB, ttl-time.Millisecond)
	s.wantValue(st, key, "v")
	s.h.Advance(s.TB, time.Millisecond+slack)
	s.wantMissing(st, key)
}

// waitMissing polls until the value is gone, which must not be before end.
func (s *suite) waitMissing(st core.Store, key string, end time.Time) {
	s.Helper()
	for time.Now().Before(end.Add(2 * slack)) {
		_, err := st.Get(s.Context(), key)
		if now := time.Now(); errors.Is(err, core.ErrNotFound) {
			if now.Before(end) {
				s.Fatalf("the value is gone %v before its end", end.Sub(now))
			}
			return
		}
		if err != nil {
			s.Fatalf("Get: %v; want the value or core.ErrNotFound", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatalf("the value is still there %v after its end", 2*slack)
}
