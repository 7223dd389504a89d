package memory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func newTestStore(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// testClock is read by the store's own sweeper, too.
type testClock struct{ atomic.Int64 }

func (c *testClock) Now() time.Time { return time.Unix(0, c.Load()) }

// len counts what has not been freed, expired or not.
func (s *Store) len() (n int) {
	for i := range s.shards {
		s.shards[i].mu.Lock()
		n += s.shards[i].index.n
		s.shards[i].mu.Unlock()
	}
	return n
}

func (s *Store) sweepRound() {
	for range s.shards {
		s.sweepShard()
	}
}

func tagNumber(i int) uint32 { return tagOf(uint64(i) * 0x9e3779b97f4a7c15 >> 16) }

func create(i int, end int64) write {
	return write{tag: tagNumber(i), key: fmt.Sprint(i), new: newRecord(nil, fmt.Sprint(i), []byte("v"), end)}
}

// TestGrowthIsIncremental: no write may move more than its few entries, so that
// no reader waits for a whole table.
func TestGrowthIsIncremental(t *testing.T) {
	var s shard
	var b bound
	for i := range 30_000 {
		moved, length, moving := s.index.moved, len(s.index.cur), s.index.old != nil
		w := create(i, 1)
		if err := s.swap(&w, &b); err != nil {
			t.Fatal(err)
		}
		if grew := len(s.index.cur) != length; grew && moving && s.index.moved-moved > movesPerWrite {
			t.Fatalf("at %d entries the index grew while it was still moving", i)
		} else if !grew && moving && s.index.old != nil && s.index.moved-moved > movesPerWrite {
			t.Fatalf("a write moved %d places; want at most %d", s.index.moved-moved, movesPerWrite)
		}
		if _, ok := s.peek(make([]byte, peekSize), w.tag, w.key); !ok {
			t.Fatalf("entry %d cannot be read without the lock", i)
		}
	}
	checkShard(t, &s)
}

// TestReadersTakeNoLock: while the test holds the lock, a read must come back.
// While a writer is at work it must wait for it instead, and see what it wrote.
func TestReadersTakeNoLock(t *testing.T) {
	var s shard
	var b bound
	w := create(1, 1)
	if err := s.swap(&w, &b); err != nil {
		t.Fatal(err)
	}
	values := make(chan string)
	read := func() {
		v, err := s.appendValue(nil, tagNumber(1), "1", 0)
		values <- fmt.Sprint(string(v), err)
	}
	s.mu.Lock()
	go read()
	select {
	case v := <-values:
		if v != "v<nil>" {
			t.Errorf("read under the lock: %s; want v", v)
		}
	case <-time.After(10 * time.Second):
		t.Error("a read waits for the lock")
	}
	s.mu.Unlock()

	s.mu.Lock()
	s.begin()
	go read()
	s.arena.overwrite(s.index.cur.find(tagNumber(1)).ref(), len(w.new), newRecord(nil, "1", []byte("w"), 1))
	s.end()
	s.mu.Unlock()
	if v := <-values; v != "w<nil>" {
		t.Errorf("read after a write: %s; want w", v)
	}
}

// TestNoTornReads overwrites a value in place, and moves it about, while others
// read it: each of its bytes is the same as long as no reader sees a mixture.
func TestNoTornReads(t *testing.T) {
	s := newTestStore(t, Options{})
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 400+i%3*16) }
	if err := s.Swap(t.Context(), "k", nil, value(0), time.Hour); err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			buf := make([]byte, 0, 512)
			for !done.Load() {
				v, err := s.AppendGet(context.Background(), buf, "k")
				if err != nil || bytes.Count(v, v[:1]) != len(v) || len(v) != len(value(int(v[0]))) {
					t.Errorf("AppendGet = %v, %v; want what one Swap wrote", v, err)
					return
				}
			}
		})
	}
	for i := range 100_000 {
		if err := s.Swap(t.Context(), "k", value(i%250), value((i+1)%250), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	done.Store(true)
	wg.Wait()
}

// TestReadersDuringGrowth looks every key up at every stage of a move.
func TestReadersDuringGrowth(t *testing.T) {
	var s shard
	var b bound
	stages := 0
	for i := range 700 {
		w := create(i, 1)
		if err := s.swap(&w, &b); err != nil {
			t.Fatal(err)
		}
		if s.index.old != nil {
			stages++
		}
		for k := range i + 1 {
			if _, err := s.appendValue(nil, tagNumber(k), fmt.Sprint(k), 0); err != nil {
				t.Fatalf("after %d entries key %d: %v; want its value", i+1, k, err)
			}
		}
	}
	if stages < 50 {
		t.Fatalf("only %d of the states had a move under way; the test proves little", stages)
	}
}

func TestSweepFreesAndReuses(t *testing.T) {
	const n = 20_000
	var c testClock
	s := newTestStore(t, Options{Now: c.Now})
	create := func(prefix string, ttl time.Duration) {
		for i := range n {
			if err := s.Swap(t.Context(), fmt.Sprint(prefix, i), nil, make([]byte, 160), ttl); err != nil {
				t.Fatal(err)
			}
		}
	}
	create("short", time.Minute)
	create("long", time.Hour)
	chunks := s.chunkBytes()
	c.Store(int64(time.Minute))
	for range 3 {
		s.sweepRound()
	}
	if got := s.len(); got != n {
		t.Errorf("after the sweep %d entries are left; want %d", got, n)
	}
	create("short", time.Hour)
	if got := s.chunkBytes(); got > chunks {
		t.Errorf("the chunks grew from %d to %d bytes; want the freed slots used again", chunks, got)
	}
	c.Store(int64(2 * time.Hour))
	for range 3 {
		s.sweepRound()
	}
	if got := s.chunkBytes(); got != 0 {
		t.Errorf("an empty store holds %d bytes of chunks; want 0", got)
	}
}

func (s *Store) chunkBytes() (n int) {
	for i := range s.shards {
		n += len(s.shards[i].arena.chunks) * chunkWords * wordSize
		for _, r := range s.shards[i].arena.large {
			n += cap(r)
		}
	}
	return n
}

// TestSweepStepIsBounded: the places that one step looks at bound the time that
// a reader may have to wait for it.
func TestSweepStepIsBounded(t *testing.T) {
	var s shard
	var b bound
	for i := range 5000 {
		w := create(i, int64(1+i%2))
		if err := s.swap(&w, &b); err != nil {
			t.Fatal(err)
		}
	}
	s.index.move(len(s.index.old))
	for steps := 1; ; steps++ {
		before := s.cursor
		freed, done := s.sweep(1, sweepPlaces, &b)
		if done {
			break
		}
		if looked := s.cursor - before + freed; looked != sweepPlaces {
			t.Fatalf("step %d looked at %d places; want %d", steps, looked, sweepPlaces)
		}
	}
	if s.index.n > 2510 || s.index.n < 2500 {
		t.Errorf("one round left %d entries; want the 2500 live ones, and few others", s.index.n)
	}
	checkShard(t, &s)
}

// TestLargeRecordsGiveTheirMemoryBack at once, unlike those in shared chunks.
func TestLargeRecordsGiveTheirMemoryBack(t *testing.T) {
	s := newTestStore(t, Options{})
	for _, size := range []int{1 << 20, 1 << 21, 1<<24 - 1, 5000} {
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
	if err := s.swap(&w, &b); !errors.Is(err, ErrFull) {
		t.Errorf("creating: %v; want ErrFull", err)
	}
	w = write{tag: tagNumber(1), key: "1", old: []byte("v"), new: newRecord(nil, "1", make([]byte, 100), 1)}
	if err := s.swap(&w, &b); !errors.Is(err, ErrFull) {
		t.Errorf("replacing: %v; want ErrFull", err)
	}
	if v, err := s.appendValue(nil, tagNumber(1), "1", 0); string(v) != "v" || err != nil || b.n.Load() != 1 {
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

func TestAllocations(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t, Options{})
	value, buf := make([]byte, 160), make([]byte, 0, 256)
	if err := s.Swap(ctx, "k", nil, value, time.Hour); err != nil {
		t.Fatal(err)
	}
	var stores core.Store = s
	for name, c := range map[string]struct {
		want float64
		do   func() error
	}{
		"AppendGet":                {0, func() error { _, err := s.AppendGet(ctx, buf, "k"); return err }},
		"Get":                      {1, func() error { _, err := stores.Get(ctx, "k"); return err }},
		"Swap to the same size":    {0, func() error { return stores.Swap(ctx, "k", value, value, time.Hour) }},
		"Delete of a missing key":  {0, func() error { return stores.Delete(ctx, "missing") }},
		"AppendGet of what is not": {0, func() error { _, _ = s.AppendGet(ctx, buf, "missing"); return nil }},
	} {
		var err error
		got := testing.AllocsPerRun(1000, func() { err = c.do() })
		if err != nil || got != c.want {
			t.Errorf("%s: %v allocations, %v; want %v", name, got, err, c.want)
		}
	}
}
