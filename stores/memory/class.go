package memory

import "math/bits"

const (
	wordSize = 8

	// A record above maxShared bytes is kept apart, so that the end of a chunk
	// that a record does not fit into is an eighth of the chunk at most.
	maxShared  = chunkWords * wordSize / 8
	classCount = 97
)

// sizeClass rounds a size up: to words as far as 512 bytes, then to sixteen
// steps per doubling, as far as maxShared. Freed slots are used again within
// their class, so fewer classes waste less of what is free, more classes less
// of what is used.
func sizeClass(size int) (class, rounded int) {
	if size <= 512 {
		class = (size + wordSize - 1) / wordSize
		return class, class * wordSize
	}
	doubling := bits.Len(uint(size - 1))
	step := 1 << (doubling - 5)
	steps := (size + step - 1) / step
	return 64 + (doubling-10)*16 + steps - 16, steps * step
}
