package memory

import (
	"encoding/binary"
	"math/bits"
)

// arena hands out room for records in large chunks. A freed slot is kept for
// the next record of its size class; the list of free slots runs through the
// slots themselves.
type arena struct {
	// chunks[0] stays nil, so that no slot has the ref 0.
	chunks [][]byte
	// filling is the chunk that new slots are cut from, used how much of it is cut.
	filling, used int
	free          [classCount]ref
	// spare are the numbers of chunks that a large record has left.
	spare []int
}

// ref names a slot: its chunk's number, and its place there in units of 8 bytes.
type ref uint32

const (
	unit       = 8
	offsetBits = 12
	maxChunks  = 1 << (32 - offsetBits)

	minChunk = 4 << 10
	maxChunk = unit << offsetBits

	// A record above this size has a chunk of its own, so that the end of a
	// shared chunk that a record does not fit into is an eighth of it at most.
	maxShared  = minChunk
	classCount = 113
)

// sizeClass rounds a size up: to units as far as 512 bytes, then to sixteen
// steps per doubling. A size above maxShared is its own class, without number.
func sizeClass(size int) (class, rounded int) {
	switch {
	case size <= 512:
		class = (size + unit - 1) / unit
		return class, class * unit
	case size > maxShared:
		return 0, size
	}
	doubling := bits.Len(uint(size - 1))
	step := 1 << (doubling - 5)
	steps := (size + step - 1) / step
	return 64 + (doubling-10)*16 + steps - 16, steps * step
}

func (a *arena) at(r ref) record {
	return a.chunks[r>>offsetBits][(r&(1<<offsetBits-1))*unit:]
}

// alloc returns an unused slot of at least size bytes, or false where the refs
// are used up.
func (a *arena) alloc(size int) (ref, bool) {
	class, size := sizeClass(size)
	if class == 0 {
		chunk, ok := a.addChunk(size)
		return ref(chunk << offsetBits), ok
	}
	if r := a.free[class]; r != 0 {
		a.free[class] = ref(binary.LittleEndian.Uint32(a.at(r)))
		return r, true
	}
	return a.cut(size)
}

// cut takes a slot from the chunk being filled, or from a new one, twice as
// large as the last, so that a small store stays small.
func (a *arena) cut(size int) (ref, bool) {
	if a.filling == 0 || a.used+size > len(a.chunks[a.filling]) {
		next := minChunk
		if a.filling != 0 {
			next = min(2*len(a.chunks[a.filling]), maxChunk)
		}
		chunk, ok := a.addChunk(next)
		if !ok {
			return 0, false
		}
		a.filling, a.used = chunk, 0
	}
	r := ref(a.filling<<offsetBits | a.used/unit)
	a.used += size
	return r, true
}

func (a *arena) addChunk(size int) (number int, ok bool) {
	if n := len(a.spare); n > 0 {
		number, a.spare = a.spare[n-1], a.spare[:n-1]
		a.chunks[number] = make([]byte, size)
		return number, true
	}
	if len(a.chunks) == maxChunks {
		return 0, false
	}
	if len(a.chunks) == 0 {
		a.chunks = append(a.chunks, nil)
	}
	a.chunks = append(a.chunks, make([]byte, size))
	return len(a.chunks) - 1, true
}

// release gives a slot back; size is that of the record in it.
func (a *arena) release(r ref, size int) {
	class, _ := sizeClass(size)
	if class == 0 {
		chunk := int(r >> offsetBits)
		a.chunks[chunk] = nil
		a.spare = append(a.spare, chunk)
		return
	}
	binary.LittleEndian.PutUint32(a.at(r), uint32(a.free[class]))
	a.free[class] = r
}
