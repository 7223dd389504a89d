package stores_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/stores"
)

func ExampleOpen() {
	ctx := context.Background()
	store, err := stores.Open(ctx, "memory://") // or redis://…, memcached://…
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	err = store.Swap(ctx, "s:key", nil, []byte("value"), time.Hour)
	value, _ := store.Get(ctx, "s:key")
	fmt.Printf("%s %v\n", value, err)
	// Output: value <nil>
}

func TestOpenTakesEveryScheme(t *testing.T) {
	for _, dsn := range []string{
		"",
		"memory://",
		"redis://127.0.0.1:1/0",
		"rediss://user:pa%2Fss@127.0.0.1:1?tls_server_name=redis.example",
		"redis+unix:///nowhere/redis.sock?db=1",
		"redis+cluster://127.0.0.1:1,[::1]:2",
		"redis+sentinel://127.0.0.1:1,127.0.0.1:2/mymaster/3?sentinel_password=x",
		"memcached://127.0.0.1:1,127.0.0.1:2",
	} {
		store, err := stores.Open(t.Context(), dsn)
		if err != nil {
			t.Errorf("Open(%q): %v; want a store although nothing listens there", dsn, err)
			continue
		}
		if err := store.Close(); err != nil {
			t.Errorf("Close of %q: %v", dsn, err)
		}
		if err := store.Ping(t.Context()); err == nil {
			t.Errorf("Ping of %q after Close succeeded", dsn)
		}
	}
}

// TestOpenNamesTheSchemesItKnows and takes each that it names.
func TestOpenNamesTheSchemesItKnows(t *testing.T) {
	_, err := stores.Open(t.Context(), "hunter2:no-such-scheme://h")
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "no-such") {
		t.Fatalf("Open: %v; want an error that quotes nothing", err)
	}
	_, list, _ := strings.Cut(err.Error(), "must begin with ")
	named := strings.FieldsFunc(strings.ReplaceAll(list, " or ", ", "), func(r rune) bool { return r == ',' || r == ' ' })
	if len(named) != 7 {
		t.Errorf("Open: %v; want the seven schemes", err)
	}
	for _, scheme := range named {
		_, err := stores.Open(t.Context(), scheme+"?no-such-option=1")
		if err == nil || strings.Contains(err.Error(), "stores: ") {
			t.Errorf("Open(%q): %v; want the error of a backend", scheme, err)
		}
	}
}

// TestOpenIsNilOrWorks: an error comes with no store at all, not with one that
// holds a nil pointer.
func TestOpenIsNilOrWorks(t *testing.T) {
	for _, dsn := range []string{"memory://x", "redis://", "memcached://", "nothing"} {
		if store, err := stores.Open(t.Context(), dsn); err == nil || store != nil {
			t.Errorf("Open(%q) = %v, %v; want nil and an error", dsn, store, err)
		}
	}
}

func TestAFullStoreSaysSo(t *testing.T) {
	store, err := stores.Open(t.Context(), "memory://?max=1")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Swap(t.Context(), "a", nil, []byte("v"), time.Hour); err != nil || errors.Is(err, core.ErrFull) {
		t.Errorf("Swap: %v, full = %v", err, errors.Is(err, core.ErrFull))
	}
	if err := store.Swap(t.Context(), "a", nil, []byte("v"), time.Hour); !errors.Is(err, core.ErrConflict) || errors.Is(err, core.ErrFull) {
		t.Errorf("Swap over a value: %v, full = %v", err, errors.Is(err, core.ErrFull))
	}
	if err := store.Swap(t.Context(), "b", nil, []byte("v"), time.Hour); !errors.Is(err, core.ErrFull) {
		t.Errorf("Swap beyond the bound: %v; want that it says full", err)
	}
}

func TestOpenSaysWhatItKnows(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://host":                      "redis+sentinel://",
		"localhost:6379":                       "memcached://",
		"redis://host?tiemout=1s":              `"tiemout"`,
		"redis://host?tieout=1s":               "known are buffer, cache,",
		"redis://host?timeout=soon":            "such as 500ms",
		"redis://host?timeout=1s&timeout=2s":   "one value",
		"redis://a,b":                          "redis+cluster://",
		"redis://host/zero":                    "database number",
		"redis://host:99999":                   "port",
		"memcached://host:99999":               "port",
		"memcached://host?tls=1":               `unknown option "tls"`,
		"memcached://host?wait_replicas=1":     `unknown option "wait_replicas"`,
		"redis://host?max_conns=1":             `unknown option "max_conns"`,
		"memory://host":                        "memory://?max=N",
		"redis://host?max=1":                   `unknown option "max"`,
		"redis://host?cache=9&conns=2":         "one connection",
		"redis://host?prefix=%7Bx%7D":          "braces",
		"redis://host?tls_ca=x.pem":            "rediss://",
		"rediss://host?tls_ca=missing":         "tls_ca",
		"rediss://host?tls=false":              "contradicts",
		"redis+cluster://host/1":               "database 0",
		"redis+cluster://host?cache=1&conns=2": "one connection",
		"redis+sentinel://host":                "master",
		"redis+unix://host/path":               "redis+unix:///",
	} {
		if _, err := stores.Open(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "(WX_STORE)") {
			t.Errorf("Open(%q): %v; want an error that mentions %s, and WX_STORE", dsn, err, want)
		}
	}
}

// FuzzOpen: whatever stands around a password, no error shows it.
func FuzzOpen(f *testing.F) {
	const secret = "Hunter2"
	corpus := filepath.Join("testdata", "fuzz", "FuzzOpen")
	if files, err := os.ReadDir(corpus); err != nil || len(files) == 0 {
		f.Fatalf("no seed corpus in %s: %v", corpus, err)
	}
	f.Fuzz(func(t *testing.T, front, before, after, rest string) {
		dsn := front + before + secret + after + rest
		if strings.Contains(front+before+after+rest, secret) {
			t.Skip()
		}
		store, err := stores.Open(t.Context(), dsn)
		if err == nil {
			store.Close()
			return
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("the error shows the password: %s", text)
		}
	})
}
