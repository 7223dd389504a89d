package memory

// index is a hash table of integers with open addressing: it finds the refs
// that may belong to a key's hash. It grows without a stop: a larger table is
// put beside the old one, and each write carries over a few entries.
type index struct {
	cur []entry
	// old is the table that is being left, nil most of the time. Nothing is added
	// to it; what leaves it turns into gone. old[:moved] has been carried over.
	old   []entry
	moved int
	// n counts the entries of both tables.
	n int
}

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

// home is the place where the search for a tag begins. It keeps the order of
// tags in tables of any length, so that carrying over reads and writes both
// tables from front to back.
func home(tag uint32, length int) int { return int(uint64(tag) * uint64(length) >> 32) }

func after(i, length int) int {
	if i++; i == length {
		return 0
	}
	return i
}

// position is a place in one of the two tables.
type position struct {
	table []entry
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
	i := home(e.tag(), len(x.cur))
	for x.cur[i] != 0 {
		i = after(i, len(x.cur))
	}
	x.cur[i] = e
}

// grow begins to move to a table half as large again. The last move has ended
// by then, since writes move many more places than they add entries; if not,
// it ends here.
func (x *index) grow() {
	x.move(len(x.old))
	x.old, x.moved = x.cur, 0
	x.cur = make([]entry, max(minTable, len(x.cur)*3/2))
}

// move carries over the entries in the next n places of old.
func (x *index) move(n int) {
	for ; n > 0 && x.moved < len(x.old); n-- {
		if e := x.old[x.moved]; e != 0 && e != gone {
			x.place(e)
			x.old[x.moved] = gone
		}
		x.moved++
	}
	if x.moved == len(x.old) {
		x.old = nil
	}
}

func (x *index) remove(p position) {
	x.n--
	if p.old {
		p.table[p.i] = gone
		return
	}
	x.closeGap(p.i)
}

// closeGap moves up those behind place i that may stand there, so that the
// table needs no marks for what has left, and never fills up with them.
func (x *index) closeGap(i int) {
	length := len(x.cur)
	for j := after(i, length); x.cur[j] != 0; j = after(j, length) {
		h := home(x.cur[j].tag(), length)
		if distance(h, j, length) >= distance(i, j, length) {
			x.cur[i] = x.cur[j]
			i = j
		}
	}
	x.cur[i] = 0
}

// distance is how many steps lead from place i forward to j.
func distance(i, j, length int) int {
	if j < i {
		return j - i + length
	}
	return j - i
}
