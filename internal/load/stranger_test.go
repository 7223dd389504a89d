package main

import (
	"context"
	"testing"
	"time"
)

// script is a clock that a pause moves on, and the lines that live by it.
type script struct {
	time  time.Time
	sent  []time.Duration // since the start, of all lines
	start time.Time
}

func newScript() *script {
	start := time.Unix(1_800_000_000, 0)
	return &script{time: start, start: start}
}

func (s *script) now() time.Time { return s.time }

func (s *script) pause(d time.Duration) { s.time = s.time.Add(d) }

// scriptedLine answers so long after it was asked.
type scriptedLine struct {
	*script
	takes time.Duration
	ready time.Time
}

func (l *scriptedLine) send() error {
	if l.time.Before(l.ready) {
		panic("a request is sent while another is under way")
	}
	l.sent, l.ready = append(l.sent, l.time.Sub(l.start)), l.time.Add(l.takes)
	return nil
}

func (l *scriptedLine) answer() (bool, error) {
	return !l.time.Before(l.ready), failure("429 rate_limited")
}

// stranger sends n requests at a rate over so many lines, and counts them.
func (s *script) stranger(ctx context.Context, n int, rate float64, lines int, takes time.Duration) *kind {
	k := newKind("junk", rate)
	var all []line
	for range lines {
		all = append(all, &scriptedLine{script: s, takes: takes})
	}
	sender := newStranger(k, all)
	sender.now, sender.pause = s.now, s.pause
	due := newSchedule(s.start, rate, time.Duration(float64(n)/rate*float64(time.Second)))
	ended := make(chan struct{})
	go func() { // on a thread that ends with it
		defer close(ended)
		sender.run(ctx, due)
	}()
	<-ended
	k.end(s.start, due)
	return k
}

func TestJunkIsSentEvenly(t *testing.T) {
	s := newScript()
	k := s.stranger(t.Context(), 1000, 10_000, 32, 2*time.Millisecond)
	if len(s.sent) != 1000 || k.latency.N() != 1000 || k.missing != 0 || k.failures["429 rate_limited"] != 1000 {
		t.Fatalf("sent %d, answered %d, missing %d, %v; want 1000 of all", len(s.sent), k.latency.N(), k.missing, k.failures)
	}
	for i, at := range s.sent {
		if want := time.Duration(i) * 100 * time.Microsecond; (at - want).Abs() > time.Microsecond {
			t.Fatalf("request %d is sent after %v, want %v", i, at, want)
		}
	}
	if late := k.late.Max(); late > 0 {
		t.Errorf("one is counted as late by %v", late)
	}
	if least, most := k.latency.Quantile(0), k.latency.Max(); least < 2*time.Millisecond || most > 2100*time.Microsecond {
		t.Errorf("the latencies are %v to %v, want 2 ms and a look's interval at most", least, most)
	}
}

// TestJunkThatHasNoConnectionIsSentLate: a server that keeps all connections
// waiting is sent every request nevertheless, and both histograms tell of it.
func TestJunkThatHasNoConnectionIsSentLate(t *testing.T) {
	s := newScript()
	k := s.stranger(t.Context(), 100, 10_000, 2, time.Millisecond) // five times too slow
	if len(s.sent) != 100 || k.latency.N() != 100 {
		t.Fatalf("sent %d, answered %d, want 100", len(s.sent), k.latency.N())
	}
	const last = 49*time.Millisecond - 99*100*time.Microsecond // it waits for 49 before it
	if late := k.late.Max(); late < last || late > last*5/4 {
		t.Errorf("the last is late by %v, want %v and what the looks take", late, last)
	}
	if most := k.latency.Max(); most < last+time.Millisecond {
		t.Errorf("the longest latency is %v: it does not count from when the request was due", most)
	}
}

func TestJunkEndsWithItsContext(t *testing.T) {
	s := newScript()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if k := s.stranger(ctx, 100, 10_000, 2, time.Hour); len(s.sent) != 0 || k.missing != 100 {
		t.Errorf("%d are sent after the end, %d are missing", len(s.sent), k.missing)
	}
}
