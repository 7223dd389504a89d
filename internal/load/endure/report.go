package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wxsession/wxsession/internal/load/histogram"
)

// report prints Markdown. failed is why the run could not be finished.
func (r *rig) report(w io.Writer, failed error) {
	took := r.ended.Sub(r.began)
	fmt.Fprintf(w, "%v of traffic, %d readers and %d writers on %d instances. Requests are calls of Authenticate within this process, without HTTP.\n\n", took.Round(time.Second), r.workers, r.writers, r.instances)
	fmt.Fprint(w, "| | count | per second | p50 | p99 | longest | 401 (sessions that had ended) | 503 |\n|---|---|---|---|---|---|---|---|\n")
	for _, k := range r.kinds() {
		n := k.latency.N()
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", k.name, thousands(n), thousands(float64(n)/took.Seconds()),
			histogram.Short(k.latency.Quantile(0.5)), histogram.Short(k.latency.Quantile(0.99)), histogram.Short(k.latency.Max()),
			thousands(k.refused.Load()), thousands(k.failed.Load()))
	}
	r.reportEvents(w)
	r.reportWaiting(w)
	r.reportPromises(w)
	r.reportFailovers(w)
	n := max(1, r.requests.latency.N())
	fmt.Fprintf(w, "\nCPU per request, its share of the other calls included: %s in the servers, replicas included; %s in this process. GETs in the servers per request: %.2f\n",
		histogram.Short(r.servers.cpu/time.Duration(n)), histogram.Short(r.self.cpu/time.Duration(n)), float64(r.servers.gets)/float64(n))
	r.reportVerdict(w, failed)
}

func (r *rig) reportVerdict(w io.Writer, failed error) {
	switch broken := r.ledger.brokenPromises(); {
	case broken != "":
		fmt.Fprintf(w, "\nPromises were broken: %s.\n", broken)
	case failed != nil:
		fmt.Fprint(w, "\nNo broken promise was found, but the run was not finished.\n")
	default:
		fmt.Fprint(w, "\nNothing that was promised was lost.\n")
	}
}

func (r *rig) reportEvents(w io.Writer) {
	fmt.Fprint(w, "\n| what happened | at | took | requests failed, 503 | the last one after | longest time without an answer from any master | log-outs not acknowledged |\n|---|---|---|---|---|---|---|\n")
	for i, e := range r.events {
		until := r.ended
		if i+1 < len(r.events) {
			until = r.events[i+1].begun
		}
		s := r.timeline.between(e.begun, until)
		fmt.Fprintf(w, "| %s | %v | %v | %s | %v | %v | %s |\n", e.name, e.begun.Sub(r.began).Round(time.Second), e.done.Sub(e.begun).Round(moment),
			thousands(s.failed), s.until, s.silence, thousands(s.unacknowledged))
	}
}

// reportWaiting says why log-outs go unacknowledged beside a fail-over.
func (r *rig) reportWaiting(w io.Writer) {
	if r.waits() {
		fmt.Fprint(w, "\nWith wait_replicas a log-out is not acknowledged either where its master has no replica in step, where the replica takes longer than wait_timeout, or where too many others wait already.\n")
	}
}

// reportFailovers tells of those that nobody has planned: servers that got no CPU
// for long. What they have lost counts as promised.
func (r *rig) reportFailovers(w io.Writer) {
	planned := 0
	for _, s := range r.timetable() {
		if s.failsOver {
			planned++
		}
	}
	if r.failovers != planned {
		fmt.Fprintf(w, "\nThere were %d fail-overs, %d were planned: what the others have lost counts as promised. The machine is too busy for cluster-node-timeout.\n", r.failovers, planned)
	}
}

func (r *rig) reportPromises(w io.Writer) {
	fmt.Fprint(w, "\n| | promised | not promised: acknowledged just before the kill |\n|---|---|---|\n")
	for f := range faults {
		fmt.Fprintf(w, "| %v | %d | %d |\n", f, r.ledger.broken[f].Load(), r.ledger.apart[f].Load())
	}
	fmt.Fprintf(w, "\nThe store itself was asked for %s sessions that have ended, %s of them by log-outs that were repeated, for %s that live, and for the lists of %s of their users.\n",
		thousands(r.swept.ended), thousands(r.swept.repeated), thousands(r.swept.alive), thousands(r.swept.lists.Load()))
}

// gigabytes writes what each server uses, in MB where none has as much as one GB.
func gigabytes(used []int64) string {
	unit, format, name := 1e9, "%.2f", "GB"
	if slices.Max(used) < 1e9 {
		unit, format, name = 1e6, "%.0f", "MB"
	}
	var each []string
	for _, bytes := range used {
		each = append(each, fmt.Sprintf(format, float64(bytes)/unit))
	}
	return strings.Join(each, " + ") + " " + name
}

// thousands writes a number with commas.
func thousands[N int | int64 | float64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
