package memory

import "sync/atomic"

// bound counts the entries of all shards, so that they are never more than max.
// Where max is zero it counts nothing: writers of different shards then share
// no memory.
type bound struct {
	max int64
	n   atomic.Int64
}

func (b *bound) take() bool {
	if b.max == 0 {
		return true
	}
	for {
		n := b.n.Load()
		if n >= b.max {
			return false
		}
		if b.n.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (b *bound) release() {
	if b.max != 0 {
		b.n.Add(-1)
	}
}
