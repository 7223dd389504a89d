package core

import (
	"context"
	"sync"
)

// turns lets the goroutines of this process that are about to change one value
// take turns. It holds nothing for a key that nobody waits for.
type turns struct {
	mu  sync.Mutex
	all map[string]*turn
}

type turn struct {
	free  chan struct{} // holds one token while nobody has the turn
	users int           // that have the turn or wait for it
}

// wait returns when it is the caller's turn, with the function that ends it, or
// when ctx ends.
func (t *turns) wait(ctx context.Context, key string) (done func(), err error) {
	t.mu.Lock()
	k := t.all[key]
	if k == nil {
		if t.all == nil {
			t.all = map[string]*turn{}
		}
		k = &turn{free: make(chan struct{}, 1)}
		k.free <- struct{}{}
		t.all[key] = k
	}
	k.users++
	t.mu.Unlock()
	select {
	case <-k.free:
		return func() { k.free <- struct{}{}; t.leave(key, k) }, nil
	case <-ctx.Done():
		t.leave(key, k)
		return nil, ctx.Err()
	}
}

func (t *turns) leave(key string, k *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(t.all, key)
	}
}
