// Package histogram counts latencies, for the commands that put servers under
// load.
package histogram

import (
	"fmt"
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

	// Finest is how many bars per doubling Bars can tell apart.
	Finest = divisions
)

// Histogram counts durations in buckets whose width grows with the duration.
// Any number of goroutines may add to it. Its zero value is empty.
type Histogram struct {
	counts  [buckets]atomic.Int64
	n       atomic.Int64
	longest atomic.Int64
}

// Add counts d; below zero it counts as zero.
func (h *Histogram) Add(d time.Duration) {
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

// Quantile returns a duration that the share q of all does not exceed; never
// too short, and too long by a bucket's width at most. 0 if h is empty.
func (h *Histogram) Quantile(q float64) time.Duration {
	n := h.n.Load()
	rank := int64(q*float64(n)+0.5) - 1
	var seen int64
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen > max(rank, 0) {
			return min(lowest(i+1)-1, h.Max())
		}
	}
	return h.Max()
}

// N is the number of durations.
func (h *Histogram) N() int64 { return h.n.Load() }

// Max is the longest duration.
func (h *Histogram) Max() time.Duration { return time.Duration(h.longest.Load()) }

// Bar is a range of durations, from included, to excluded.
type Bar struct {
	From, To time.Duration
	N        int64
}

// Bars sums the buckets up to perDoubling bars for each power of two, a divisor
// of Finest, without the empty ones at both ends.
func (h *Histogram) Bars(perDoubling int) []Bar {
	var all []Bar
	width := divisions / perDoubling
	for i := 0; i < buckets; i += width {
		b := Bar{From: lowest(i), To: lowest(i + width)}
		for j := i; j < i+width; j++ {
			b.N += h.counts[j].Load()
		}
		if b.N > 0 || len(all) > 0 {
			all = append(all, b)
		}
	}
	for len(all) > 0 && all[len(all)-1].N == 0 {
		all = all[:len(all)-1]
	}
	return all
}

// Short writes a duration with three digits.
func Short(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return d.String()
	case d < time.Millisecond:
		return fmt.Sprintf("%.3gµs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3gms", float64(d)/1e6)
	default:
		return fmt.Sprintf("%.3gs", d.Seconds())
	}
}
