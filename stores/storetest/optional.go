package storetest

import (
	"strconv"
	"time"

	"github.com/wxsession/wxsession/core"
)

// prefixIsTheHarness: sealed values are bound to what the store says its prefix
// is.
func prefixIsTheHarness(s *suite) {
	if s.h.OpenPrefix == nil {
		s.Skip("the harness has no OpenPrefix")
	}
	prefix := uniquePrefix()
	p, ok := s.openPrefix(prefix).(core.Prefixer)
	if !ok {
		s.Skip("the store is no core.Prefixer")
	}
	if got := p.Prefix(); got != prefix {
		s.Errorf("Prefix() = %q; want %q", got, prefix)
	}
}

// timeoutIsKept: nothing takes longer than the store says, on a server that does
// not answer.
func timeoutIsKept(s *suite) {
	st := s.open()
	t, ok := st.(core.Timeouter)
	if !ok {
		s.Skip("the store is no core.Timeouter")
	}
	timeout := t.Timeout()
	if timeout <= 0 {
		s.Fatalf("Timeout() = %v; want the bound of each call", timeout)
	}
	if s.h.Stall == nil {
		return
	}
	s.create(st, "s:k", "v")
	restore := s.h.Stall(s.TB)
	defer restore()
	slack := s.h.deadline() / 2
	for _, c := range calls(st, "s:fault", []byte("v")) {
		start := time.Now()
		s.wantFault(c.name+" of a stalled server", c.do(s.Context()))
		if took := time.Since(start); took > timeout+slack {
			s.Errorf("%s took %v; want the timeout of %v", c.name, took, timeout)
		}
	}
}

// statsCount: entries of a store in this process are its keys; reads that go
// through a near cache are hits or misses, and all others are neither.
func statsCount(s *suite) {
	st := s.open()
	r, ok := st.(core.StatsReporter)
	if !ok {
		s.Skip("the store is no core.StatsReporter")
	}
	if stats := r.Stats(); stats.Entries != 0 || stats.NearHits+stats.NearMisses != 0 || stats.BreakerOpen {
		s.Errorf("Stats() of a fresh store = %+v; want zero", stats)
	}
	for i := range 10 {
		s.create(st, "s:"+strconv.Itoa(i), "v")
	}
	s.delete(st, "s:9")
	if in, ok := st.(core.InProcess); ok && in.InProcess() {
		if n := r.Stats().Entries; n != 9 {
			s.Errorf("Stats() counts %d entries; want 9", n)
		}
	}
	before, reads := r.Stats(), uint64(0)
	if _, ok := st.(core.AppendGetter); ok {
		for i := range 9 {
			s.warm(st, "s:"+strconv.Itoa(i))
			reads += 4
		}
	}
	after := r.Stats()
	hits, misses := after.NearHits-before.NearHits, after.NearMisses-before.NearMisses
	if hits+misses != 0 && hits+misses != reads {
		s.Errorf("Stats() counts %d hits and %d misses in %d reads", hits, misses, reads)
	}
	s.wantValue(st, "s:0", "v")
	if last := r.Stats(); last.NearHits+last.NearMisses != after.NearHits+after.NearMisses {
		s.Errorf("Stats() counts a Get, which asks no near cache")
	}
}
