package core

import (
	"bytes"
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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
		time.Sleep(flightStay) // whoever made them goes
		if synctest.Wait(); calls.Load() != 3 || len(x.all) != 0 {
			t.Errorf("%d flights, want 3; %d still under way", calls.Load(), len(x.all))
		}
	})
}

// A bubble fails whose goroutines do not end: none stays for good.
func TestAGoroutineStaysForTheNextFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var by []string
		x := newFlights(func(context.Context, flightOf) (Identity, error) {
			by = append(by, goroutine())
			return Identity{}, nil
		})
		for _, pause := range []time.Duration{flightStay / 2, flightStay * 2, flightStay} {
			<-x.join(t.Context(), flightOf{"wx1", "code"}).landed
			time.Sleep(pause)
			synctest.Wait()
		}
		if by[0] != by[1] || by[1] == by[2] {
			t.Errorf("flights by goroutines %v, want the first two by one", by)
		}
	})
}

// goroutine names the one that calls it.
func goroutine() string {
	stack := make([]byte, 64)
	name, _, _ := bytes.Cut(stack[:runtime.Stack(stack, false)], []byte(" ["))
	return string(name)
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
		time.Sleep(flightStay)
	})
}
