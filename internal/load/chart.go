package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"time"

	"github.com/wxsession/wxsession/internal/load/histogram"
)

// The chart's measures, in pixels. Each kind has a panel of its own.
const (
	chartWidth  = 760
	panelHeight = 240
	margin      = 50
	plotWidth   = chartWidth - 2*margin
	plotHeight  = panelHeight - 2*margin
)

// chart draws the histograms as SVG: latency on a logarithmic axis, the number
// of requests upwards, the quantiles as lines. It needs no style sheet and no
// script.
func chart(kinds []*kind) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", chartWidth, panelHeight*len(kinds))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", chartWidth, panelHeight*len(kinds))
	for i, k := range kinds {
		p := panel{out: &b, kind: k, bars: k.latency.Bars(8)}
		fmt.Fprintf(&b, `<g transform="translate(%d,%d)">`+"\n", margin, i*panelHeight+margin)
		p.draw()
		fmt.Fprintln(&b, "</g>")
	}
	fmt.Fprintln(&b, "</svg>")
	return b.Bytes()
}

// panel draws one histogram.
type panel struct {
	out      *bytes.Buffer
	kind     *kind
	bars     []histogram.Bar
	from, to float64 // logarithms of the axis' ends
}

func (p *panel) draw() {
	title := fmt.Sprintf("%s: %d at %.0f/s, %d failed", p.kind.name, p.kind.latency.N(), p.kind.achieved(), p.kind.failed.Load())
	p.text(0, -30, "start", title)
	p.line(0, plotHeight, plotWidth, plotHeight, "black")
	if len(p.bars) == 0 {
		return
	}
	p.from, p.to = logarithm(p.bars[0].From), logarithm(p.bars[len(p.bars)-1].To)
	p.drawBars()
	p.drawAxis()
	p.drawQuantiles()
}

// logarithm takes less than a microsecond for a microsecond.
func logarithm(d time.Duration) float64 { return math.Log10(float64(max(d, time.Microsecond))) }

// x is where a duration lies on the axis.
func (p *panel) x(d time.Duration) float64 {
	if p.to <= p.from {
		return 0
	}
	return plotWidth * min(1, max(0, (logarithm(d)-p.from)/(p.to-p.from)))
}

func (p *panel) drawBars() {
	var most int64
	for _, b := range p.bars {
		most = max(most, b.N)
	}
	for _, b := range p.bars {
		height := float64(b.N) / float64(most) * plotHeight
		x := p.x(b.From)
		fmt.Fprintf(p.out, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#4a7ebb"/>`+"\n", x, plotHeight-height, max(0.5, p.x(b.To)-x-0.5), height)
	}
}

// drawAxis marks 1, 2 and 5 of each decade.
func (p *panel) drawAxis() {
	for decade := time.Microsecond; decade <= time.Hour; decade *= 10 {
		for _, digit := range []time.Duration{1, 2, 5} {
			d := digit * decade
			if l := logarithm(d); l < p.from || l > p.to {
				continue
			}
			p.line(p.x(d), plotHeight, p.x(d), plotHeight+4, "black")
			p.text(p.x(d), plotHeight+18, "middle", histogram.Short(d))
		}
	}
}

func (p *panel) drawQuantiles() {
	for i, q := range quantiles {
		d := p.kind.latency.Quantile(q.q)
		p.line(p.x(d), -12, p.x(d), plotHeight, "#c0504d")
		p.text(p.x(d)+2, float64(-4+10*i), "start", q.name+" "+histogram.Short(d))
	}
}

func (p *panel) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(p.out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x1, y1, x2, y2, colour)
}

func (p *panel) text(x, y float64, anchor, text string) {
	fmt.Fprintf(p.out, `<text x="%.1f" y="%.1f" text-anchor="%s">`, x, y, anchor)
	_ = xml.EscapeText(p.out, []byte(text)) // a buffer takes everything
	fmt.Fprintln(p.out, "</text>")
}
