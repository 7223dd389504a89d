package memory

import (
	"testing"
	"time"
)

// TestLargeRecordsGiveTheirMemoryBack at once, unlike those in shared chunks.
func TestLargeRecordsGiveTheirMemoryBack(t *testing.T) {
	s := newTestStore(t, Options{})
	for _, size := range []int{1 << 19, 1<<20 - 1, 5000} {
		if err := s.Swap(t.Context(), "k", nil, make([]byte, size), time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
		if got := s.chunkBytes(); got != 0 {
			t.Errorf("after Delete of %d bytes the store holds %d; want 0", size, got)
		}
	}
}

// TestRefsUsedUp: where a shard has no ref left it refuses, and changes nothing.
func TestRefsUsedUp(t *testing.T) {
	var s shard
	b := bound{max: 10}
	w := create(1, 1)
	if err := s.swap(&w, &b); err != nil {
		t.Fatal(err)
	}
	s.arena.chunks = append(s.arena.chunks, make([]*chunk, maxChunks-1)...)
	s.arena.used = chunkWords
	w = create(2, 1)
	if err := s.swap(&w, &b); err != errFull {
		t.Errorf("creating: %v; want errFull", err)
	}
	w = write{tag: tagNumber(1), key: stored("1"), old: []byte("v"), new: newRecord(nil, stored("1"), make([]byte, 100), 1)}
	if err := s.swap(&w, &b); err != errFull {
		t.Errorf("replacing: %v; want errFull", err)
	}
	if v, err := s.appendValue(nil, tagNumber(1), stored("1"), 0); string(v) != "v" || err != nil || b.n.Load() != 1 {
		t.Errorf("afterwards: %q, %v, %d counted; want the one value", v, err, b.n.Load())
	}
}

func TestSizeClasses(t *testing.T) {
	last, lastRounded := 0, 0
	for size := 1; size <= maxShared; size++ {
		class, rounded := sizeClass(size)
		if class < 1 || class >= classCount || rounded < size || rounded%wordSize != 0 || rounded > size+7 && 16*rounded > 17*size+16 {
			t.Fatalf("sizeClass(%d) = %d, %d: out of range, or too much waste", size, class, rounded)
		}
		if class != last && class != last+1 || (class == last) != (rounded == lastRounded) {
			t.Fatalf("sizeClass(%d) = %d, %d after %d, %d; want classes and sizes to match", size, class, rounded, last, lastRounded)
		}
		last, lastRounded = class, rounded
	}
	if last != classCount-1 || lastRounded != maxShared {
		t.Errorf("the last class is %d for %d bytes; want %d for %d", last, lastRounded, classCount-1, maxShared)
	}
}
