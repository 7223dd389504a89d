package redis

import (
	"sync/atomic"
	"time"
)

// proofLife is how long entries are served after their node was last seen alive
// on the connection over which it announces changes.
const proofLife = 750 * time.Millisecond

// node is a server that announces changes, by its address.
type node struct {
	link     atomic.Pointer[link]
	open     atomic.Int32 // connections
	beating  atomic.Bool
	answered time.Duration // when the last proof was sent, over whatever link; for the one who beats
}

// steady reports whether an answer counts. After a silence the second does: a
// master that was stopped takes itself for one until it has heard of its successor.
func (n *node) steady(sent time.Duration) bool {
	before := n.answered
	n.answered = sent
	return before == 0 || sent-before <= proofLife
}

// renew ends the link and begins another. It comes before a connection to the
// node is opened, and before one is closed. It reports whether the link was a
// proven one: there may be entries of it.
func (n *node) renew() bool {
	old := n.link.Swap(&link{node: n})
	return old != nil && old.proven.Swap(broken) > 0
}

// link is the time in which no connection to a node is opened or closed. What was
// read in it is announced over a connection that lives as long as the link does.
type link struct {
	node   *node
	proven atomic.Int64 // when the last command that proved it had been sent, by the cache's clock; 0: none, or broken
}

const broken = -1

func (l *link) trusted(now time.Duration) bool {
	proven := l.proven.Load()
	return proven > 0 && now-time.Duration(proven) <= proofLife
}

// prove reports whether the link was still whole. What the node did before it
// answered has been announced before the answer, as both come in order: the
// proof dates from when the command was sent.
func (l *link) prove(sent time.Duration) bool {
	old := l.proven.Load()
	return old != broken && l.proven.CompareAndSwap(old, int64(sent))
}

// doubt takes the proof back: the node has said that it does not serve the slot
// that it was asked about.
func (l *link) doubt() {
	for old := l.proven.Load(); old > 0 && !l.proven.CompareAndSwap(old, 0); old = l.proven.Load() {
	}
}
