package main

import (
	"fmt"
	"io"
	"time"
)

// Row is a line of the table.
type Row struct {
	Target   string
	What     string
	Measured float64 // ratio or number, as Limit
	Limit    float64 // 0: none, the row is for information
	AtLeast  bool    // Limit is a lower bound
	Note     string  // absolute figures, or why there are none
	Taken    bool    // Measured holds something
}

// atMost is a row whose figure must not be over the limit.
func atMost(target, what string, measured, limit float64, note string) Row {
	return Row{Target: target, What: what, Measured: measured, Limit: limit, Note: note, Taken: true}
}

// atLeast is a row whose figure must not be under the limit.
func atLeast(target, what string, measured, limit float64, note string) Row {
	r := atMost(target, what, measured, limit, note)
	r.AtLeast = true
	return r
}

// forInformation is a row without a limit.
func forInformation(target, what string, measured float64, note string) Row {
	return atMost(target, what, measured, 0, note)
}

func (r Row) met() string {
	switch {
	case !r.Taken, r.Limit == 0:
		return "–"
	case r.AtLeast == (r.Measured >= r.Limit) || r.Measured == r.Limit:
		return "yes"
	default:
		return "no"
	}
}

func (r Row) measured() string {
	if !r.Taken {
		return "–"
	}
	return r.figure(r.Measured)
}

func (r Row) limit() string {
	switch {
	case r.Limit == 0:
		return "–"
	case r.AtLeast:
		return "≥ " + r.figure(r.Limit)
	default:
		return "≤ " + r.figure(r.Limit)
	}
}

// figure writes the figures of a row whose limit is small as fractions, as the
// targets do.
func (r Row) figure(v float64) string {
	switch {
	case v > 0 && r.Limit < 0.11 && v < 0.5:
		return fmt.Sprintf("1/%.3g", 1/v)
	case v == float64(int64(v)):
		return fmt.Sprintf("%d", int64(v))
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func printTable(w io.Writer, rows []Row) {
	fmt.Fprintln(w, "| # | what | measured | target | met | figures |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", r.Target, r.What, r.measured(), r.limit(), r.met(), r.Note)
	}
}

// duration writes nanoseconds.
func duration(ns float64) string {
	d := time.Duration(ns)
	switch {
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	default:
		return fmt.Sprintf("%.1f ms", ns/1e6)
	}
}
