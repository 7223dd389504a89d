package main

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/stores/memory"
)

// round is how long the memory store takes to look at all that it holds.
const round = time.Minute

// waits are the durations of reads, in buckets of a microsecond up to 100 ms.
type waits struct {
	count   [100_000]int32
	n       int
	longest time.Duration
	seconds []float64 // the longest wait of each second, in ms
}

func (w *waits) add(d time.Duration, second int) {
	for len(w.seconds) <= second {
		w.seconds = append(w.seconds, 0)
	}
	w.seconds[second] = max(w.seconds[second], d.Seconds()*1e3)
	w.count[min(int(d/time.Microsecond), len(w.count)-1)]++
	w.n++
	w.longest = max(w.longest, d)
}

// quantile is exact to the microsecond.
func (w *waits) quantile(q float64) time.Duration {
	rank, seen := int(q*float64(w.n)), 0
	i := slices.IndexFunc(w.count[:], func(n int32) bool { seen += int(n); return seen > rank })
	return time.Duration(i) * time.Microsecond
}

// expiry reads two stores in turn for as long as a sweep takes: one of which
// half expires, and the control, of which nothing does. Whatever else the
// machine does makes both wait, but not at the same moment: the longest waits of
// a second are compared, and the median of the seconds counts. A sweep goes on
// during all of them, so that a pause of its making would show in most.
func expiry(b *bench) ([]Row, error) {
	n, name := b.sessions()
	length := round + 2*time.Second
	if b.quick {
		length = 100 * time.Millisecond
	}
	record, err := b.record()
	if err != nil {
		return nil, err
	}
	var late atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	keys := make([]string, 0, n/2) // of what stays
	var stores [2]*memory.Store
	for s, ttl := range [2]func(i int) time.Duration{
		func(i int) time.Duration { return time.Duration(1+i%2*9) * time.Hour },
		func(int) time.Duration { return 10 * time.Hour },
	} {
		if stores[s], err = memory.New(memory.Options{Now: now}); err != nil {
			return nil, err
		}
		b.atEnd(func() { _ = stores[s].Close() })
		for i := range n {
			key := sessionKey(i)
			if err := stores[s].Swap(b.ctx, key, nil, record, ttl(i)); err != nil {
				return nil, err
			}
			if s == 0 && i%2 == 1 {
				keys = append(keys, key)
			}
		}
	}
	late.Store(int64(2 * time.Hour))
	swept, control, err := b.readBoth(stores, shuffled(keys), length)
	if err != nil {
		return nil, err
	}
	extra := make([]float64, len(swept.seconds))
	for i := range extra {
		extra[i] = swept.seconds[i] - control.seconds[i]
	}
	return []Row{atMost("12", "half of "+name+" sessions expire: longest read of a second beyond the control, ms",
		max(0, median(extra)), 1, fmt.Sprintf("%.2f against %.2f ms; in the whole minute longest %v against %v, p99.99 %v against %v, of %.0f million reads each",
			median(swept.seconds), median(control.seconds), swept.longest.Round(time.Microsecond), control.longest.Round(time.Microsecond),
			swept.quantile(0.9999), control.quantile(0.9999), float64(swept.n)/1e6))}, nil
}

func (b *bench) readBoth(stores [2]*memory.Store, keys []string, length time.Duration) (first, second *waits, err error) {
	w := new([2]waits)
	buf := make([]byte, 0, 512)
	began := time.Now()
	for i := 0; ; i++ {
		start := time.Now()
		if _, err := stores[i%2].AppendGet(b.ctx, buf, keys[i/2%len(keys)]); err != nil {
			return nil, nil, err
		}
		took := time.Since(start)
		w[i%2].add(took, int(start.Sub(began)/time.Second))
		if i%2 == 1 && start.Sub(began) > length {
			return w[0].until(&w[1]), w[1].until(&w[0]), nil
		}
	}
}

// until cuts off the seconds that the other has not begun.
func (w *waits) until(other *waits) *waits {
	w.seconds = w.seconds[:min(len(w.seconds), len(other.seconds))]
	return w
}
