package memory

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
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

func (s *Store) sweepRound() {
	for range s.shards {
		s.sweepShard()
	}
}

func tagNumber(i int) uint32 { return tagOf(uint64(i) * 0x9e3779b97f4a7c15 >> 16) }

func stored(key string) storedKey { return asStored(key, new([nameLen]byte)) }

func create(i int, end int64) write {
	key := stored(fmt.Sprint(i))
	return write{tag: tagNumber(i), key: key, new: newRecord(nil, key, []byte("v"), end)}
}
