package memory

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestReadersTakeNoLock: while the test holds the lock, a read must come back.
// While a writer is at work it must wait for it instead, and see what it wrote.
func TestReadersTakeNoLock(t *testing.T) {
	var s shard
	var b bound
	w := create(1, 1)
	if err := s.swap(&w, &b); err != nil {
		t.Fatal(err)
	}
	values := make(chan string)
	read := func() {
		v, err := s.appendValue(nil, tagNumber(1), stored("1"), 0)
		values <- fmt.Sprint(string(v), err)
	}
	s.mu.Lock()
	go read()
	select {
	case v := <-values:
		if v != "v<nil>" {
			t.Errorf("read under the lock: %s; want v", v)
		}
	case <-time.After(10 * time.Second):
		t.Error("a read waits for the lock")
	}
	s.mu.Unlock()

	s.mu.Lock()
	s.begin()
	go read()
	s.arena.overwrite(s.index.cur.find(tagNumber(1)).ref(), len(w.new), newRecord(nil, stored("1"), []byte("w"), 1))
	s.end()
	s.mu.Unlock()
	if v := <-values; v != "w<nil>" {
		t.Errorf("read after a write: %s; want w", v)
	}
}

// TestNoTornReads overwrites a value in place, and moves it about, while others
// read it: each of its bytes is the same as long as no reader sees a mixture.
func TestNoTornReads(t *testing.T) {
	s := newTestStore(t, Options{})
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 395+i%5*9) }
	const key = "s:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
	if err := s.Swap(t.Context(), key, nil, value(0), time.Hour); err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			buf := make([]byte, 0, 512)
			for !done.Load() {
				v, err := s.AppendGet(context.Background(), buf, key)
				if err != nil || bytes.Count(v, v[:1]) != len(v) || len(v) != len(value(int(v[0]))) {
					t.Errorf("AppendGet = %v, %v; want what one Swap wrote", v, err)
					return
				}
			}
		})
	}
	for i := range 30_000 {
		if err := s.Swap(t.Context(), key, value(i%250), value((i+1)%250), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	done.Store(true)
	wg.Wait()
}

// TestKeysAreComparedWhole has keys that end at every place of a word, and
// others with the same tag that differ from them in one byte, or in length.
func TestKeysAreComparedWhole(t *testing.T) {
	const all, tag = "0123456789abcdefghijklmnopqrs", 1
	for n := range len(all) {
		var s shard
		var b bound
		key := all[:n]
		w := write{tag: tag, key: stored(key), new: newRecord(nil, stored(key), []byte(all), 1)}
		if err := s.swap(&w, &b); err != nil {
			t.Fatal(err)
		}
		if v, _, sure := s.peek([]byte("dst"), tag, stored(key), 0); string(v) != "dst"+all || !sure {
			t.Errorf("%q: %q, %v; want the value without the lock", key, v, sure)
		}
		others := []string{all[:n+1], all[:n/2]}
		for i := range n {
			others = append(others, key[:i]+"X"+key[i+1:])
		}
		for _, other := range others {
			if v, _, sure := s.peek(nil, tag, stored(other), 0); other != key && sure {
				t.Errorf("%q is taken for %q: %q", other, key, v)
			}
			if v, err := s.appendValue(nil, tag, stored(other), 0); other != key && err == nil {
				t.Errorf("%q: %q; want no entry", other, v)
			}
		}
	}
}

// TestWordsThatMakeNoSense: a reader may find the length of one record before
// the bytes of another, at the end of a chunk, too.
func TestWordsThatMakeNoSense(t *testing.T) {
	for _, key := range []storedKey{stored("k"), stored(modelKey(2))} {
		for _, word := range []int{chunkWords - 1, chunkWords - 2, chunkWords - 3, chunkWords - 4, chunkWords - 9} {
			room := (chunkWords-word)*wordSize - key.valueOffset()
			for size := range 200 {
				c := new(chunk)
				r := newRecord(nil, key, nil, 1)
				binary.LittleEndian.PutUint64(r, uint64(newHead(1, size, key.kind)))
				if word+len(r)/wordSize <= chunkWords {
					c.store(word, r)
				}
				v, _, ok := c.appendValue(nil, word, key)
				if ok != (size <= room) || ok && len(v) != size {
					t.Fatalf("at word %d, length %d: %d bytes, %v; there is room for %d", word, size, len(v), ok, room)
				}
			}
		}
	}
}

// TestAppendGetFindsWhatHasExpired until it is freed, as it does not ask the
// clock; Get does.
func TestAppendGetFindsWhatHasExpired(t *testing.T) {
	var c testClock
	s := newTestStore(t, Options{Now: c.Now})
	ctx := t.Context()
	if err := s.Swap(ctx, "k", nil, []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	c.Store(int64(time.Minute))
	if v, err := s.AppendGet(ctx, nil, "k"); err != nil || string(v) != "v" {
		t.Errorf("AppendGet = %q, %v; want v", v, err)
	}
	if v, err := s.Get(ctx, "k"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get = %q, %v; want core.ErrNotFound", v, err)
	}
	s.sweepRound()
	if v, err := s.AppendGet(ctx, nil, "k"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("AppendGet after the sweep = %q, %v; want core.ErrNotFound", v, err)
	}
}

func TestAllocations(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t, Options{})
	value, buf := make([]byte, 160), make([]byte, 0, 256)
	if err := s.Swap(ctx, "k", nil, value, time.Hour); err != nil {
		t.Fatal(err)
	}
	var stores core.Store = s
	for name, c := range map[string]struct {
		want float64
		do   func() error
	}{
		"AppendGet":                {0, func() error { _, err := s.AppendGet(ctx, buf, "k"); return err }},
		"Get":                      {1, func() error { _, err := stores.Get(ctx, "k"); return err }},
		"Swap to the same size":    {0, func() error { return stores.Swap(ctx, "k", value, value, time.Hour) }},
		"Delete of a missing key":  {0, func() error { return stores.Delete(ctx, "missing") }},
		"AppendGet of what is not": {0, func() error { _, _ = s.AppendGet(ctx, buf, "missing"); return nil }},
	} {
		var err error
		got := testing.AllocsPerRun(1000, func() { err = c.do() })
		if err != nil || got != c.want {
			t.Errorf("%s: %v allocations, %v; want %v", name, got, err, c.want)
		}
	}
}
