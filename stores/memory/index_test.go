package memory

import (
	"fmt"
	"testing"
)

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
		if _, _, sure := s.peek(nil, w.tag, w.key, 0); !sure {
			t.Fatalf("entry %d cannot be read without the lock", i)
		}
	}
	checkShard(t, &s)
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
			if _, err := s.appendValue(nil, tagNumber(k), stored(fmt.Sprint(k)), 0); err != nil {
				t.Fatalf("after %d entries key %d: %v; want its value", i+1, k, err)
			}
		}
	}
	if stages < 50 {
		t.Fatalf("only %d of the states had a move under way; the test proves little", stages)
	}
}
