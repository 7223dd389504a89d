package core

import (
	"context"
	"fmt"
	"maps"
)

// moment is what the store held before a step.
type moment struct {
	step     int
	items    map[string]mapItem
	versions map[string]uint64
}

// goingBack is the verb of a step in which the store as a whole goes back to
// what it held before one of the steps so far, if not to what it holds now: a
// snapshot is restored, or a replica takes over that has not heard of the last
// writes.
const goingBack = "go back"

// evicting is that of a step in which it loses the user record, to make room for
// what is used more often.
const evicting = "evict"

// remember keeps what there is before a write, while somebody may go back to it.
func (s *scheduler) remember(c *storeCall) {
	if s.mayGoBack && isWrite(c.verb) && len(s.past) == s.pasts() {
		s.past = append(s.past, moment{len(s.steps), maps.Clone(s.items), maps.Clone(s.versions)})
	}
}

// pasts counts the moments at which there was something else than now.
func (s *scheduler) pasts() int {
	n := len(s.past)
	if n > 0 && s.contents(s.past[n-1].versions) == s.contents(s.versions) {
		n--
	}
	return n
}

// opGoBack does so at some point.
func opGoBack(ctx context.Context, sc *scene) (string, *Session, error) {
	s := sc.store
	s.happens(ctx, goingBack, func(c *storeCall) {
		if c.picked.version > 0 {
			s.goBack(c, s.past[c.picked.version-1])
		}
		s.past, s.mayGoBack = nil, false
	})
	return "", nil, nil
}

func (s *scheduler) goBack(c *storeCall, then moment) {
	for key, version := range s.versions {
		if then.versions[key] != version {
			s.noteReplaced(key)
		}
	}
	s.items, s.versions = then.items, then.versions
	c.found, c.note = s.contents(s.versions), fmt.Sprintf(" to what there was before step %d", then.step)
}

func opEvict(ctx context.Context, sc *scene) (string, *Session, error) {
	s := sc.store
	s.happens(ctx, evicting, func(c *storeCall) {
		delete(s.items, s.index)
		delete(s.versions, s.index)
	})
	return "", nil, nil
}

// replica is what the replicas hold, key by key: of a revoking write they know
// when they have acknowledged it; what else is written they hear at once, as
// that is the worst case for those that end something.
type replica struct {
	items    map[string]mapItem
	versions map[string]uint64
}

func (r *replica) reset(s *scheduler) {
	if s.set.unacked > 0 {
		r.items, r.versions = maps.Clone(s.items), maps.Clone(s.versions)
	}
}

// follow takes over what the master has under key.
func (r *replica) follow(s *scheduler, key string) {
	if r.items == nil {
		return
	}
	delete(r.items, key)
	delete(r.versions, key)
	if item, ok := s.items[key]; ok {
		r.items[key], r.versions[key] = item, s.versions[key]
	}
}
