package core

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestAFlightIsSharedAndOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open, calls := make(chan struct{}), new(atomic.Int32)
		x := newFlights(func(ctx context.Context, of flightOf) (Identity, error) {
			<-open
			calls.Add(1)
			carried, _ := ctx.Value(flightOf{}).(string)
			return Identity{OpenID: of.code, UnionID: carried}, ctx.Err()
		})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), flightOf{}, "carried"))
		of := flightOf{"wx1", "code"}
		first := x.join(ctx, of)
		if x.join(t.Context(), of) != first {
			t.Error("one code has two flights")
		}
		if x.join(t.Context(), flightOf{"wx2", "code"}) == first {
			t.Error("two apps share a flight")
		}
		cancel()
		close(open)
		<-first.landed
		if first.id.OpenID != "code" || first.id.UnionID != "carried" || first.err != nil {
			t.Errorf("landed with %s, %q and %v", first.id.OpenID, first.id.UnionID, first.err)
		}
		<-x.join(t.Context(), of).landed
		if synctest.Wait(); calls.Load() != 3 || len(x.all) != 0 {
			t.Errorf("%d flights, want 3; %d still under way", calls.Load(), len(x.all))
		}
	})
}

func TestAFlightLandsWhereItsGoroutineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends := true
		x := newFlights(func(context.Context, flightOf) (Identity, error) {
			if ends {
				runtime.Goexit()
			}
			return Identity{}, nil
		})
		f := x.join(t.Context(), flightOf{"wx1", "code"})
		if <-f.landed; f.err == nil {
			t.Error("nobody has answered, and it is no error")
		}
		ends = false
		f = x.join(t.Context(), flightOf{"wx1", "code"})
		if <-f.landed; f.err != nil {
			t.Errorf("the next one: %v", f.err)
		}
	})
}
