package memory

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestModel runs random calls on one shard and on a map, and compares each
// answer; in between it checks the structure itself. Keys get tags of the
// test's choice: many share one, many begin at the end of the table.
func TestModel(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := newModel(t, seed)
			for i := range 2500 {
				m.step()
				if i%50 == 0 {
					checkShard(t, &m.shard)
				}
				if t.Failed() {
					t.Fatalf("after %d steps", i+1)
				}
			}
			m.drain()
		})
	}
}

type model struct {
	t     *testing.T
	rng   *rand.Rand
	keys  int
	tags  uint32
	now   int64
	shard shard
	bound bound
	want  map[string]modelEntry
}

type modelEntry struct {
	value []byte
	end   int64
}

func newModel(t *testing.T, seed uint64) *model {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &model{t: t, rng: rng, keys: 20 << rng.IntN(6), tags: []uint32{1, 5, 300, 1 << 20}[rng.IntN(4)],
		bound: bound{max: []int64{10, 200, 1 << 20}[rng.IntN(3)]}, want: map[string]modelEntry{}}
}

func (m *model) tag(n int) uint32 {
	tag := uint32(n) % m.tags * 2654435761
	if n%3 == 0 {
		tag = ^tag >> 12 << 12
		tag |= 0xf0000000
	}
	return tag | 1
}

// modelKey returns a key as core has them, by twos of one name, or any other.
func modelKey(n int) string {
	if n%4 > 1 {
		return []string{"s:", "u:"}[n%2] + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%016d", n/4))
	}
	return fmt.Sprintf("%d:%0*d", n, n%40, n)
}

func (m *model) step() {
	n := m.rng.IntN(m.keys)
	key := modelKey(n)
	switch m.rng.IntN(10) {
	case 0:
		m.shard.delete(m.tag(n), stored(key), &m.bound)
		delete(m.want, key)
	case 1:
		m.now += m.rng.Int64N(20)
	case 2:
		m.shard.sweep(m.now, 1+m.rng.IntN(20), &m.bound)
	case 3, 4, 5:
		m.read(n, key)
	default:
		m.swap(n, key)
	}
}

func (m *model) live(key string) []byte {
	if e, ok := m.want[key]; ok && e.end > m.now {
		return e.value
	}
	return nil
}

func (m *model) read(n int, key string) {
	want := m.live(key)
	for _, read := range []func([]byte, uint32, storedKey, int64) ([]byte, error){m.shard.appendValue, m.shard.appendLocked} {
		got, err := read(nil, m.tag(n), stored(key), m.now)
		if (err == nil) != (want != nil) || err == nil && !bytes.Equal(got, want) {
			m.t.Errorf("read = %d bytes, %v; want %d bytes, found = %v", len(got), err, len(want), want != nil)
		}
	}
}

// swap mostly offers the right old value.
func (m *model) swap(n int, key string) {
	old := bytes.Clone(m.live(key))
	right := m.rng.IntN(5) > 0
	if !right {
		old = [][]byte{nil, {}, []byte("stale")}[m.rng.IntN(3)]
		right = bytes.Equal(old, m.live(key)) && (old == nil) == (m.live(key) == nil)
	}
	value, end := m.value(), m.now+1+m.rng.Int64N(200)
	w := write{tag: m.tag(n), key: stored(key), old: old, new: newRecord(nil, stored(key), value, end), now: m.now}
	err := m.shard.swap(&w, &m.bound)
	switch {
	case err == errFull:
		if old != nil || int64(m.shard.index.n) != m.bound.max {
			m.t.Errorf("Swap refused with %d of %d entries, creating = %v", m.shard.index.n, m.bound.max, old == nil)
		}
		return
	case right != (err == nil) || err != nil && !errors.Is(err, core.ErrConflict):
		m.t.Errorf("swap = %v; want success = %v", err, right)
	case err == nil:
		m.want[key] = modelEntry{value, end}
	}
}

// value has sizes around all borders: of classes, of shared chunks.
func (m *model) value() []byte {
	sizes := []int{0, 1, 8, 160, 470, 1030, 2000, 2040, 9000}
	v := make([]byte, sizes[m.rng.IntN(len(sizes))]+m.rng.IntN(40))
	for i := range v {
		v[i] = byte(m.rng.Uint32())
	}
	return v
}

