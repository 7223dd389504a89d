package memory

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"
)

// arena keeps records in chunks of words, which a reader may load while a
// writer stores: the shard's sequence number tells the reader afterwards. A
// freed slot is kept for the next record of its size class; the list of free
// slots runs through the slots themselves.
type arena struct {
	chunks []*chunk
	// used is how many words of the last chunk have been cut into slots.
	used int
	free [classCount]ref
	// large are the records above maxShared. They are never written to again, and
	// looked up under the lock only.
	large      []record
	spareLarge []ref
	// stale says that readers do not know of the last chunk yet.
	stale bool
}

const (
	offsetBits = 11
	chunkWords = 1 << offsetBits
	maxChunks  = 1<<(31-offsetBits) - 1
)

type chunk [chunkWords]atomic.Uint64

// ref names a slot: its chunk's number, counted from 1, and its first word
// there. With the highest bit set it names a large record. No ref is 0.
type ref uint32

const (
	largeRef ref = 1 << 31
	maxLarge     = 1<<31 - 1 // fits an int of 32 bits
)

func slotRef(chunk, word int) ref { return ref(chunk+1)<<offsetBits | ref(word) }
func (r ref) isLarge() bool       { return r&largeRef != 0 }
func (r ref) chunk() int          { return int(r>>offsetBits) - 1 }
func (r ref) word() int           { return int(r & (chunkWords - 1)) }

// load copies the record at word into buf, which must have room for maxShared
// bytes. The caller holds the lock.
func (c *chunk) load(buf []byte, word int) record {
	binary.LittleEndian.PutUint64(buf, c[word].Load())
	binary.LittleEndian.PutUint64(buf[wordSize:], c[word+1].Load()) // no record is shorter
	size := record(buf).size()
	words := (size + wordSize - 1) / wordSize
	copyWords(buf[2*wordSize:], c[word+2:max(word+2, word+words)])
	return record(buf[:size])
}

// appendValue appends the value of the record at word to dst and returns the
// record's end. It is for readers without the lock: ok is false where the key is
// another, or where the words make no sense because a writer is at work.
func (c *chunk) appendValue(dst []byte, word int, key storedKey) (v []byte, end int64, ok bool) {
	from := word + key.valueOffset()/wordSize
	if from > chunkWords {
		return nil, 0, false
	}
	h := head(c[word].Load())
	if h.kind() != key.kind || !hasKey(c[word+1:from], key) {
		return nil, 0, false
	}
	size := h.valueLen()
	to := from + size/wordSize
	if to > chunkWords || to == chunkWords && size%wordSize > 0 {
		return nil, 0, false
	}
	had := len(dst)
	if cap(dst)-had < size {
		dst = append(make([]byte, 0, had+size), dst...)
	}
	v = dst[:had+size]
	copyWords(v[had:], c[from:to])
	if rest := v[had+size/wordSize*wordSize:]; len(rest) > 0 {
		var last [wordSize]byte
		binary.LittleEndian.PutUint64(last[:], c[to].Load())
		copy(rest, last[:])
	}
	return v, h.end(), true
}

// hasKey compares the key of a record, a word at a time; words are what stands
// between the head and the value of a record with a key like this one.
func hasKey(words []atomic.Uint64, key storedKey) bool {
	text := key.text
	if key.kind == isText {
		if words[0].Load() != uint64(len(text)) {
			return false
		}
		words = words[1:]
	}
	for len(text) >= wordSize && len(words) > 0 {
		if words[0].Load() != wordOf(text) {
			return false
		}
		text, words = text[wordSize:], words[1:]
	}
	return text == "" || words[0].Load() == lastWordOf(text)
}

