package memory

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const sessionKeyLen = 24

// sessionKey has the shape of core's keys.
func sessionKey(i int) string {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	return "s:" + base64.RawURLEncoding.EncodeToString(sum[:16])
}

const recordBytes = 160

// fillStore keeps no keys: their memory would count as the store's.
func fillStore(t testing.TB, s *Store, n int, ttl func(i int) time.Duration) {
	t.Helper()
	value := make([]byte, recordBytes)
	for i := range n {
		if err := s.Swap(context.Background(), sessionKey(i), nil, value, ttl(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func anHour(int) time.Duration { return time.Hour }

func heapAndScan() (heap, scan float64) {
	runtime.GC()
	runtime.GC()
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/scan/heap:bytes"}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64()), float64(s[1].Value.Uint64())
}

func BenchmarkGet(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		s := newTestStore(b, Options{})
		fillStore(b, s, n, anHour)
		keys := shuffledKeys(n)
		b.Run(fmt.Sprintf("Get/%d", n), func(b *testing.B) { benchGet(b, s, keys) })
		b.Run(fmt.Sprintf("AppendGet/%d", n), func(b *testing.B) { benchAppendGet(b, s, keys) })
		b.Run(fmt.Sprintf("AppendGetParallel/%d", n), func(b *testing.B) { benchAppendGetParallel(b, s, keys) })
	}
}

// shuffledKeys lie in memory in the order of use, so that the benchmark waits
// for the store's memory, not for its own: a server has just made the key.
func shuffledKeys(n int) []string {
	var all strings.Builder
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(n) {
		all.WriteString(sessionKey(i))
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = all.String()[sessionKeyLen*i : sessionKeyLen*(i+1)]
	}
	return keys
}

func benchGet(b *testing.B, s *Store, keys []string) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Get(context.Background(), keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
	}
}

func benchAppendGet(b *testing.B, s *Store, keys []string) {
	b.ReportAllocs()
	buf := make([]byte, 0, 256)
	for i := 0; b.Loop(); i++ {
		if _, err := s.AppendGet(context.Background(), buf, keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
	}
}

func benchAppendGetParallel(b *testing.B, s *Store, keys []string) {
	var start atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		buf := make([]byte, 0, 256)
		for i := int(start.Add(1)) * len(keys) / 4; pb.Next(); i++ {
			if _, err := s.AppendGet(context.Background(), buf, keys[i%len(keys)]); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkSwapSameSize(b *testing.B) {
	s := newTestStore(b, Options{})
	fillStore(b, s, 1000, anHour)
	key, value := sessionKey(1), make([]byte, recordBytes)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Swap(context.Background(), key, value, value, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMillion reports what a million sessions cost in memory, and a
// garbage collection over them.
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		heap0, scan0 := heapAndScan()
		cpu0 := gcCPU()
		runtime.GC()
		empty := gcCPU() - cpu0
		s := newTestStore(b, Options{})
		fillStore(b, s, n, anHour)
		heap, scan := heapAndScan()
		cpu := gcCPU()
		runtime.GC()
		b.ReportMetric((heap-heap0)/n, "heap-B/session")
		b.ReportMetric((scan-scan0)/n, "scan-B/session")
		b.ReportMetric((gcCPU()-cpu-empty)*1000, "gc-ms/cycle")
		_ = s.Close()
	}
}

func gcCPU() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64()
}

// BenchmarkSweep reports how long reads take while half of a million sessions
// are being freed as fast as possible: in the control run those of another
// store, which costs as much, but cannot make the readers wait.
func BenchmarkSweep(b *testing.B) {
	for b.Loop() {
		var c testClock
		s, other := newTestStore(b, Options{Now: c.Now}), newTestStore(b, Options{Now: c.Now})
		for _, s := range []*Store{s, other} {
			fillStore(b, s, 1_000_000, func(i int) time.Duration { return time.Duration(1+i%2) * time.Hour })
		}
		c.Add(int64(time.Hour))
		reportReads(b, "control", timeReads(b, s, other.sweepRound))
		reportReads(b, "swept", timeReads(b, s, s.sweepRound))
		b.ReportMetric(float64(s.Stats().Entries), "left")
		_, _ = s.Close(), other.Close()
	}
}

// timeReads reads sessions that do not expire until work is done.
func timeReads(b *testing.B, s *Store, work func()) (took []time.Duration) {
	var wg sync.WaitGroup
	var done atomic.Bool
	wg.Go(func() { work(); done.Store(true) })
	for i := 1; !done.Load(); i += 2 {
		key := sessionKey(i % 1_000_000)
		start := time.Now()
		if _, err := s.Get(context.Background(), key); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	wg.Wait()
	return took
}

func reportReads(b *testing.B, name string, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*9999/10000].Microseconds()), name+"-p99.99-µs")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), name+"-longest-µs")
}

// BenchmarkGrowth reports the longest single write while a million sessions are
// created, and thereby what a reader might have to wait for.
func BenchmarkGrowth(b *testing.B) {
	value := make([]byte, recordBytes)
	for b.Loop() {
		s := newTestStore(b, Options{})
		var took []time.Duration
		for i := range 1_000_000 {
			key := sessionKey(i)
			start := time.Now()
			if err := s.Swap(context.Background(), key, nil, value, time.Hour); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*999/1000].Nanoseconds())/1000, "p99.9-µs")
		b.ReportMetric(float64(took[len(took)-1].Nanoseconds())/1000, "longest-µs")
		_ = s.Close()
	}
}
