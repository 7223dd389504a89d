package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Each power of two is divided into so many buckets, so that a latency is known
// to 1/32, some 3 %.
const (
	divisionBits = 5
	divisions    = 1 << divisionBits
	buckets      = (64 - divisionBits) * divisions
)

// histogram counts durations in buckets whose width grows with the duration.
// Any number of goroutines may add to it. Its zero value is empty.
type histogram struct {
	counts  [buckets]atomic.Int64
	n       atomic.Int64
	longest atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(d)].Add(1)
	h.n.Add(1)
	for {
		longest := h.longest.Load()
		if int64(d) <= longest || h.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// bucketOf is the identity for the shortest durations, then takes the bits
// behind the leading one.
func bucketOf(d time.Duration) int {
	v := uint64(d)
	shift := max(0, bits.Len64(v)-divisionBits-1)
	return shift*divisions + int(v>>shift)
}

// lowest is the shortest duration in a bucket.
func lowest(bucket int) time.Duration {
	shift := max(0, bucket/divisions-1)
	return time.Duration(bucket-shift*divisions) << shift
}

// quantile returns a duration that the share q of all does not exceed; never
// too short, and too long by a bucket's width at most. 0 if h is empty.
func (h *histogram) quantile(q float64) time.Duration {
	n := h.n.Load()
	rank := int64(q*float64(n)+0.5) - 1
	var seen int64
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen > max(rank, 0) {
			return min(lowest(i+1)-1, h.max())
		}
	}
	return h.max()
}

func (h *histogram) max() time.Duration { return time.Duration(h.longest.Load()) }

// bar is a range of durations, from included, to excluded.
type bar struct {
	from, to time.Duration
	n        int64
}

// bars sums the buckets up to perDoubling bars for each power of two, a divisor
// of 32, without the empty ones at both ends.
func (h *histogram) bars(perDoubling int) []bar {
	var all []bar
	width := divisions / perDoubling
	for i := 0; i < buckets; i += width {
		b := bar{from: lowest(i), to: lowest(i + width)}
		for j := i; j < i+width; j++ {
			b.n += h.counts[j].Load()
		}
		if b.n > 0 || len(all) > 0 {
			all = append(all, b)
		}
	}
	for len(all) > 0 && all[len(all)-1].n == 0 {
		all = all[:len(all)-1]
	}
	return all
}
