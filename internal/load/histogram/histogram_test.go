package histogram

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestBucketsHoldWhatTheySay(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 31, 32, 33, 63, 64, 65, 127, 128, time.Microsecond, time.Millisecond, time.Hour, 1<<62 + 1} {
		i := bucketOf(d)
		if lowest(i) > d || i+1 < buckets && lowest(i+1) <= d {
			t.Errorf("%d is in the bucket from %d to %d", d, lowest(i), lowest(i+1))
		}
	}
	for i := range buckets - 1 {
		from, to := lowest(i), lowest(i+1)
		if bucketOf(from) != i || bucketOf(to-1) != i {
			t.Fatalf("bucket %d goes from %d to %d, where buckets %d and %d are", i, from, to, bucketOf(from), bucketOf(to-1))
		}
		if from >= divisions && float64(to-from) > float64(from)/divisions {
			t.Fatalf("the bucket from %d to %d is wider than 1/%d", from, to, divisions)
		}
	}
}

func TestQuantilesAgreeWithSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 20_000 {
		d := time.Duration(r.ExpFloat64() * float64(time.Millisecond))
		h.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 0.999} {
		want := all[int(q*float64(len(all))+0.5)-1]
		got := h.Quantile(q)
		if got < want || float64(got) > float64(want)*(1+1.0/divisions)+1 {
			t.Errorf("quantile %v is %v, want %v or little more", q, got, want)
		}
	}
	if got := h.Quantile(1); got != all[len(all)-1] || h.Max() != got {
		t.Errorf("the longest is %v and %v, want %v", got, h.Max(), all[len(all)-1])
	}
}

func TestEmptyHistogram(t *testing.T) {
	var h Histogram
	if h.Quantile(0.99) != 0 || h.Max() != 0 || h.Bars(4) != nil {
		t.Errorf("an empty histogram has %v, %v, %v", h.Quantile(0.99), h.Max(), h.Bars(4))
	}
}

func TestBarsLoseNothing(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{time.Microsecond, time.Millisecond, time.Millisecond, time.Second} {
		h.Add(d)
	}
	for _, per := range []int{1, 4, 32} {
		bars := h.Bars(per)
		var n int64
		for i, b := range bars {
			n += b.N
			if i > 0 && b.From != bars[i-1].To {
				t.Errorf("a bar begins at %v, the one before ends at %v", b.From, bars[i-1].To)
			}
		}
		if n != 4 || bars[0].N != 1 || bars[len(bars)-1].N != 1 {
			t.Errorf("with %d bars per doubling: %v", per, bars)
		}
	}
}

func TestHistogramCountsParallelAdditions(t *testing.T) {
	var h Histogram
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				h.Add(time.Duration(g*1000 + i))
			}
		})
	}
	wg.Wait()
	var n int64
	for _, b := range h.Bars(1) {
		n += b.N
	}
	if n != 8000 || h.N() != 8000 || h.Max() != 7999 {
		t.Errorf("8000 additions show as %d and %d, the longest %v", n, h.N(), h.Max())
	}
}