// wordOf returns the first eight characters of s as they stand in a record.
func wordOf(s string) uint64 {
	_ = s[wordSize-1]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// lastWordOf is wordOf for fewer characters.
func lastWordOf(s string) (w uint64) {
	for i := range len(s) {
		w |= uint64(s[i]) << (8 * i)
	}
	return w
}

// copyWords is half of what a read costs: four words at a time spare it most of
// the bounds checks.
func copyWords(dst []byte, src []atomic.Uint64) {
	for len(src) >= 4 && len(dst) >= 4*wordSize {
		binary.LittleEndian.PutUint64(dst, src[0].Load())
		binary.LittleEndian.PutUint64(dst[wordSize:], src[1].Load())
		binary.LittleEndian.PutUint64(dst[2*wordSize:], src[2].Load())
		binary.LittleEndian.PutUint64(dst[3*wordSize:], src[3].Load())
		src, dst = src[4:], dst[4*wordSize:]
	}
	for i := range src {
		binary.LittleEndian.PutUint64(dst[i*wordSize:], src[i].Load())
	}
}

func (c *chunk) store(word int, r record) {
	for ; len(r) >= wordSize; r = r[wordSize:] {
		c[word].Store(binary.LittleEndian.Uint64(r))
		word++
	}
	if len(r) > 0 {
		var last [wordSize]byte
		copy(last[:], r)
		c[word].Store(binary.LittleEndian.Uint64(last[:]))
	}
}

// load is for the holder of the lock; buf must have room for maxShared bytes.
func (a *arena) load(buf []byte, r ref) record {
	if r.isLarge() {
		return a.large[r&^largeRef]
	}
	return a.chunks[r.chunk()].load(buf, r.word())
}

func (a *arena) end(r ref) int64 {
	if r.isLarge() {
		return a.large[r&^largeRef].end()
	}
	return head(a.firstWord(r).Load()).end()
}

func (a *arena) size(r ref) int {
	var buf [maxShared]byte
	return len(a.load(buf[:], r))
}

func (a *arena) firstWord(r ref) *atomic.Uint64 { return &a.chunks[r.chunk()][r.word()] }

// add stores a copy of a record, or returns false where the refs are used up.
func (a *arena) add(r record) (ref, bool) {
	if len(r) > maxShared {
		return a.addLarge(r)
	}
	at, ok := a.slot(len(r))
	if ok {
		a.chunks[at.chunk()].store(at.word(), r)
	}
	return at, ok
}

// overwrite stores a record in the slot of another one of its size class.
func (a *arena) overwrite(at ref, had int, r record) bool {
	if at.isLarge() || len(r) > maxShared {
		return false
	}
	class, _ := sizeClass(had)
	if needs, _ := sizeClass(len(r)); needs != class {
		return false
	}
	a.chunks[at.chunk()].store(at.word(), r)
	return true
}

func (a *arena) slot(size int) (ref, bool) {
	class, rounded := sizeClass(size)
	if r := a.free[class]; r != 0 {
		a.free[class] = a.nextFree(r)
		return r, true
	}
	words := rounded / wordSize
	if len(a.chunks) == 0 || a.used+words > chunkWords {
		if len(a.chunks) == maxChunks {
			return 0, false
		}
		a.chunks = append(a.chunks, new(chunk))
		a.used, a.stale = 0, true
	}
	a.used += words
	return slotRef(len(a.chunks)-1, a.used-words), true
}

func (a *arena) nextFree(r ref) ref { return ref(a.firstWord(r).Load()) }

func (a *arena) addLarge(r record) (ref, bool) {
	own := record(bytes.Clone(r))
	if n := len(a.spareLarge); n > 0 {
		at := a.spareLarge[n-1]
		a.spareLarge = a.spareLarge[:n-1]
		a.large[at&^largeRef] = own
		return at, true
	}
	if len(a.large) == maxLarge {
		return 0, false
	}
	a.large = append(a.large, own)
	return largeRef | ref(len(a.large)-1), true
}

// release gives a slot back; size is that of the record in it.
func (a *arena) release(r ref, size int) {
	if r.isLarge() {
		a.large[r&^largeRef] = nil
		a.spareLarge = append(a.spareLarge, r)
		return
	}
	class, _ := sizeClass(size)
	a.firstWord(r).Store(uint64(a.free[class]))
	a.free[class] = r
}
