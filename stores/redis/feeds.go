package redis

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// feeds are the connections over which servers announce changes, one for each
// node. They are those that the store uses for everything else: only so does an
// announcement come before whatever was read after the change.
type feeds struct {
	prefix  string
	timeout time.Duration
	cluster bool
	clock   *clock
	owners  atomic.Pointer[owners]
	owed    atomic.Int64 // see opened
	owing   atomic.Int64 // since when, by the clock

	mu    sync.Mutex
	nodes map[string]*node // by address

	outdated  atomic.Bool // somebody else may own the slots by now
	severed   atomic.Bool // a link has ended, or slots have moved: there are entries of no use
	surveying atomic.Bool
	surveyed  atomic.Int64 // when, by the clock
}

func newFeeds(s *settings, clock *clock) *feeds {
	f := &feeds{prefix: s.Prefix, timeout: s.Timeout, cluster: s.topology == cluster, clock: clock, nodes: map[string]*node{}}
	f.outdated.Store(true)
	return f
}

// nodeAt returns the node at an address. A sentinel's connections come and go by
// themselves: they are another node's.
func (f *feeds) nodeAt(addr string) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.nodes[addr]
	if n == nil {
		n = &node{}
		n.renew()
		f.nodes[addr] = n
	}
	return n
}

// opened is called before a connection is opened, and returns what is to be called
// before it is closed. rueidis reports the end of a connection as it does FLUSHALL,
// and does not say whose: the report is owed by each connection that has got through
// its greeting, which it has after a time, and means nothing more.
func (f *feeds) opened(addr string) (closed func()) {
	n, began := f.nodeAt(addr), time.Now()
	n.open.Add(1)
	f.renew(n)
	return func() {
		f.renew(n)
		n.open.Add(-1)
		if time.Since(began) > f.timeout+2*time.Second && f.owed.Add(1) == 1 {
			f.owing.Store(int64(f.clock.now()))
		}
	}
}

func (f *feeds) renew(n *node) {
	if n.renew() {
		f.severed.Store(true)
	}
}

// flushed reports whether an announcement without keys means that a server has
// dropped all of them.
func (f *feeds) flushed() bool {
	for owed := f.owed.Load(); owed > 0; owed = f.owed.Load() {
		if f.owed.CompareAndSwap(owed, owed-1) {
			return false
		}
	}
	return true
}

// overdue reports whether a report has been owed for long, and forgives it. It comes
// at once or never: a greeting may have taken its time, where this process or a
// server stood still. A flush that came later would be taken for it.
func (f *feeds) overdue() bool {
	return f.owed.Load() > 0 && f.clock.now()-time.Duration(f.owing.Load()) > proofLife && f.owed.Swap(0) > 0
}

// of returns the owner of a command's key and the link to it; nil if the link is
// not known to be alive.
func (f *feeds) of(cmd rueidis.Completed) (*owner, *link) {
	o := f.owners.Load().of(slotOf(cmd))
	if o == nil {
		f.outdated.Store(true)
		return nil, nil
	}
	l := o.link.Load()
	if !l.trusted(f.clock.now()) {
		return nil, nil
	}
	return o, l
}

// survey finds out who owns what. Several calls at once are one.
func (f *feeds) survey(ctx context.Context, get func(context.Context) (rueidis.Client, error)) {
	if !f.surveying.CompareAndSwap(false, true) {
		return
	}
	defer f.surveying.Store(false)
	f.surveyed.Store(int64(f.clock.now()))
	f.outdated.Store(false)
	now, err := f.ask(ctx, get)
	if err != nil {
		f.outdated.Store(true)
		return
	}
	if !now.same(f.owners.Swap(now)) {
		f.severed.Store(true) // after the change: another round may sweep at once
	}
}

func (f *feeds) ask(ctx context.Context, get func(context.Context) (rueidis.Client, error)) (*owners, error) {
	short, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	client, err := get(short)
	if err != nil {
		return nil, err
	}
	if !f.cluster {
		return oneOwner(client, f.nodeAt), nil
	}
	o, err := survey(ctx, client, min(f.timeout, proofLife)/2, f.nodeAt)
	if err == nil {
		o.probe(client, f.prefix, f.owners.Load())
	}
	return o, err
}

// close ends all links for good: a closed store answers nothing, what it
// remembers neither.
func (f *feeds) close() {
	f.owners.Store(nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.nodes {
		n.renew()
	}
}
