package memory_test

import (
	"context"
	"errors"
	"fmt"
	"os"
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
		t.Cleanup(func() { _ = s.Close() })
		for i := range 5 {
			err := s.Swap(t.Context(), key(i), nil, []byte("v"), time.Hour)
			if full := limit > 0 && i >= limit; isFull(err) != full {
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
		"memory://?max=%zz":        "malformed",
		"memory://?max=1;x=2":      "malformed",
		"memory://?size=1":         "unknown option in the DSN; known are max",
		"memory://?max=1&ttl=secs": "unknown option in the DSN; known are max",
		"memory://?max=":           "option max wants one value: a number of entries",
		"memory://?max=-1":         "option max",
		"memory://?max=1e6":        "option max",
		"memory://?max=1#x":        "option max",
		"memory://?max=1&max=2":    "option max",
	} {
		s, err := memory.Open(t.Context(), dsn)
		if err == nil || s != nil || !strings.HasPrefix(err.Error(), "memory: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v, %v; want no store and an error that says: %s", dsn, s, err, want)
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

// TestOptionsAreDocumented holds the table of Open to the code.
func TestOptionsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("open.go")
	if err != nil {
		t.Fatal(err)
	}
	_, err = memory.Open(t.Context(), "memory://?no-such-option=1")
	_, known, found := strings.Cut(fmt.Sprint(err), "known are ")
	if !found {
		t.Fatalf("Open: %v; want an error that lists the options", err)
	}
	for name := range strings.SplitSeq(known, ", ") {
		if !strings.Contains(string(text), "\n//\t"+name+" ") {
			t.Errorf("the option %s is not in the table", name)
		}
	}
}

// FuzzOpen: what Open accepts begins with memory:// and works; and no error
// shows the secret, wherever it stands.
func FuzzOpen(f *testing.F) {
	const secret = "Hunter2"
	seeds := [][2]string{{"memory://", ""}, {"memory://?max=", ""}, {"memory://?max=1", "0"}, {"memory://u:", "@h"}, {"memory:", ""},
		{"memory://?", "=1"}, {"memory://?x=", ""}, {"", "://"}, {"redis://u:", "@h"}, {"memory://?max=1&max=", ""}, {"memory://?max=%31#", ""}}
	if len(seeds) == 0 {
		f.Fatal("the seed corpus is empty")
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], true)
		f.Add(s[0], s[1], false)
	}
	f.Fuzz(func(t *testing.T, before, after string, planted bool) {
		dsn := before + after
		if planted {
			dsn = before + secret + after
		}
		s, err := memory.Open(t.Context(), dsn)
		if err != nil {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); planted && strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("Open(%q): the error shows the secret: %s", dsn, text)
			}
			return
		}
		defer s.Close()
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
	defer store.Close()

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
	fmt.Println(store.Swap(ctx, "second", nil, []byte("v"), time.Hour))
	// Output:
	// <nil>
	// memory: the store is full: raise max, or let sessions expire sooner
}
