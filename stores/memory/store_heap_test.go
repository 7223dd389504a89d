//go:build !race

// The race detector keeps memory of its own, and takes long over so many words.

package memory

import (
	"runtime"
	"testing"
)

// TestHeapPerSession holds the layout to what PERFORMANCE targets ask at a
// million, with fewer, because both figures depend little on the number.
func TestHeapPerSession(t *testing.T) {
	const n = 300_000
	heap0, scan0 := heapAndScan()
	s := newTestStore(t, Options{})
	fillStore(t, s, n, anHour)
	heap, scan := heapAndScan()
	if perSession := (heap - heap0) / n; perSession > 1.3*recordBytes {
		t.Errorf("a session of %d bytes and a key of %d takes %.1f bytes of heap; want %.0f at most", recordBytes, sessionKeyLen, perSession, 1.3*recordBytes)
	}
	if perSession := (scan - scan0) / n; perSession > 2 {
		t.Errorf("the collector scans %.1f bytes per session; want 2 at most", perSession)
	}
	runtime.KeepAlive(s)
}
