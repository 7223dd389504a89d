package core

import (
	"context"
	"slices"
	"sync"
)

// turns lets the goroutines of this process that are about to change one value
// take turns. It holds nothing for a key that nobody waits for.
type turns struct {
	mu sync.Mutex
	// queues has a key while somebody has its turn: those who wait for it, the first
	// come first. A channel is closed when the turn is its owner's.
	queues map[string][]chan struct{}
}

// wait returns when it is the caller's turn, which done ends, or with an error
// when ctx ends.
func (t *turns) wait(ctx context.Context, key string) error {
	t.mu.Lock()
	queue, taken := t.queues[key]
	if !taken {
		if t.queues == nil {
			t.queues = map[string][]chan struct{}{}
		}
		t.queues[key] = nil
		t.mu.Unlock()
		return nil
	}
	own := make(chan struct{})
	t.queues[key] = append(queue, own)
	t.mu.Unlock()
	select {
	case <-own:
		return nil
	case <-ctx.Done():
		t.leave(key, own)
		return ctx.Err()
	}
}

// done gives the turn to the next.
func (t *turns) done(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pass(key)
}

func (t *turns) pass(key string) {
	queue := t.queues[key]
	if len(queue) == 0 {
		delete(t.queues, key)
		return
	}
	t.queues[key] = queue[1:]
	close(queue[0])
}

// leave is for one that waits no longer. It may have got the turn just now.
func (t *turns) leave(key string, own chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	queue := t.queues[key]
	if i := slices.Index(queue, own); i >= 0 {
		t.queues[key] = slices.Delete(queue, i, i+1)
		return
	}
	t.pass(key)
}
