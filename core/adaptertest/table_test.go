package adaptertest

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestReferencePasses(t *testing.T) {
	Run(t, new(reference).harness())
}

// TestEachRowCanFail runs the rows against adapters that each do one thing
// wrong: every row must catch at least one of them.
func TestEachRowCanFail(t *testing.T) {
	caught := map[string]bool{}
	for _, b := range brokenAdapters() {
		for _, beginning := range b.caughtBy {
			row := rowNamed(t, beginning)
			caught[row.name] = true
			t.Run(b.name+"/"+beginning, func(t *testing.T) {
				if fails(t, row, b.adapter().harness()) == 0 {
					t.Error("the row passes; want it to fail")
				}
			})
		}
	}
	for _, row := range table() {
		if !caught[row.name] {
			t.Errorf("no broken adapter shows that %q can fail", row.name)
		}
	}
}

func TestFrameworksMayLackFeatures(t *testing.T) {
	h := Harness{NoErrorPath: true, NoStreaming: true, NoHijacking: true, NoCancellation: true}
	n := 0
	for _, row := range table() {
		if row.needs != nil && !row.needs(h) {
			n++
		}
	}
	if n != 7 {
		t.Errorf("a framework without any feature is spared %d rows, want 7", n)
	}
}

func rowNamed(t *testing.T, beginning string) row {
	t.Helper()
	for _, row := range table() {
		if strings.HasPrefix(row.name, beginning) {
			return row
		}
	}
	t.Fatalf("no row begins with %q", beginning)
	return row{}
}

// fails returns how often the row complains.
func fails(t *testing.T, row row, h Harness) int64 {
	rec := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		row.check(&rig{TB: rec, h: h, patience: 200 * time.Millisecond})
	}()
	<-done
	return rec.failures.Load()
}

// recorder is a testing.TB that counts failures instead of failing.
type recorder struct {
	testing.TB
	failures atomic.Int64
}

func (r *recorder) Error(...any)          { r.failures.Add(1) }
func (r *recorder) Errorf(string, ...any) { r.failures.Add(1) }
func (r *recorder) Fatal(...any)          { r.failures.Add(1); runtime.Goexit() }
func (r *recorder) Fatalf(string, ...any) { r.failures.Add(1); runtime.Goexit() }
