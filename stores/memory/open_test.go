package memory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/stores/memory"
)

func TestOpen(t *testing.T) {
	for dsn, limit := range map[string]int{"memory://": 0, "memory://?": 0, "memory://?max=0": 0, "memory://?max=3": 3} {
		s, err := memory.Open(t.Context(), dsn)
		if err != nil {
			t.Errorf("Open(%q): %v; want success", dsn, err)
			continue
		}
		t.Cleanup(func() { _ = s.(io.Closer).Close() })
		for i := range 5 {
			err := s.Swap(t.Context(), key(i), nil, []byte("v"), time.Hour)
			if full := limit > 0 && i >= limit; errors.Is(err, memory.ErrFull) != full {
				t.Errorf("Open(%q): key %d: %v; want refused = %v", dsn, i, err, full)
			}
		}
	}
}

func TestOpenRejects(t *testing.T) {
	for dsn, want := range map[string]string{
		"":                         "malformed DSN",
		"memory":                   "malformed DSN",
		"memory:":                  "malformed DSN",
		"memory:?max=1":            "malformed DSN",
		"redis://localhost":        "malformed DSN",
		"memory://localhost":       "malformed DSN",
		"memory://:secret@":        "malformed DSN",
		"memory:///path":           "malformed DSN",
		"memory://#fragment":       "malformed DSN",
		"memory://?max=%zz":        "malformed DSN",
		"memory://?max=1;x=2":      "malformed DSN",
		"memory://?size=1":         `unknown option "size": the only one is max`,
		"memory://?max=1&ttl=secs": `unknown option "ttl": the only one is max`,
		"memory://?max=":           "the option max",
		"memory://?max=-1":         "the option max",
		"memory://?max=1e6":        "the option max",
		"memory://?max=1#x":        "the option max",
		"memory://?max=1&max=2":    "the option max",
	} {
		_, err := memory.Open(t.Context(), dsn)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v; want an error that says: %s", dsn, err, want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q): the error shows the password: %v", dsn, err)
		}
	}
}

func TestOpenWithCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := memory.Open(ctx, "memory://"); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v; want context.Canceled", err)
	}
}

func dsnSeeds() []string {
	return []string{"memory://", "memory://?max=10", "memory://?max=-1", "memory://?max=10&max=11",
		"memory://?x=1", "memory://host/?max=1", "memory:?max=1", "redis://u:p@h", "memory://?max=%31", "memory://?&&max=007"}
}

// FuzzOpen: what Open accepts is memory:// with at most one max, a number that
// reads back the same; and no error repeats a value.
func FuzzOpen(f *testing.F) {
	for _, dsn := range dsnSeeds() {
		f.Add(dsn)
	}
	if len(dsnSeeds()) == 0 {
		f.Fatal("the seed corpus is empty")
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		s, err := memory.Open(t.Context(), dsn)
		if err != nil {
			if strings.Contains(err.Error(), "planted") && !strings.Contains(err.Error(), "unknown option") {
				t.Errorf("Open(%q): the error repeats the DSN: %v", dsn, err)
			}
			return
		}
		defer s.(io.Closer).Close()
		if !strings.HasPrefix(dsn, "memory://") {
			t.Fatalf("Open(%q) succeeded; want an error", dsn)
		}
		if err := s.Swap(t.Context(), "k", nil, []byte("v"), time.Hour); err != nil {
			t.Errorf("the store that Open(%q) returned does not work: %v", dsn, err)
		}
	})
}

func ExampleOpen() {
	ctx := context.Background()
	store, err := memory.Open(ctx, "memory://?max=1000000")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.(io.Closer).Close()

	if err := store.Swap(ctx, "greeting", nil, []byte("hello"), time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	value, err := store.Get(ctx, "greeting")
	fmt.Printf("%s %v\n", value, err)
	// Output: hello <nil>
}

func ExampleNew() {
	store, err := memory.New(memory.Options{Max: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()

	ctx := context.Background()
	fmt.Println(store.Swap(ctx, "first", nil, []byte("v"), time.Hour))
	err = store.Swap(ctx, "second", nil, []byte("v"), time.Hour)
	fmt.Println(errors.Is(err, memory.ErrFull))
	// Output:
	// <nil>
	// true
}
