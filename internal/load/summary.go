package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/wxsession/wxsession/internal/load/histogram"
)

var quantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}}

func (g *generator) summarize(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\tcount\twanted/s\tachieved/s\tfailed\t")
	for _, q := range quantiles {
		fmt.Fprintf(t, "%s\t", q.name)
	}
	fmt.Fprintln(t)
	for _, k := range g.kinds() {
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%d\t", k.name, k.latency.N(), k.rate, k.achieved(), k.failed.Load())
		for _, q := range quantiles {
			fmt.Fprintf(t, "%s\t", histogram.Short(k.latency.Quantile(q.q)))
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush()
	for _, k := range g.kinds() {
		k.printMissing(w)
		k.printLateness(w)
		k.printFailures(w)
	}
	for _, k := range g.kinds() {
		k.printHistogram(w)
	}
}

// printMissing warns of latencies that look better than they are.
func (k *kind) printMissing(w io.Writer) {
	if k.missing > 0 {
		fmt.Fprintf(w, "%s without an answer at the end: %d; their latencies would be the longest\n", k.name, k.missing)
	}
}

// printLateness tells the generator's own share of the latencies: its timers,
// which are good to a millisecond, and waits for a free worker.
func (k *kind) printLateness(w io.Writer) {
	fmt.Fprintf(w, "%s were sent late by", k.name)
	for _, q := range quantiles {
		fmt.Fprintf(w, " %s %s", q.name, histogram.Short(k.late.Quantile(q.q)))
	}
	fmt.Fprintln(w, ", which the latencies include")
}

func (k *kind) printFailures(w io.Writer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, text := range slices.Sorted(maps.Keys(k.failures)) {
		fmt.Fprintf(w, "%s failed: %d × %s\n", k.name, k.failures[text], text)
	}
}

const barWidth = 50 // characters of the longest bar

func (k *kind) printHistogram(w io.Writer) {
	bars := k.latency.Bars(2)
	if len(bars) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s by latency\n", k.name)
	most := slices.MaxFunc(bars, func(a, b histogram.Bar) int { return int(a.N - b.N) }).N
	for _, b := range bars {
		length := int(b.N * barWidth / most)
		if b.N > 0 {
			length = max(length, 1)
		}
		fmt.Fprintf(w, "%9s to %-9s %9d %s\n", histogram.Short(b.From), histogram.Short(b.To), b.N, strings.Repeat("▇", length))
	}
}
