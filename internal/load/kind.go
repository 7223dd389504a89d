package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/internal/load/histogram"
)

// kind is one kind of request, with what came of it. Latencies are of all
// requests, the failed ones too: a time-out must not look fast.
type kind struct {
	name     string
	rate     float64 // wanted
	latency  histogram.Histogram
	late     histogram.Histogram // how long after their time requests were sent
	failed   atomic.Int64
	mu       sync.Mutex
	failures map[string]int64
	took     time.Duration // of the whole run
	missing  int64         // were due and have no answer: not sent, or cut off at the end
}

func newKind(name string, rate float64) *kind {
	return &kind{name: name, rate: rate, failures: map[string]int64{}}
}

// sent counts a request that was due at some time and is about to be sent.
func (k *kind) sent(due time.Time) { k.late.Add(time.Since(due)) }

// done counts a request that was due at some time and has just ended.
func (k *kind) done(due time.Time, err error) { k.ended(time.Since(due), err) }

// ended counts a request that took so long from the time when it was due.
func (k *kind) ended(latency time.Duration, err error) {
	k.latency.Add(latency)
	if err == nil {
		return
	}
	k.failed.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failures[err.Error()]++
}

// end sums up a run that has begun at start.
func (k *kind) end(start time.Time, s *schedule) {
	k.took = time.Since(start)
	k.missing = s.total - k.latency.N()
}

// achieved is the rate of requests that have ended.
func (k *kind) achieved() float64 {
	if k.took <= 0 {
		return 0
	}
	return float64(k.latency.N()) / k.took.Seconds()
}
