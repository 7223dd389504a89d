package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

// concurrentUse mixes all verbs on few keys; the race detector and the values,
// which name their keys, are the judges.
func concurrentUse(s *suite) {
	st := s.open()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 100 {
				key := fmt.Sprintf("s:%d", (w+i)%5)
				if err := useOnce(s, st, key, i); err != nil {
					s.Errorf("worker %d: %v", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func useOnce(s *suite, st core.Store, key string, i int) error {
	old, err := st.Get(s.Context(), key)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("get: %w", err)
	}
	if err == nil && !strings.HasPrefix(string(old), key+"=") {
		return fmt.Errorf("the value %q stands under the key %q", old, key)
	}
	if i%7 == 0 {
		return st.Delete(s.Context(), key)
	}
	new := []byte(key + "=" + strings.Repeat("x", i))
	if err := st.Swap(s.Context(), key, old, new, time.Hour); err != nil && !errors.Is(err, core.ErrConflict) {
		return fmt.Errorf("swap: %w", err)
	}
	return nil
}

// concurrentSwap: of all that expect the same old value, exactly one wins, and
// what it wrote is what stands.
func concurrentSwap(s *suite) {
	const rounds, writers = 25, 16
	st := s.open()
	var old []byte
	for round := range rounds {
		var winners atomic.Int32
		var winner atomic.Pointer[[]byte]
		raceTo(writers, func(w int) {
			new := []byte(fmt.Sprintf("round %d writer %d", round, w))
			err := st.Swap(s.Context(), "s:k", old, new, time.Hour)
			if err == nil {
				winners.Add(1)
				winner.Store(&new)
			} else if !errors.Is(err, core.ErrConflict) {
				s.Errorf("Swap: %v; want success or core.ErrConflict", err)
			}
		})
		if n := winners.Load(); n != 1 {
			s.Fatalf("%d of %d writers with the same old value won; want exactly one", n, writers)
		}
		old = *winner.Load()
		s.wantValue(st, "s:k", string(old))
	}
}

// raceTo runs f n times at once, all let go at the same moment.
func raceTo(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// concurrentUpdatesLoseNothing counts up over both connections.
func concurrentUpdatesLoseNothing(s *suite) {
	const workers, each = 8, 25
	a, b := s.pair()
	s.create(a, "s:count", "0")
	raceTo(workers, func(w int) {
		st := a
		if w%2 == 1 {
			st = b
		}
		for range each {
			if err := increment(s, st, "s:count"); err != nil {
				s.Errorf("increment: %v", err)
				return
			}
		}
	})
	s.wantCount(a, "s:count", workers*each)
}

// increment gives up after many conflicts in a row: each means that somebody
// else made progress, unless the store serves a stale value for ever.
func increment(s *suite, st core.Store, key string) error {
	for range 10000 {
		old, err := st.Get(s.Context(), key)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(old))
		if err != nil {
			return err
		}
		err = st.Swap(s.Context(), key, old, []byte(strconv.Itoa(n+1)), time.Hour)
		if !errors.Is(err, core.ErrConflict) {
			return err
		}
	}
	return errors.New("10000 conflicts in a row: Get after a conflict must see what stood in the way")
}

// wantCount gives a cache of another connection's time to notice.
func (s *suite) wantCount(st core.Store, key string, want int) {
	s.Helper()
	var v []byte
	var err error
	for end := time.Now().Add(staleness); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if v, err = st.Get(s.Context(), key); err == nil && string(v) == strconv.Itoa(want) {
			return
		}
	}
	s.Fatalf("Get(%q) = %s, %v; want %d: updates were lost", key, short(v), err, want)
}

// deleteBeatsConcurrentSwaps renews a key from many sides while it is deleted:
// whoever lost the race must not bring it back.
func deleteBeatsConcurrentSwaps(s *suite) {
	a, b := s.pair()
	for round := range 40 {
		key := fmt.Sprintf("s:%d", round)
		s.create(a, key, "0")
		raceTo(5, func(w int) {
			if w == 0 {
				if err := b.Delete(s.Context(), key); err != nil {
					s.Errorf("Delete: %v; want success", err)
				}
				return
			}
			for range 10 {
				renewOnce(s, a, key)
			}
		})
		s.wantMissing(b, key)
		s.wantMissingSoon(a, key)
	}
}

func renewOnce(s *suite, st core.Store, key string) {
	old, err := st.Get(s.Context(), key)
	if err == nil {
		err = st.Swap(s.Context(), key, old, append(old[:len(old):len(old)], '.'), time.Hour)
	}
	if err != nil && !errors.Is(err, core.ErrNotFound) && !errors.Is(err, core.ErrConflict) {
		s.Errorf("renewal: %v; want success, core.ErrNotFound or core.ErrConflict", err)
	}
}
