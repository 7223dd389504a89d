package memory

import (
	"bytes"
	"sync"

	"github.com/wxsession/wxsession/core"
)

// shard is a part of the keys, under one lock. The lock is held for tens of
// nanoseconds, so that a reader-writer lock, whose readers all write to the same
// counter, would be slower.
type shard struct {
	mu     sync.Mutex
	index  index
	arena  arena
	cursor int // where the sweep goes on in index.cur

	_ [128]byte // keeps the locks of neighbours out of one cache line
}

// write is what one Swap asks for.
type write struct {
	tag      uint32
	key      string
	old, new []byte
	now, end int64
}

// read copies the value into buf if it fits, and returns its size.
func (s *shard) read(buf []byte, tag uint32, key string, now int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, r := s.find(tag, key)
	if r == nil || r.end() <= now {
		return 0, core.ErrNotFound
	}
	v := r.value()
	if len(v) <= len(buf) {
		copy(buf, v)
	}
	return len(v), nil
}

func (s *shard) swap(w *write, b *bound) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.move(movesPerWrite)
	p, r := s.find(w.tag, w.key)
	if r != nil && r.end() <= w.now {
		s.remove(p, b)
		r = nil
	}
	switch {
	case r == nil && w.old == nil:
		return s.insert(w, b)
	case r == nil || w.old == nil || !bytes.Equal(r.value(), w.old):
		return core.ErrConflict
	}
	return s.replace(p, r, w)
}

func (s *shard) delete(tag uint32, key string, b *bound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.move(movesPerWrite)
	if p, r := s.find(tag, key); r != nil {
		s.remove(p, b)
	}
}

// find returns where the key's entry is and its record, expired or not; the
// record is nil where there is none.
func (s *shard) find(tag uint32, key string) (position, record) {
	if i, r := s.search(s.index.cur, tag, key); r != nil {
		return position{table: s.index.cur, i: i}, r
	}
	i, r := s.search(s.index.old, tag, key)
	return position{table: s.index.old, i: i, old: true}, r
}

func (s *shard) search(table []entry, tag uint32, key string) (int, record) {
	if len(table) == 0 {
		return 0, nil
	}
	for i := home(tag, len(table)); table[i] != 0; i = after(i, len(table)) {
		if table[i].tag() != tag {
			continue
		}
		if r := s.arena.at(table[i].ref()); r.hasKey(key) {
			return i, r
		}
	}
	return 0, nil
}

func (s *shard) insert(w *write, b *bound) error {
	if !b.take() {
		return ErrFull
	}
	r, ok := s.arena.alloc(recordSize(w.key, w.new))
	if !ok {
		b.release()
		return ErrFull
	}
	s.arena.at(r).put(w.key, w.new, w.end)
	s.index.insert(newEntry(w.tag, r))
	return nil
}

// replace writes over the record where the new one is of its size class, and
// moves it to another slot otherwise.
func (s *shard) replace(p position, r record, w *write) error {
	_, had := sizeClass(r.size())
	_, needs := sizeClass(recordSize(w.key, w.new))
	if had == needs {
		r.put(w.key, w.new, w.end)
		return nil
	}
	to, ok := s.arena.alloc(needs)
	if !ok {
		return ErrFull
	}
	s.arena.at(to).put(w.key, w.new, w.end)
	s.arena.release(p.table[p.i].ref(), r.size())
	p.table[p.i] = newEntry(w.tag, to)
	return nil
}

func (s *shard) remove(p position, b *bound) {
	r := p.table[p.i].ref()
	s.arena.release(r, s.arena.at(r).size())
	s.index.remove(p)
	b.release()
}
