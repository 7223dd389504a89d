package core

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// turns lets the goroutines of this process that are about to change one value
// take turns. It holds nothing for a key that nobody waits for.
type turns struct {
	mu sync.Mutex
	// lines has a key while somebody has its turn.
	lines map[string]line
}

// line is those who wait for a turn, the first come first. A channel is closed when
// the turn is its owner's.
type line struct {
	first, others []chan struct{}
}

// errTurns is for one that has waited so long that no time is left for its work: to
// begin it would only keep the next one waiting.
var errTurns = errors.New("too many changes of one user's sessions at the same time")

// wait returns when it is the caller's turn, which done ends, or with an error
// when half of the time that ctx has is over. Those who go first have it before all
// others: it takes more than a crowd that changes something to hold up a log-out.
func (t *turns) wait(ctx context.Context, key string, first bool) error {
	t.mu.Lock()
	l, taken := t.lines[key]
	if !taken {
		if t.lines == nil {
			t.lines = map[string]line{}
		}
		t.lines[key] = line{}
		t.mu.Unlock()
		return nil
	}
	own := make(chan struct{})
	if first {
		l.first = append(l.first, own)
	} else {
		l.others = append(l.others, own)
	}
	t.lines[key] = l
	t.mu.Unlock()
	waiting, cancel := halfTime(ctx)
	defer cancel()
	select {
	case <-own:
		return nil
	case <-waiting.Done():
		t.leave(key, own)
		if ctx.Err() == nil {
			return errTurns
		}
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
	l := t.lines[key]
	var next chan struct{}
	switch {
	case len(l.first) > 0:
		next, l.first = l.first[0], l.first[1:]
	case len(l.others) > 0:
		next, l.others = l.others[0], l.others[1:]
	default:
		delete(t.lines, key)
		return
	}
	t.lines[key] = l
	close(next)
}

// leave is for one that waits no longer. It may have got the turn just now.
func (t *turns) leave(key string, own chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[key]
	for _, waiting := range []*[]chan struct{}{&l.first, &l.others} {
		if i := slices.Index(*waiting, own); i >= 0 {
			*waiting = slices.Delete(*waiting, i, i+1)
			t.lines[key] = l
			return
		}
	}
	t.pass(key)
}

// halfTime leaves half of the time that ctx has for what comes after.
func halfTime(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Until(end)/2)
}
