package redis

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/rueidis"
)

func TestLinkMakesOneAttemptAtATimeAndBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, down := 0, errors.New("down")
		l := &link{dial: func() (rueidis.Client, error) {
			attempts++
			time.Sleep(10 * time.Millisecond)
			return nil, down
		}}
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if _, err := l.client(t.Context()); err != down {
					t.Errorf("client: %v; want the attempt's error", err)
				}
			})
		}
		wg.Wait()
		if attempts != 1 {
			t.Errorf("64 callers made %d attempts; want 1", attempts)
		}
		start := time.Now()
		for time.Since(start) < 10*time.Second {
			_, _ = l.client(t.Context())
			time.Sleep(time.Millisecond)
		}
		if attempts < 10 || attempts > 20 {
			t.Errorf("%d attempts within 10 s; want 10 to 20", attempts)
		}
	})
}

func TestLinkKeepsNobodyBeyondItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		l := &link{dial: func() (rueidis.Client, error) { <-hung; return nil, errors.New("hung") }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.client(ctx); err != context.DeadlineExceeded {
			t.Errorf("client: %v; want DeadlineExceeded", err)
		}
		l.close()
		close(hung)
		synctest.Wait()
		if _, err := l.client(t.Context()); err != errClosed {
			t.Errorf("client after close: %v; want errClosed", err)
		}
	})
}
