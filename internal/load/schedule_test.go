package main

import (
	"context"
	"testing"
	"time"
)

func TestScheduleSpreadsRequestsEvenly(t *testing.T) {
	start := time.Now()
	s := newSchedule(start, 300, time.Second) // an interval that is no whole number
	var last time.Time
	for i := range int64(300) {
		n, due, ok := s.take()
		if !ok || n != i {
			t.Fatalf("request %d is number %d, %v", i, n, ok)
		}
		if want := time.Duration(i) * time.Second / 300; (due.Sub(start) - want).Abs() > time.Microsecond {
			t.Errorf("request %d is due after %v, want %v", i, due.Sub(start), want)
		}
		last = due
	}
	if _, _, ok := s.take(); ok {
		t.Errorf("there is a request after the last, which is due at %v", last)
	}
}

func TestScheduleOfNothing(t *testing.T) {
	if _, _, ok := newSchedule(time.Now(), 0, time.Second).take(); ok {
		t.Error("at rate 0 a request is due")
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if !await(ctx, time.Now().Add(-time.Hour)) {
		t.Error("what is overdue is not let through")
	}
	cancel()
	if await(ctx, time.Now().Add(time.Hour)) || await(ctx, time.Now()) || awaitClosely(ctx, time.Now()) {
		t.Error("an ended run goes on")
	}
}

func TestAwaitCloselyIsNotEarly(t *testing.T) {
	for _, wait := range []time.Duration{-time.Hour, time.Microsecond, timerLateness, timerLateness + time.Millisecond} {
		due := time.Now().Add(wait)
		if !awaitClosely(t.Context(), due) || time.Now().Before(due) {
			t.Errorf("what is due in %v is let through before", wait)
		}
	}
}
