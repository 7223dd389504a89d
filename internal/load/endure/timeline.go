package main

import (
	"sync/atomic"
	"time"
)

// moment is the grain of a timeline.
const moment = 100 * time.Millisecond

// timeline counts what came of the calls of each moment since its start.
type timeline struct {
	start   time.Time
	moments []tally
}

type tally struct{ answered, failed, unacknowledged atomic.Uint32 }

func newTimeline(start time.Time, length time.Duration) *timeline {
	return &timeline{start, make([]tally, length/moment+1)}
}

// at is the moment of a time; the last one stands for all that come later.
func (t *timeline) at(when time.Time) *tally { return &t.moments[t.index(when)] }

func (t *timeline) index(when time.Time) int {
	return min(max(0, int(when.Sub(t.start)/moment)), len(t.moments)-1)
}

// span is what a timeline tells of a part of it.
type span struct {
	failed         int64         // requests
	until          time.Duration // from its beginning to the last failed request
	silence        time.Duration // the longest time in which no request was answered
	unacknowledged int64         // log-outs
}

func (t *timeline) between(from, to time.Time) span {
	var s span
	var silence time.Duration
	first := t.index(from)
	for i := first; i <= t.index(to); i++ {
		m := &t.moments[i]
		failed := int64(m.failed.Load())
		s.failed += failed
		s.unacknowledged += int64(m.unacknowledged.Load())
		if failed > 0 {
			s.until = time.Duration(i-first+1) * moment
		}
		if m.answered.Load() > 0 {
			silence = 0
		} else {
			silence += moment
		}
		s.silence = max(s.silence, silence)
	}
	return s
}
