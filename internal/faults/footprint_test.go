package faults_test

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// footprint is what the process holds: goroutines, without those of the
// proxies, and bytes that are reachable.
type footprint struct {
	goroutines int
	heap       int64
}

func measure() footprint {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return footprint{goroutines(), int64(stats.HeapAlloc)}
}

func goroutines() (n int) {
	var stacks bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 2) // a buffer takes everything
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if !strings.Contains(stack, "internal/testserver.") {
			n++
		}
	}
	return n
}

const (
	// spareGoroutines are those of connections that come and go.
	spareGoroutines = 32
	spareHeap       = 16 << 20
)

// wantBounded is for the midst of a fault: nothing has piled up behind it but
// the clients, one call of each that was given up, which ends with its
// connection, and the read that a login makes beside its first write.
func (calm footprint) wantBounded(t *testing.T) {
	t.Helper()
	now := measure()
	if most := calm.goroutines + 3*clients + spareGoroutines; now.goroutines > most {
		t.Errorf("%d goroutines during the fault, %d before; want %d at most", now.goroutines, calm.goroutines, most)
	}
	calm.wantFlat(t, now)
}

// wantBack is for the end: nothing has stayed behind.
func (calm footprint) wantBack(t *testing.T) {
	t.Helper()
	if !poll(5*time.Second, func() bool { return goroutines() <= calm.goroutines+spareGoroutines/4 }) {
		t.Errorf("%d goroutines after the faults, %d before", goroutines(), calm.goroutines)
	}
	calm.wantFlat(t, measure())
}

func (calm footprint) wantFlat(t *testing.T, now footprint) {
	t.Helper()
	if grown := now.heap - calm.heap; grown > spareHeap {
		t.Errorf("the heap has grown by %d KiB; want %d at most", grown>>10, spareHeap>>10)
	}
}
