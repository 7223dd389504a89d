package main

import (
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/internal/load/histogram"
)

// kind is one kind of call, with what came of it. Latencies are of all calls,
// the failed ones too.
type kind struct {
	name    string
	latency histogram.Histogram
	refused atomic.Int64
	failed  atomic.Int64
}

func newKind(name string) *kind { return &kind{name: name} }

func (k *kind) done(took time.Duration, o outcome) {
	k.latency.Add(took)
	switch o {
	case refused:
		k.refused.Add(1)
	case outage, strange:
		k.failed.Add(1)
	}
}
