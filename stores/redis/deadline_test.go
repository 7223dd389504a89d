package redis

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

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
