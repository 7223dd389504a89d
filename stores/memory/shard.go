package memory

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/wxsession/wxsession/core"
)

// shard is a part of the keys. Writers take its lock. Readers write to no
// shared memory at all, so that they do not slow each other down on other
// cores: they look, and then ask by the sequence number whether a writer was
// there meanwhile. All that they look at is loaded and stored atomically.
type shard struct {
	// seq is odd while a writer changes something.
	seq  atomic.Uint64
	view atomic.Pointer[view]

	mu     sync.Mutex
	index  index
	arena  arena
	cursor int // where the sweep goes on in index.cur

	_ [128]byte // keeps neighbours out of one cache line
}

// view is where readers look. Tables and chunks in it change, it does not.
type view struct {
	cur, old table
	chunks   []*chunk
}

// withExpired is the time of a reader who takes values that have expired, too.
const withExpired = 0

// appendValue appends the value under key to dst, unless it has ended by now,
// or returns ErrNotFound.
func (s *shard) appendValue(dst []byte, tag uint32, key storedKey, now int64) ([]byte, error) {
	if v, found, sure := s.peek(dst, tag, key, now); !sure {
		return s.appendLocked(dst, tag, key, now)
	} else if found {
		return v, nil
	}
	return nil, core.ErrNotFound
}

// peek is appendValue without the lock. Only a look under the lock can tell
// where it is not sure.
func (s *shard) peek(dst []byte, tag uint32, key storedKey, now int64) (v []byte, found, sure bool) {
	seq, view := s.seq.Load(), s.view.Load()
	if seq%2 == 1 || view == nil {
		return nil, false, false
	}
	e := view.cur.find(tag)
	if e == 0 {
		e = view.old.find(tag)
	}
	if e == 0 {
		return nil, false, s.seq.Load() == seq
	}
	r := e.ref()
	if r.isLarge() || r.chunk() >= len(view.chunks) {
		return nil, false, false
	}
	v, end, ok := view.chunks[r.chunk()].appendValue(dst, r.word(), key)
	return v, end > now, ok && s.seq.Load() == seq
}

// appendLocked copies under the lock only what is small: allocating there might
// have to help the garbage collector, and large records never change.
func (s *shard) appendLocked(dst []byte, tag uint32, key storedKey, now int64) ([]byte, error) {
	var buf [maxShared]byte
	s.mu.Lock()
	_, r := s.find(buf[:], tag, key)
	s.mu.Unlock()
	return r.appendLive(dst, now)
}

// begin and end enclose what the holder of the lock changes. Readers who come in
// between wait for the lock, so that what takes long, looking up and comparing,
// stays outside.
func (s *shard) begin() { s.seq.Add(1) }

func (s *shard) end() {
	s.index.move(movesPerWrite)
	if s.index.stale || s.arena.stale {
		s.index.stale, s.arena.stale = false, false
		s.view.Store(&view{cur: s.index.cur, old: s.index.old, chunks: s.arena.chunks})
	}
	s.seq.Add(1)
}

// write is what one Swap asks for. The record is made before the lock is taken.
type write struct {
	tag uint32
	key storedKey
	old []byte
	new record
	now int64
}

func (s *shard) swap(w *write, b *bound) error {
	var buf [maxShared]byte
	s.mu.Lock()
	defer s.mu.Unlock()
	p, r := s.find(buf[:], w.tag, w.key)
	live := r != nil && r.end() > w.now
	if live != (w.old != nil) || live && !bytes.Equal(r.value(), w.old) {
		return core.ErrConflict
	}
	s.begin()
	defer s.end()
	if live {
		return s.replace(p, r.size(), w)
	}
	if r != nil {
		s.remove(p, r.size(), b)
	}
	return s.insert(w, b)
}

func (s *shard) delete(tag uint32, key storedKey, b *bound) {
	var buf [maxShared]byte
	s.mu.Lock()
	defer s.mu.Unlock()
	p, r := s.find(buf[:], tag, key)
	if r == nil {
		return
	}
	s.begin()
	defer s.end()
	s.remove(p, r.size(), b)
}

func (s *shard) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.n
}

// find returns where the key's entry is and its record, expired or not; the
// record is nil where there is none. Only the holder of the lock may call it.
func (s *shard) find(buf []byte, tag uint32, key storedKey) (position, record) {
	if i, r := s.search(buf, s.index.cur, tag, key); r != nil {
		return position{table: s.index.cur, i: i}, r
	}
	i, r := s.search(buf, s.index.old, tag, key)
	return position{table: s.index.old, i: i, old: true}, r
}

func (s *shard) search(buf []byte, t table, tag uint32, key storedKey) (int, record) {
	if len(t) == 0 {
		return 0, nil
	}
	for i := t.home(tag); t.at(i) != 0; i = t.after(i) {
		if e := t.at(i); e.tag() == tag {
			if r := s.arena.load(buf, e.ref()); r.hasKey(key) {
				return i, r
			}
		}
	}
	return 0, nil
}

func (s *shard) insert(w *write, b *bound) error {
	if !b.take() {
		return errFull
	}
	r, ok := s.arena.add(w.new)
	if !ok {
		b.release()
		return errFull
	}
	s.index.insert(newEntry(w.tag, r))
	return nil
}

func (s *shard) replace(p position, had int, w *write) error {
	from := p.table.at(p.i).ref()
	if s.arena.overwrite(from, had, w.new) {
		return nil
	}
	to, ok := s.arena.add(w.new)
	if !ok {
		return errFull
	}
	p.table.set(p.i, newEntry(w.tag, to))
	s.arena.release(from, had)
	return nil
}

func (s *shard) remove(p position, size int, b *bound) {
	r := p.table.at(p.i).ref()
	s.index.remove(p)
	s.arena.release(r, size)
	b.release()
}
