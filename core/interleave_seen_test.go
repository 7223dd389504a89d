package core

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"testing"
)

// sightings counts what happened in runs, so that an option that offers nothing
// is noticed.
type sightings struct {
	mu    sync.Mutex
	count map[string]int
}

// add counts the steps of the run that s has behind it.
func (g *sightings) add(s *scheduler) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for what, n := range s.seen {
		g.count[what] += n
	}
	s.seen = map[string]int{}
}

func newSightings() *sightings { return &sightings{count: map[string]int{}} }

// want fails for what was never seen.
func (g *sightings) want(t *testing.T, list ...string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, what := range list {
		if g.count[what] == 0 && !replays() {
			t.Errorf("never seen: %s", what)
		}
	}
	for _, what := range slices.SortedFunc(maps.Keys(g.count), cmp.Compare) {
		t.Logf("%s: %d", what, g.count[what])
	}
}

// note counts a step that is not plain, or nobody's call.
func (s *scheduler) note(st step) {
	c := st.call
	switch {
	case isRead(c.verb) && st.version > 0:
		s.seen["stale "+c.verb]++
	case st.fault == unacked && st.err == errInjected:
		s.seen["unacknowledged "+c.verb]++
	case st.fault == refused:
		s.seen["full "+c.verb]++
	case c.verb == goingBack && st.version == 0 || isRead(c.verb) || isWrite(c.verb):
	default:
		s.seen[c.verb]++
	}
}
