package core

import (
	"context"
	"errors"
	"sync"
	"time"
)

// flights are the exchanges of codes that are under way.
//
// An exchange outlives a caller that goes away, so it has a goroutine of its own.
// A new one would grow its stack several times on its way through net/http; so a
// goroutine stays for a moment when its flight is over, and takes the next one.
type flights struct {
	fly func(context.Context, flightOf) (Identity, error) // recovers its panics

	mu   sync.Mutex
	all  map[flightOf]*flight
	idle chan *flight // a goroutine that stays takes flights from here
}

// flightOf tells what is exchanged.
type flightOf struct{ appID, code string }

type flight struct {
	flightOf
	ctx    context.Context
	landed chan struct{} // closed when these are set:
	id     Identity
	err    error
}

// flightStay is how long a goroutine waits for the next flight.
const flightStay = time.Second

var errFlight = errors.New("the exchange was given up within")

func newFlights(fly func(context.Context, flightOf) (Identity, error)) *flights {
	return &flights{fly: fly, all: map[flightOf]*flight{}, idle: make(chan *flight)}
}

// join returns the flight that is under way, or else a new one. That has what ctx
// carries, but does not end with it.
func (x *flights) join(ctx context.Context, of flightOf) *flight {
	x.mu.Lock()
	f, found := x.all[of]
	if !found {
		f = &flight{flightOf: of, ctx: context.WithoutCancel(ctx), landed: make(chan struct{}), err: errFlight}
		x.all[of] = f
	}
	x.mu.Unlock()
	if found {
		return f
	}
	select {
	case x.idle <- f:
	default:
		go x.work(f)
	}
	return f
}

// work makes one flight after the other, until there is none for a moment.
func (x *flights) work(f *flight) {
	stay := time.NewTimer(flightStay)
	defer stay.Stop()
	for {
		x.make(f)
		stay.Reset(flightStay)
		select {
		case f = <-x.idle:
		case <-stay.C:
			return
		}
	}
}

// make lands even where the application's transport ends the goroutine.
func (x *flights) make(f *flight) {
	defer func() {
		x.mu.Lock()
		delete(x.all, f.flightOf)
		x.mu.Unlock()
		close(f.landed)
	}()
	f.id, f.err = x.fly(f.ctx, f.flightOf)
}
