package doctor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestMeasuringEnds: a slow server is asked a few times, a quick one often, and
// the figures are those of the questions that were asked.
func TestMeasuringEnds(t *testing.T) {
	for each, want := range map[time.Duration]int{time.Millisecond: maxPings, 300 * time.Millisecond: 5, 2 * time.Second: minPings} {
		synctest.Test(t, func(t *testing.T) {
			l, err := measure(t.Context(), func(context.Context) error {
				time.Sleep(each)
				return nil
			})
			if err != nil || l != (latencies{each, each, want}) {
				t.Errorf("of %v: %+v, %v; want %d questions", each, l, err, want)
			}
		})
	}
}
