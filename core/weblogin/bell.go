package weblogin

import "sync"

// bells wake the polls of this process when a login moves in this process. What
// moves elsewhere they find by looking.
type bells struct {
	mu  sync.Mutex
	all map[string]*bell // of the logins that a poll waits for
}

type bell struct {
	rung      chan struct{} // closed when it rings, which it does once
	listeners int
}

// maxListeners is how many polls may wait for one login. A page has one, or two
// when a connection has died.
const maxListeners = 8

// listen returns the bell that rings at the next move of a login, and whether it
// has enough listeners without the caller. The caller leaves it afterwards.
func (bs *bells) listen(id string) (b *bell, crowded bool) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	b = bs.all[id]
	if b == nil {
		if bs.all == nil {
			bs.all = map[string]*bell{}
		}
		b = &bell{rung: make(chan struct{})}
		bs.all[id] = b
	}
	b.listeners++
	return b, b.listeners > maxListeners
}

func (bs *bells) leave(id string, b *bell) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if b.listeners--; b.listeners == 0 && bs.all[id] == b {
		delete(bs.all, id)
	}
}

func (bs *bells) ring(id string) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if b := bs.all[id]; b != nil {
		close(b.rung)
		delete(bs.all, id)
	}
}
