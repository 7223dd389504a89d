package main

import (
	"fmt"
	"io"
	"time"

	"github.com/wxsession/wxsession/internal/load/histogram"
)

// report rewrites a line every second until stop is called.
func (g *generator) report(w io.Writer, start time.Time) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				g.progressLine(w, start)
			case <-done:
				g.progressLine(w, start)
				fmt.Fprintln(w)
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (g *generator) progressLine(w io.Writer, start time.Time) {
	fmt.Fprintf(w, "\r%3.0fs of %.0fs", time.Since(start).Seconds(), g.duration.Seconds())
	for _, k := range g.kinds() {
		fmt.Fprintf(w, "  %s %d, %d failed, p99 %v", k.name, k.latency.N(), k.failed.Load(), histogram.Short(k.latency.Quantile(0.99)))
	}
	fmt.Fprint(w, "   ")
}
