package redis

import (
	"math/rand/v2"
	"testing"
)

func TestSeenKeys(t *testing.T) {
	s := newSeenKeys(1000)
	rng := rand.New(rand.NewPCG(1, 2))
	var hashes []uint64
	for range 300 {
		hashes = append(hashes, rng.Uint64())
	}
	for _, h := range hashes {
		if s.has(h) {
			t.Fatal("an empty set has a hash")
		}
	}
	for _, h := range hashes {
		s.add(h)
		s.add(h)
	}
	held := 0
	for _, h := range hashes {
		if s.has(h) {
			held++
		}
		s.remove(h)
		if s.has(h) {
			t.Fatal("a hash is there after it was removed")
		}
	}
	if held < 290 {
		t.Errorf("a set of 1000 has %d of 300 hashes; want nearly all", held)
	}
	for _, b := range s {
		if b != [4]uint32{} {
			t.Fatal("something is left after all was removed")
		}
	}
}

// TestSeenKeysUsesAllOfItself within a shard, where hashes share their lowest
// bits.
func TestSeenKeysUsesAllOfItself(t *testing.T) {
	s := newSeenKeys(4 * 1024)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		s.add(rng.Uint64() / maxShards * maxShards)
	}
	for i, b := range s {
		if b == [4]uint32{} {
			t.Fatalf("bucket %d of %d is never used", i, len(s))
		}
	}
}

// TestKeysInTurnsAreAllSeen: more keys than there is room for come in turns, each
// until it is seen at its second coming. The room is taken by others at first,
// that never come again.
func TestKeysInTurnsAreAllSeen(t *testing.T) {
	s := newSeenKeys(4)
	for i := range uint64(4) {
		s.add((100 + i) << 40)
	}
	waiting := map[uint64]bool{}
	for i := range uint64(12) {
		waiting[i<<40] = true
	}
	for round := 0; len(waiting) > 0; round++ {
		if round == 10_000 {
			t.Fatalf("%d of 12 keys have never been seen twice", len(waiting))
		}
		for h := range uint64(12) {
			if h <<= 40; !waiting[h] {
				continue
			}
			if s.has(h) {
				delete(waiting, h)
				s.remove(h)
			} else {
				s.add(h)
			}
		}
	}
}

// TestJunkIsNotTakenForSeen as good as never.
func TestJunkIsNotTakenForSeen(t *testing.T) {
	s := newSeenKeys(1000)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		s.add(rng.Uint64())
	}
	for range 1_000_000 {
		if s.has(rng.Uint64()) {
			t.Fatal("a hash that was never added is taken for one that was")
		}
	}
}
