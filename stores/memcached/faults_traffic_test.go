package memcached_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

type traffic struct {
	t         *testing.T
	stop      func()
	mayForget atomic.Bool

	mu       sync.Mutex
	answered map[int]int // by user, since the last wait
	failed   map[int]int
}

// startTraffic has every user read, renew and end sessions.
func startTraffic(t *testing.T, store core.Store) *traffic {
	t.Helper()
	load := &traffic{t: t, answered: map[int]int{}, failed: map[int]int{}}
	if err := store.Swap(t.Context(), "s:known", nil, []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	load.stop = sync.OnceFunc(func() { close(done); wg.Wait() })
	t.Cleanup(load.stop)
	for user := range users {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
					load.act(store, user, n)
				}
			}
		})
	}
	return load
}

func (l *traffic) act(store core.Store, user, n int) {
	ctx, start := context.Background(), time.Now()
	key := fmt.Sprintf("s:%d-%d", user, n)
	var err error
	switch n % 4 {
	case 0:
		err = store.Swap(ctx, key, nil, []byte("v"), time.Hour)
	case 1:
		err = store.Delete(ctx, key)
	default:
		_, err = store.Get(ctx, "s:known")
		if errors.Is(err, core.ErrNotFound) && !l.mayForget.Load() {
			l.t.Error("Get of a value that is there: ErrNotFound, which logs its user out")
		}
	}
	if took := time.Since(start); took > patient {
		l.t.Errorf("a call took %v", took)
	}
	l.count(user, err)
}

func (l *traffic) count(user int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil || errors.Is(err, core.ErrNotFound):
		l.answered[user]++
	case errors.Is(err, core.ErrConflict):
		l.t.Error("creating a fresh key: ErrConflict")
	default:
		l.failed[user]++
	}
}

func (l *traffic) waitForAnswers() {
	l.t.Helper()
	l.wait("answers", func() map[int]int { return l.answered })
}

func (l *traffic) waitForFaults() {
	l.t.Helper()
	l.wait("errors", func() map[int]int { return l.failed })
}

// wait returns when every user has seen two more.
func (l *traffic) wait(what string, seen func() map[int]int) {
	l.t.Helper()
	l.mu.Lock()
	clear(seen())
	l.mu.Unlock()
	eventually(l.t, "every user sees "+what, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for user := range users {
			if seen()[user] < 2 {
				return false
			}
		}
		return true
	})
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}

func inParallel(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}