// drain lets everything expire, after which the sweep must leave nothing.
func (m *model) drain() {
	m.now += 1000
	for range 100_000 {
		m.shard.sweep(m.now, sweepPlaces, &m.bound)
		if m.shard.index.n == 0 && m.shard.arena.chunks == nil {
			if n := m.bound.n.Load(); n != 0 {
				m.t.Errorf("the bound counts %d entries in an empty shard", n)
			}
			return
		}
	}
	m.t.Errorf("the sweep left %d entries and %d chunks", m.shard.index.n, len(m.shard.arena.chunks))
}

// checkShard checks that each entry can be found by its key, that the count is
// right, and that the slots, used and free, fill the chunks without overlap.
func checkShard(t *testing.T, s *shard) {
	t.Helper()
	entries, slots := 0, slotMap{}
	for _, table := range []table{s.index.cur, s.index.old} {
		for i := range table {
			if e := table.at(i); e != 0 && e != gone {
				entries++
				r := s.arena.load(make([]byte, maxShared), e.ref())
				slots.take(t, e.ref(), len(r))
				key := r.key()
				if p, found := s.find(make([]byte, maxShared), e.tag(), key); found == nil || p.table.at(p.i) != e {
					t.Fatalf("the entry of %v is not found by its key", key)
				}
			}
		}
	}
	if entries != s.index.n {
		t.Fatalf("the index counts %d entries; it has %d", s.index.n, entries)
	}
	for class, r := range s.arena.free {
		for ; r != 0; r = s.arena.nextFree(r) {
			slots.take(t, r, classSize(class))
		}
	}
	slots.wantNoGaps(t, &s.arena)
}

type slotMap map[ref]bool

func (m slotMap) take(t *testing.T, r ref, size int) {
	t.Helper()
	words := 1
	if !r.isLarge() {
		_, rounded := sizeClass(size)
		words = rounded / wordSize
	}
	for w := range ref(words) {
		if m[r+w] {
			t.Fatalf("two slots overlap at %d", r+w)
		}
		m[r+w] = true
	}
}

// wantNoGaps allows for the end of a chunk, where the next slot had no room.
func (m slotMap) wantNoGaps(t *testing.T, a *arena) {
	t.Helper()
	for i := range a.chunks {
		words := 0
		for m[slotRef(i, words)] && words < chunkWords {
			words++
		}
		for w := words; w < chunkWords; w++ {
			if m[slotRef(i, w)] {
				t.Fatalf("the slot at word %d of chunk %d is lost", words, i)
			}
		}
		if last := i == len(a.chunks)-1; last && words != a.used {
			t.Fatalf("the last chunk has slots up to word %d; want %d", words, a.used)
		}
	}
}

// classSize returns the smallest size of a class.
func classSize(class int) int {
	return sort.Search(maxShared, func(size int) bool { c, _ := sizeClass(size + 1); return c >= class }) + 1
}

// TestStoreModel does the same through the Store, over all shards, on a clock
// of its own.
func TestStoreModel(t *testing.T) {
	var c testClock
	s := newTestStore(t, Options{Now: c.Now})
	ctx, rng, want := context.Background(), rand.New(rand.NewPCG(7, 7)), map[string]modelEntry{}
	for range 20_000 {
		key := modelKey(rng.IntN(2000))
		now := c.Add(int64(rng.IntN(2)) * int64(tick))
		e, exists := want[key]
		exists = exists && e.end > now
		got, err := s.Get(ctx, key)
		if exists != (err == nil) || exists && !bytes.Equal(got, e.value) {
			t.Fatalf("Get = %d bytes, %v; want %d bytes, found = %v", len(got), err, len(e.value), exists)
		}
		ttl := time.Duration(1+rng.IntN(20_000)) * tick
		value := []byte(fmt.Sprintf("%*d", rng.IntN(400), rng.Int()))
		if err := s.Swap(ctx, key, got, value, ttl); err != nil {
			t.Fatalf("Swap: %v; want success", err)
		}
		want[key] = modelEntry{value, now + int64(ttl)}
		if rng.IntN(10) == 0 {
			s.sweepStep()
		}
	}
}
