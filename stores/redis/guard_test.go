package redis

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func readDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGuardShutsAfterSilenceAndOpensAfterAnAnswer(t *testing.T) {
	g, now := newGuard(), time.Now()
	call := func(err error) {
		t.Helper()
		if e := g.enter(t.Context(), now); e != nil {
			t.Fatalf("enter: %v; want success", e)
		}
		g.leave(now.Add(-patience), err)
	}
	for range maxSilent - 1 {
		call(context.DeadlineExceeded)
	}
	call(nil) // one answer, and the count begins anew
	for range maxSilent {
		call(context.DeadlineExceeded)
	}
	if err := g.enter(t.Context(), time.Now()); err != errSilent {
		t.Fatalf("enter after %d silent calls: %v; want errSilent", maxSilent, err)
	}
	now = time.Now().Add(pause)
	call(os.ErrDeadlineExceeded) // the one that tries
	now = now.Add(pause)
	if err := g.enter(t.Context(), now); err != nil {
		t.Fatalf("enter after another pause: %v; want success", err)
	}
	if err := g.enter(t.Context(), now); err != errSilent {
		t.Fatalf("a second enter within a pause: %v; want errSilent", err)
	}
	g.leave(now, nil)
	for range 3 {
		call(nil)
	}
}

func TestGuardIgnoresShortDeadlines(t *testing.T) {
	g := newGuard()
	for range 2 * maxSilent {
		if err := g.enter(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		g.leave(time.Now(), context.DeadlineExceeded)
	}
	if err := g.enter(t.Context(), time.Now()); err != nil {
		t.Errorf("enter after calls whose callers had no patience: %v", err)
	}
}

func TestGuardBoundsTheCallsInFlight(t *testing.T) {
	g := newGuard()
	for range maxInFlight {
		if err := g.enter(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := g.enter(ctx, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one call too many: %v; want that it waits until its deadline", err)
	}
	g.leave(time.Now(), nil)
	if err := g.enter(t.Context(), time.Now()); err != nil {
		t.Errorf("enter once a place is free: %v", err)
	}
}

func TestDeadlineIsTheEarlierOne(t *testing.T) {
	d := deadlines{timeout: time.Second}
	now := time.Now()
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if got := d.bound(soon, now); got != soon {
		t.Error("a context that ends sooner was replaced")
	}
	late, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, parent := range []context.Context{context.Background(), late} {
		at, ok := d.bound(parent, now).Deadline()
		if left := at.Sub(now); !ok || left > d.timeout || left < d.timeout*15/16 {
			t.Errorf("the deadline is %v away; want 15/16 to 16/16 of %v", left, d.timeout)
		}
	}
}

func TestDeadlineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deadlines{timeout: time.Second}
		first := d.bound(t.Context(), time.Now())
		time.Sleep(time.Second / 32)
		second := d.bound(t.Context(), time.Now())
		time.Sleep(time.Second / 32)
		third := d.bound(t.Context(), time.Now())
		if first.Done() != second.Done() || second.Done() == third.Done() {
			t.Error("calls must share a deadline within 1/16 of the timeout, and not beyond")
		}
		time.Sleep(time.Second * 14 / 16)
		if err := first.Err(); err != nil {
			t.Errorf("Err before the end: %v", err)
		}
		<-first.Done()
		if err := first.Err(); err != context.DeadlineExceeded || third.Err() != nil {
			t.Errorf("Err after the end: %v, and %v of the next; want DeadlineExceeded and nil", err, third.Err())
		}
		<-third.Done()
	})
}
