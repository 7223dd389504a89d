package memory

import "sync/atomic"

// index is a hash table of integers with open addressing: it finds the refs
// that may belong to a key's hash. It grows without a stop: a larger table is
// put beside the old one, and each write carries over a few entries.
type index struct {
	cur table
	// old is the table that is being left, nil most of the time. Nothing is added
	// to it; what leaves it turns into gone. old[:moved] has been carried over.
	old   table
	moved int
	// n counts the entries of both tables.
	n int
	// stale says that readers do not know these tables yet.
	stale bool
	// extra is how many 256ths more than about a fifth the index grows by. Shards have
	// like numbers of entries, and take twice the memory while they grow: they had
	// better not do so at the same time.
	extra int
}

type table []atomic.Uint64

// entry is a tag and a ref. The zero entry is a free place: no ref is 0.
type entry uint64

// gone stands in old for an entry that left, since a free place would end the
// search for those behind it. No entry looks like it: tags are odd.
const gone entry = 1

const (
	minTable      = 8
	movesPerWrite = 32
)

func tagOf(hash uint64) uint32 { return uint32(hash) | 1 }

func newEntry(tag uint32, r ref) entry { return entry(tag)<<32 | entry(r) }
func (e entry) tag() uint32            { return uint32(e >> 32) }
func (e entry) ref() ref               { return ref(e) }

func (t table) at(i int) entry     { return entry(t[i].Load()) }
func (t table) set(i int, e entry) { t[i].Store(uint64(e)) }

// home is the place where the search for a tag begins. It keeps the order of
// tags in tables of any length, so that carrying over reads and writes both
// tables from front to back.
func (t table) home(tag uint32) int { return int(uint64(tag) * uint64(len(t)) >> 32) }

func (t table) after(i int) int {
	if i++; i == len(t) {
		return 0
	}
	return i
}

// find returns the first entry with the tag, or 0. It comes to an end even if
// a writer is moving entries about.
func (t table) find(tag uint32) entry {
	if len(t) == 0 {
		return 0
	}
	i := t.home(tag)
	for range t {
		e := t.at(i)
		if e == 0 || e.tag() == tag {
			return e
		}
		i = t.after(i)
	}
	return 0
}

// position is a place in one of the two tables.
type position struct {
	table table
	i     int
	old   bool
}

func (x *index) insert(e entry) {
	// At four fifths the search for a key takes about three places, for a missing
	// one thirteen, two cache lines.
	if 5*(x.n+1) > 4*len(x.cur) {
		x.grow()
	}
	x.place(e)
	x.n++
}

func (x *index) place(e entry) {
	i := x.cur.home(e.tag())
	for x.cur.at(i) != 0 {
		i = x.cur.after(i)
	}
	x.cur.set(i, e)
}

// grow begins to move to a table about a quarter larger. The last move has ended
// by then, since writes move many more places than they add entries; if not,
// it ends here.
func (x *index) grow() {
	x.move(len(x.old))
	x.old, x.moved, x.stale = x.cur, 0, true
	x.cur = newTable(max(minTable, len(x.cur)+len(x.cur)*(48+x.extra)/256))
}

// newTable has n places, or as many as the allocator's size class has room for.
func newTable(n int) table {
	t := append(table(nil), make(table, n)...)
	return t[:cap(t)]
}

// move carries over the entries in the next n places of old.
func (x *index) move(n int) {
	if x.old == nil {
		return
	}
	for ; n > 0 && x.moved < len(x.old); n-- {
		if e := x.old.at(x.moved); e != 0 && e != gone {
			x.place(e)
			x.old.set(x.moved, gone)
		}
		x.moved++
	}
	if x.moved == len(x.old) {
		x.old, x.stale = nil, true
	}
}

func (x *index) remove(p position) {
	x.n--
	if p.old {
		p.table.set(p.i, gone)
		return
	}
	x.cur.closeGap(p.i)
}

// closeGap moves up those behind place i that may stand there, so that the
// table needs no marks for what has left, and never fills up with them.
func (t table) closeGap(i int) {
	for j := t.after(i); t.at(j) != 0; j = t.after(j) {
		e := t.at(j)
		if t.distance(t.home(e.tag()), j) >= t.distance(i, j) {
			t.set(i, e)
			i = j
		}
	}
	t.set(i, 0)
}

// distance is how many steps lead from place i forward to j.
func (t table) distance(i, j int) int {
	if j < i {
		return j - i + len(t)
	}
	return j - i
}
