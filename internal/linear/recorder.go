package linear

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/wxsession/wxsession/core"
)

// Recorder is a core.Store that passes everything on to another one and
// records it. Safe for concurrent use; several Recorders over stores that
// share their data (instances of a service) can share one History.
type Recorder struct {
	store   core.Store
	client  int
	history *History
}

// History is what Recorders have seen. Its zero value is empty and ready.
type History struct {
	start sync.Once
	epoch time.Time

	mu      sync.Mutex
	clients int
	ops     []porcupine.Operation
}

// Record returns a Recorder of store that adds to h.
func (h *History) Record(store core.Store) *Recorder {
	h.start.Do(func() { h.epoch = time.Now() })
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients++
	return &Recorder{store: store, client: h.clients - 1, history: h}
}

// Len returns how many operations h holds, and how many of them have an
// unknown outcome. A test of faults that recorded none of the latter has
// tested nothing.
func (h *History) Len() (all, unknown int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range h.ops {
		if op.Output.(output).result == lost {
			unknown++
		}
	}
	return len(h.ops), unknown
}

// Get implements core.Store. A Get that fails has told nothing and changed
// nothing: it is left out.
func (r *Recorder) Get(ctx context.Context, key string) ([]byte, error) {
	call := r.history.now()
	value, err := r.store.Get(ctx, key)
	if err == nil || errors.Is(err, core.ErrNotFound) {
		r.add(input{verb: get, key: key}, output{resultOf(err), string(value)}, call)
	}
	return value, err
}

// Swap implements core.Store.
func (r *Recorder) Swap(ctx context.Context, key string, old, new []byte, ttl time.Duration) error {
	in := input{verb: swap, key: key, old: stateOf(old), new: state{true, string(new)}}
	call := r.history.now()
	err := r.store.Swap(ctx, key, old, new, ttl)
	r.add(in, output{result: resultOf(err)}, call)
	return err
}

// Delete implements core.Store.
func (r *Recorder) Delete(ctx context.Context, key string) error {
	call := r.history.now()
	err := r.store.Delete(ctx, key)
	r.add(input{verb: del, key: key}, output{result: resultOf(err)}, call)
	return err
}

func (r *Recorder) add(in input, out output, call int64) {
	returned := r.history.now()
	if out.result == lost {
		returned = math.MaxInt64 // a server may execute it long after the client gave up
	}
	r.history.mu.Lock()
	defer r.history.mu.Unlock()
	r.history.ops = append(r.history.ops, porcupine.Operation{
		ClientId: r.client, Input: in, Output: out, Call: call, Return: returned,
	})
}

// now counts on the monotonic clock.
func (h *History) now() int64 { return int64(time.Since(h.epoch)) }
