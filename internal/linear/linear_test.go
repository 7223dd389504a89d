package linear

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/wxsession/wxsession/core"
)

// verdict collects what Check says.
type verdict struct {
	testing.TB
	complaints []string
}

func (v *verdict) Helper() {}
func (v *verdict) Errorf(format string, args ...any) {
	v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
}

func v(s string) state { return state{true, s} }

func op(in input, out output, call, returned int64) porcupine.Operation {
	return porcupine.Operation{Input: in, Output: out, Call: call, Return: returned}
}

func TestCheck(t *testing.T) {
	create := input{verb: swap, new: v("a")}
	update := input{verb: swap, old: v("a"), new: v("b")}
	remove, read := input{verb: del}, input{verb: get}
	ok, missing, refused, unknown := output{result: done}, output{result: notFound}, output{result: conflict}, output{result: lost}
	sees := func(s string) output { return output{done, s} }
	const never = math.MaxInt64

	tests := []struct {
		name  string
		legal bool
		ops   []porcupine.Operation
	}{
		{"a life in sequence", true, []porcupine.Operation{
			op(read, missing, 1, 2), op(create, ok, 3, 4), op(create, refused, 5, 6), op(read, sees("a"), 7, 8),
			op(update, ok, 9, 10), op(read, sees("b"), 11, 12), op(remove, ok, 13, 14), op(update, refused, 15, 16), op(read, missing, 17, 18)}},
		{"a stale read", false, []porcupine.Operation{
			op(create, ok, 1, 2), op(update, ok, 3, 4), op(read, sees("a"), 5, 6)}},
		{"a read that overlaps the update", true, []porcupine.Operation{
			op(create, ok, 1, 2), op(update, ok, 3, 6), op(read, sees("a"), 4, 5)}},
		{"two winners", false, []porcupine.Operation{
			op(create, ok, 1, 4), op(create, ok, 2, 3)}},
		{"resurrection by an update", false, []porcupine.Operation{
			op(create, ok, 1, 2), op(remove, ok, 3, 4), op(update, ok, 5, 6)}},
		{"a miss where a value must be", false, []porcupine.Operation{
			op(create, ok, 1, 2), op(read, missing, 3, 4)}},
		{"a conflict without a reason", false, []porcupine.Operation{
			op(create, ok, 1, 2), op(update, refused, 3, 4)}},
		{"an unknown swap that took place", true, []porcupine.Operation{
			op(create, unknown, 1, never), op(read, sees("a"), 3, 4)}},
		{"an unknown swap that did not", true, []porcupine.Operation{
			op(create, unknown, 1, never), op(read, missing, 3, 4)}},
		{"an unknown swap that took place late", true, []porcupine.Operation{
			op(create, unknown, 1, never), op(read, missing, 3, 4), op(read, sees("a"), 5, 6)}},
		{"an unknown swap that took place twice", false, []porcupine.Operation{
			op(create, unknown, 1, never), op(read, sees("a"), 3, 4), op(remove, ok, 5, 6), op(read, sees("a"), 7, 8)}},
		{"a delete that was executed twice", false, []porcupine.Operation{
			op(create, ok, 1, 2), op(remove, ok, 3, 10), op(read, missing, 4, 5), op(create, ok, 6, 7), op(read, missing, 8, 9)}},
		{"a value from nowhere", false, []porcupine.Operation{op(read, sees("z"), 1, 2)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := &verdict{TB: t}
			Check(got, &History{ops: tt.ops})
			if legal := len(got.complaints) == 0; legal != tt.legal {
				t.Errorf("explainable: %v, want %v\n%s", legal, tt.legal, strings.Join(got.complaints, "\n"))
			}
		})
	}
}

// mapStore is a correct store, if its lock is used.
type mapStore struct {
	mu     sync.Mutex
	values map[string]string
	fail   error // of the next Swap or Delete, which takes place all the same
}

func (m *mapStore) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value, ok := m.values[key]; ok {
		return []byte(value), nil
	}
	return nil, fmt.Errorf("map: %w", core.ErrNotFound)
}

func (m *mapStore) Swap(_ context.Context, key string, old, new []byte, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if ok != (old != nil) || value != string(old) {
		return fmt.Errorf("map: %w", core.ErrConflict)
	}
	m.values[key] = string(new)
	return m.fail
}

func (m *mapStore) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return m.fail
}

func TestRecorderRecordsACorrectStoreAsCorrect(t *testing.T) {
	history := load(t, &mapStore{values: map[string]string{}})
	Check(t, history)
	if _, unknown := history.Len(); unknown != 0 {
		t.Errorf("%d operations of unknown outcome, want none", unknown)
	}
}

// brokenStore writes without looking.
type brokenStore struct{ *mapStore }

func (b brokenStore) Swap(_ context.Context, key string, _, new []byte, _ time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.values[key] = string(new)
	return nil
}

func TestLoadConvictsAStoreThatLosesUpdates(t *testing.T) {
	got := &verdict{TB: t}
	Check(got, load(t, brokenStore{&mapStore{values: map[string]string{}}}))
	if len(got.complaints) == 0 {
		t.Error("no complaint about a store whose Swap ignores the old value")
	}
}

// load records some two thousand operations.
func load(t *testing.T, store core.Store) *History {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	history := &History{}
	go func() {
		for all := 0; all < 2000 && ctx.Err() == nil; time.Sleep(time.Millisecond) {
			all, _ = history.Len()
		}
		cancel()
	}()
	history.Load(ctx, "k", store, store)
	if all, _ := history.Len(); all < 2000 {
		t.Errorf("recorded %d operations within a minute, want 2000", all)
	}
	return history
}

func TestRecorderPassesThroughWhatTheStoreSays(t *testing.T) {
	ctx, store, history := t.Context(), &mapStore{values: map[string]string{}}, &History{}
	r := history.Record(store)
	if _, err := r.Get(ctx, "k"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	store.fail = errors.New("connection reset")
	if err := r.Swap(ctx, "k", nil, []byte("a"), time.Hour); !errors.Is(err, store.fail) {
		t.Errorf("Swap: %v", err)
	}
	if err := r.Swap(ctx, "k", nil, []byte("b"), time.Hour); !errors.Is(err, core.ErrConflict) {
		t.Errorf("Swap over a value: %v", err)
	}
	if got, err := r.Get(ctx, "k"); string(got) != "a" || err != nil {
		t.Errorf("Get: %q, %v", got, err)
	}
	if err := r.Delete(ctx, "k"); !errors.Is(err, store.fail) {
		t.Errorf("Delete: %v", err)
	}
	if all, unknown := history.Len(); all != 5 || unknown != 2 {
		t.Errorf("recorded %d operations, %d of unknown outcome; want 5 and 2", all, unknown)
	}
	Check(t, history)
}
