package redis

import (
	"math/rand/v2"
	"slices"
)

// seenKeys is a set of hashes that forgets some of them when it has no room. It
// takes a key for another once in two thousand million times, which costs the
// server one key to track.
type seenKeys [][4]uint32

func newSeenKeys(n int) seenKeys { return make(seenKeys, (n+3)/4) }

func (s seenKeys) has(hash uint64) bool { return slices.Contains(s.bucket(hash)[:], fingerprint(hash)) }

// add lets chance decide which of the hashes in a full bucket gives way: by any
// rule, keys that come in turns could push each other out for ever.
func (s seenKeys) add(hash uint64) {
	b, f := s.bucket(hash), fingerprint(hash)
	if slices.Contains(b[:], f) {
		return
	}
	i := slices.Index(b[:], 0)
	if i < 0 {
		i = rand.IntN(len(b))
	}
	b[i] = f
}

func (s seenKeys) remove(hash uint64) {
	b := s.bucket(hash)
	if i := slices.Index(b[:], fingerprint(hash)); i >= 0 {
		b[i] = 0
	}
}

// bucket leaves out the bits by which the near cache chooses a shard: within one
// they are all the same.
func (s seenKeys) bucket(hash uint64) *[4]uint32 { return &s[int(uint32(hash)/maxShards)%len(s)] }

// fingerprint is the half of the hash that bucket does not use, and never zero.
func fingerprint(hash uint64) uint32 { return uint32(hash>>32) | 1 }
