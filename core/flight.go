package core

import (
	"context"
	"errors"
	"sync"
)

// flights are the exchanges of codes that are under way. An exchange outlives a
// caller that goes away, so it has a goroutine of its own.
type flights struct {
	fly func(context.Context, flightOf) (Identity, error) // recovers its panics

	mu  sync.Mutex
	all map[flightOf]*flight
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

var errFlight = errors.New("the exchange was given up within")

func newFlights(fly func(context.Context, flightOf) (Identity, error)) *flights {
	return &flights{fly: fly, all: map[flightOf]*flight{}}
}

// join returns the flight that is under way, or else a new one. That has what ctx
// carries, but does not end with it.
func (x *flights) join(ctx context.Context, of flightOf) *flight {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.all[of]
	if f == nil {
		f = &flight{flightOf: of, ctx: context.WithoutCancel(ctx), landed: make(chan struct{}), err: errFlight}
		x.all[of] = f
		go x.make(f)
	}
	return f
}

// make lands even where the application's transport ends the goroutine.
func (x *flights) make(f *flight) {
	defer func() {
		x.mu.Lock()
		delete(x.all, f.flightOf)
		x.mu.Unlock()
		close(f.landed)
	}()
	growStack(0)
	f.id, f.err = x.fly(f.ctx, f.flightOf)
}

// growStack makes the stack of a new goroutine as large as a call over HTTP needs.
// On the way it would grow several times, and all that lies on it be copied: some
// three hundredths of a login.
//
//go:noinline
func growStack(i byte) byte {
	var room [9 << 10]byte
	return room[i]
}
