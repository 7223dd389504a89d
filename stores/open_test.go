package stores_test

import (
	"context"
	"fmt"
	"io"
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
	defer store.(io.Closer).Close()
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
		if _, ok := store.(core.Pinger); !ok {
			t.Errorf("Open(%q) gave no core.Pinger", dsn)
		}
		if err := store.(io.Closer).Close(); err != nil {
			t.Errorf("Close of %q: %v", dsn, err)
		}
	}
}

func TestOpenSaysWhatItKnows(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://host":                    "redis+sentinel://",
		"localhost:6379":                     "memcached://",
		"redis://host?tiemout=1s":            `"tiemout"`,
		"redis://host?tieout=1s":             "known are buffer, cache,",
		"redis://host?timeout=soon":          "such as 500ms",
		"redis://host?timeout=1s&timeout=2s": "one value",
		"redis://a,b":                        "redis+cluster://",
		"redis://host/zero":                  "database number",
		"redis://host?cache=9&conns=2":       "one connection",
		"redis://host?prefix=%7Bx%7D":        "braces",
		"redis://host?tls_ca=x.pem":          "rediss://",
		"rediss://host?tls_ca=missing":       "tls_ca",
		"redis+cluster://host/1":             "database 0",
		"redis+cluster://host?cache=1":       "near cache",
		"redis+sentinel://host":              "master",
		"redis+unix://host/path":             "redis+unix:///",
	} {
		if _, err := stores.Open(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v; want an error that mentions %s", dsn, err, want)
		}
	}
}

// FuzzOpen: whatever stands around a password, no error shows it. Memory and
// Memcached know none: there, only what precedes an @ is meant as one.
func FuzzOpen(f *testing.F) {
	const secret = "Hunter2"
	corpus := filepath.Join("testdata", "fuzz", "FuzzOpen")
	if files, err := os.ReadDir(corpus); err != nil || len(files) == 0 {
		f.Fatalf("no seed corpus in %s: %v", corpus, err)
	}
	f.Fuzz(func(t *testing.T, front, before, after, rest string) {
		dsn := front + before + secret + after + rest
		if strings.Contains(front+before+after+rest, secret) || !strings.Contains(after+rest, "@") && strings.HasPrefix(dsn, "mem") {
			t.Skip()
		}
		store, err := stores.Open(t.Context(), dsn)
		if err == nil {
			store.(io.Closer).Close()
			return
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
			t.Errorf("the error shows the password: %s", text)
		}
	})
}
