package core

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestTurnsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			all  turns
			came []int
		)
		take := func(ctx context.Context, i int) error {
			err := all.wait(ctx, "a", i > 3)
			if err == nil {
				came = append(came, i)
			}
			return err
		}
		if take(t.Context(), 0) != nil || all.wait(t.Context(), "b", false) != nil {
			t.Fatal("nobody has these turns, and they cannot be had")
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		for i := 1; i <= 5; i++ { // 4 and 5 go first
			go func() {
				if i == 2 {
					left <- take(ctx, i)
				} else if take(t.Context(), i) == nil {
					all.done("a")
				}
			}()
			synctest.Wait()
		}
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("the one that left: %v", err)
		}
		if len(came) != 1 {
			t.Errorf("%v have a turn at the same time", came)
		}
		all.done("a")
		all.done("b")
		synctest.Wait()
		if !slices.Equal(came, []int{0, 4, 5, 1, 3}) || len(all.lines) != 0 {
			t.Errorf("came %v, want 0, 4, 5, 1, 3; %d keys are kept", came, len(all.lines))
		}
	})
}

func TestATurnThatComesAsItsOwnerLeavesIsPassedOn(t *testing.T) {
	all := turns{lines: map[string]line{"a": {others: []chan struct{}{make(chan struct{}), make(chan struct{})}}}}
	leaver, next := all.lines["a"].others[0], all.lines["a"].others[1]
	all.done("a")
	all.leave("a", leaver)
	select {
	case <-next:
	default:
		t.Error("the turn is lost")
	}
}

// TestWhoWaitsTooLongForATurnHasNoTimeLeftForIt, and does not take it from others.
func TestWhoWaitsTooLongForATurnHasNoTimeLeftForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		if err := all.wait(t.Context(), "a", false); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := all.wait(ctx, "a", false); !errors.Is(err, errTurns) || time.Since(began) != time.Second/2 {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if all.done("a"); len(all.lines) != 0 {
			t.Error("somebody is still in line")
		}
	})
}
