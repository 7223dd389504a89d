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

func TestLazyClientMakesOneAttemptAtATimeAndBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts, down := 0, errors.New("down")
		l := &lazyClient{dial: func() (rueidis.Client, error) {
			attempts++
			time.Sleep(10 * time.Millisecond)
			return nil, down
		}}
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if _, err := l.get(t.Context()); err != down {
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
			_, _ = l.get(t.Context())
			time.Sleep(time.Millisecond)
		}
		if attempts < 10 || attempts > 20 {
			t.Errorf("%d attempts within 10 s; want 10 to 20", attempts)
		}
	})
}

func TestLazyClientKeepsNobodyBeyondItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		l := &lazyClient{dial: func() (rueidis.Client, error) { <-hung; return nil, errors.New("hung") }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.get(ctx); err != context.DeadlineExceeded {
			t.Errorf("client: %v; want DeadlineExceeded", err)
		}
		l.close()
		close(hung)
		synctest.Wait()
		if _, err := l.get(t.Context()); err != errClosed {
			t.Errorf("client after close: %v; want errClosed", err)
		}
	})
}

// TestLazyClientDoesNotWaitForWhatItKnows: what is set up wrongly is said at
// once, though another attempt is under way, and forgotten when it succeeds.
func TestLazyClientDoesNotWaitForWhatItKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		l := &lazyClient{dial: func() (rueidis.Client, error) {
			if attempts++; attempts < 3 {
				time.Sleep(time.Second)
				return nil, errPlainServer
			}
			return nil, errors.New("down")
		}}
		if _, err := l.get(t.Context()); err != errPlainServer {
			t.Fatalf("get: %v; want what the first attempt found", err)
		}
		start := time.Now()
		time.Sleep(firstBackoff)
		for range 3 {
			if _, err := l.get(t.Context()); err != errPlainServer {
				t.Errorf("get: %v; want the same", err)
			}
		}
		synctest.Wait()
		if took := time.Since(start) - firstBackoff; attempts != 2 || took != 0 {
			t.Errorf("%d attempts after %v; want a second one, that nobody waits for", attempts, took)
		}
		time.Sleep(10 * time.Second)
		_, _ = l.get(t.Context())
		synctest.Wait()
		if _, err := l.get(t.Context()); err == nil || err == errPlainServer {
			t.Errorf("get: %v; want what the last attempt found", err)
		}
	})
}
