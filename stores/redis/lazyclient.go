package redis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

const (
	firstBackoff = 50 * time.Millisecond
	maxBackoff   = time.Second
)

// lazyClient is a client that may not exist yet: rueidis makes none while the
// server is down. It is made when it is first asked for, in the background, by
// one attempt at a time, and not at once again after a failure.
type lazyClient struct {
	dial  func() (rueidis.Client, error) // nil for the application's client
	ready atomic.Pointer[rueidis.Client]

	mu      sync.Mutex
	attempt chan struct{} // closed at the attempt's end; nil while none runs
	err     error         // of the last attempt
	backoff time.Duration
	again   time.Time // no attempt before
	closed  bool
}

func borrowed(client rueidis.Client) *lazyClient {
	l := &lazyClient{}
	l.ready.Store(&client)
	return l
}

func (l *lazyClient) get(ctx context.Context) (rueidis.Client, error) {
	if c := l.ready.Load(); c != nil {
		return *c, nil
	}
	if attempt := l.join(); attempt != nil {
		select {
		case <-attempt:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if c := l.ready.Load(); c != nil {
		return *c, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return nil, l.err
}

// join returns the attempt to wait for; nil if there is none to wait for. What
// is known to be set up wrongly is not waited for: the next attempt may take its
// full time to find the same.
func (l *lazyClient) join() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.attempt == nil && !l.closed && l.ready.Load() == nil && !time.Now().Before(l.again) {
		l.attempt = make(chan struct{})
		go l.run()
	}
	var wrong setupError
	if errors.As(l.err, &wrong) {
		return nil
	}
	return l.attempt
}

func (l *lazyClient) run() {
	client, err := l.dial()
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() {
		close(l.attempt)
		l.attempt = nil
	}()
	if err != nil {
		l.fail(err)
		return
	}
	if l.closed {
		go client.Close()
		return
	}
	l.ready.Store(&client)
}

func (l *lazyClient) fail(err error) {
	l.backoff = min(max(2*l.backoff, firstBackoff), maxBackoff)
	l.again = time.Now().Add(l.backoff)
	if !l.closed {
		l.err = err
	}
}

func (l *lazyClient) close() {
	l.mu.Lock()
	l.closed, l.err = true, errClosed
	client := l.ready.Swap(nil)
	l.mu.Unlock()
	if client != nil && l.dial != nil {
		(*client).Close()
	}
}
