package storetest

import (
	"strconv"
	"sync"
	"time"

	"github.com/wxsession/wxsession/core"
)

// ownWritesAreSeen writes while readers of the same store keep its cache warm:
// no read by the writer may be older than its last write.
func ownWritesAreSeen(s *suite) {
	const writes = 300
	st := s.open()
	stopReaders := s.readInBackground(st, "s:k", 4)
	defer stopReaders()
	for i := range writes {
		v := strconv.Itoa(i)
		s.create(st, "s:k", v)
		s.wantValue(st, "s:k", v)
		s.swap(st, "s:k", []byte(v), []byte(v+"'"), time.Hour)
		s.wantValue(st, "s:k", v+"'")
		s.delete(st, "s:k")
		s.wantMissing(st, "s:k")
	}
}

// readInBackground ignores what the readers see: they are there to disturb.
func (s *suite) readInBackground(st core.Store, key string, readers int) (stop func()) {
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range readers {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					readForRequests(s.Context(), st, key)
				}
			}
		})
	}
	return func() {
		close(done)
		wg.Wait()
	}
}

// conflictThenGetIsFresh lets b change what a has read a moment ago: a's Swap
// conflicts, and a's next Get must show why, or the manager would loop.
func conflictThenGetIsFresh(s *suite) {
	a, b := s.pair()
	for i := range 100 {
		key := "s:" + strconv.Itoa(i)
		s.wantMissing(a, key)
		s.create(b, key, "1")
		s.wantConflict(a, key, nil, []byte("mine"), time.Hour)
		s.wantValue(a, key, "1")

		s.warm(a, key)
		s.swap(b, key, []byte("1"), []byte("2"), time.Hour)
		s.wantConflict(a, key, []byte("1"), []byte("mine"), time.Hour)
		s.wantValue(a, key, "2")

		s.warm(a, key)
		s.delete(b, key)
		s.wantConflict(a, key, []byte("2"), []byte("mine"), time.Hour)
		s.wantMissing(a, key)
	}
}
