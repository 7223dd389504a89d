package core

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

func TestTurnsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			all  turns
			came []int
		)
		take := func(ctx context.Context, i int) error {
			err := all.wait(ctx, "a")
			if err == nil {
				came = append(came, i)
			}
			return err
		}
		if take(t.Context(), 0) != nil || all.wait(t.Context(), "b") != nil {
			t.Fatal("nobody has these turns, and they cannot be had")
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		for i := 1; i <= 3; i++ {
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
		if !slices.Equal(came, []int{0, 1, 3}) || len(all.queues) != 0 {
			t.Errorf("came %v, want 0, 1, 3; %d keys are kept", came, len(all.queues))
		}
	})
}

func TestATurnThatComesAsItsOwnerLeavesIsPassedOn(t *testing.T) {
	all := turns{queues: map[string][]chan struct{}{"a": {make(chan struct{}), make(chan struct{})}}}
	leaver, next := all.queues["a"][0], all.queues["a"][1]
	all.done("a")
	all.leave("a", leaver)
	select {
	case <-next:
	default:
		t.Error("the turn is lost")
	}
}
