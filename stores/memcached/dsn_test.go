package memcached

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/stores/internal/dsn"
)

func describe(c settings) (text string) {
	for _, a := range c.selector.servers {
		text += a.network + " " + a.name + ", "
	}
	return text
}

func TestParse(t *testing.T) {
	tests := []struct{ dsn, servers string }{
		{"memcached://localhost", "tcp localhost:11211, "},
		{"memcached://localhost/", "tcp localhost:11211, "},
		{"memcached://A.example:11212,10.0.0.2", "tcp a.example:11212, tcp 10.0.0.2:11211, "},
		{"memcached://[::1],[2001:db8::1]:011212", "tcp [::1]:11211, tcp [2001:db8::1]:11212, "},
		{"memcached:///run/memcached.sock", "unix /run/memcached.sock, "},
		{"memcached:///run/a.sock,/run/b.sock,c", "unix /run/a.sock, unix /run/b.sock, tcp c:11211, "},
	}
	for _, tt := range tests {
		c, err := parse(tt.dsn)
		if err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
		} else if got := describe(c); got != tt.servers {
			t.Errorf("%s: got %s want %s", tt.dsn, got, tt.servers)
		}
	}
}

func TestParseOptions(t *testing.T) {
	tests := []struct {
		query   string
		options Options
		maxIdle int
	}{
		{"", Options{"wx:", 500 * time.Millisecond, 64}, 64},
		{"?", Options{"wx:", 500 * time.Millisecond, 64}, 64},
		{"?prefix=my%3A&timeout=250ms&max_conns=8&max_idle=2", Options{"my:", 250 * time.Millisecond, 8}, 2},
		{"?max_conns=8", Options{"wx:", 500 * time.Millisecond, 8}, 8},
	}
	for _, tt := range tests {
		c, err := parse("memcached://h" + tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
		} else if c.Options != tt.options || c.maxIdle != tt.maxIdle {
			t.Errorf("%s: got %+v and %d idle, want %+v and %d", tt.query, c.Options, c.maxIdle, tt.options, tt.maxIdle)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ dsn, say string }{
		{"", "begins with memcached://"},
		{"redis://h", "begins with memcached://"},
		{"memcached://", "server 1 of 1 must be host"},
		{"memcached://h,", "server 2 of 2 must be host"},
		{"memcached://h:", "port"},
		{"memcached://h:port", "port"},
		{"memcached://h:70000", "port"},
		{"memcached://::1", "server 1 of 1 must be host, host:port, [IPv6]:port"},
		{"memcached://h/0", "server 1 of 1 must be"},
		{"memcached://h,h:11211", "server 2 of 2 is listed twice"},
		{"memcached://user:hunter2@h", "neither user nor password"},
		{"memcached://h?timeuot=1s", `unknown option "timeuot" in the DSN; known are max_conns, max_idle, prefix, timeout`},
		{"memcached://h?timeout=1s&timeout=2s", "option timeout wants one value"},
		{"memcached://h?timeout=0", "option timeout wants one value: a duration from 10ms to 1m"},
		{"memcached://h?timeout=500", "option timeout"},
		{"memcached://h?max_conns=0", "option max_conns wants one value: a number"},
		{"memcached://h?max_idle=-1", "option max_idle wants one value: a number"},
		{"memcached://h?prefix=a%20b", "option prefix wants one value: 1 to 186 bytes"},
		{"memcached://h?prefix=" + strings.Repeat("p", 187), "option prefix"},
		{"memcached://h?prefix=%zz", "percent-encoded"},
	}
	for _, tt := range tests {
		store, err := Open(t.Context(), tt.dsn)
		if err == nil || store != nil {
			t.Errorf("%s: got %v, %v, want an error and no store", tt.dsn, store, err)
		} else if !strings.Contains(err.Error(), tt.say) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %q, want it to say %q and no password", tt.dsn, err, tt.say)
		}
	}
}

// TestOptionsAreDocumented holds the table of Open to the code.
func TestOptionsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("open.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range dsnOptions {
		if !strings.Contains(string(text), "\n//\t"+o.Name+" ") {
			t.Errorf("the option %s is not in the table", o.Name)
		}
		if !dsn.Quotable(o.Name) {
			t.Errorf("the option %s is not quoted where another store is asked for it", o.Name)
		}
	}
}

// FuzzParse: what is accepted can be used as it stands. Settings are in their
// bounds, and servers, written out in full, are the same servers again. And no
// error shows the secret, wherever it stands.
func FuzzParse(f *testing.F) {
	const secret = "Hunter2"
	seeds := [][2]string{
		{"memcached://localhost", ""}, {"memcached://a:1,b:2?timeout=1s&prefix=x:", ""}, {"memcached://[::1]:11212,[fe80::1%eth0]", ""},
		{"memcached:///run/m.sock,/run/n.sock", ""}, {"memcached://h?max_conns=1&max_idle=9", ""}, {"memcached://u:", "@h"}, {"memcached://,", ""},
		{"memcached://", ":x"}, {"memcached://h,h:", ""}, {"memcached://h?timeout=", ""}, {"memcached://h?prefix=%20", ""}, {"", "://h"}, {"memcached://u:a,", "@h"},
		{"memcached://", ","}, {"memcached://h,[", "]"}, {"memcached://h?", "=1"},
	}
	accepted := 0
	for _, seed := range seeds {
		f.Add(seed[0], seed[1], true)
		f.Add(seed[0], seed[1], false)
		if _, err := parse(seed[0] + seed[1]); err == nil {
			accepted++
		}
	}
	if accepted < 4 || accepted == len(seeds) {
		f.Fatalf("%d of %d seeds are well formed; want some of each", accepted, len(seeds))
	}
	f.Fuzz(func(t *testing.T, before, after string, planted bool) {
		dsn := before + after
		if planted {
			dsn = before + secret + after
		}
		c, err := parse(dsn)
		if err != nil {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); planted && strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("%q: the error shows the secret: %s", dsn, text)
			}
			return
		}
		if c.Timeout <= 0 || c.MaxConns <= 0 || c.maxIdle <= 0 || len(c.Prefix) == 0 || len(c.Prefix) > maxPrefix {
			t.Fatalf("%q: settings out of bounds: %+v, %d idle", dsn, c.Options, c.maxIdle)
		}
		var full []string
		for _, a := range c.selector.servers {
			full = append(full, a.name)
		}
		again, err := NewSelector(full...)
		if err != nil || describe(settings{selector: again}) != describe(c) {
			t.Fatalf("%q: %s read again: %v", dsn, describe(c), err)
		}
	})
}
