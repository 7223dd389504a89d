package memcached

import (
	"strings"
	"testing"
	"time"
)

func describe(c config) (text string) {
	for _, a := range c.selector.servers {
		text += a.network + " " + a.name + ", "
	}
	return text
}

func TestParseDSN(t *testing.T) {
	tests := []struct{ dsn, servers string }{
		{"memcached://localhost", "tcp localhost:11211, "},
		{"memcached://localhost/", "tcp localhost:11211, "},
		{"memcached://A.example:11212,10.0.0.2", "tcp a.example:11212, tcp 10.0.0.2:11211, "},
		{"memcached://[::1],[2001:db8::1]:011212", "tcp [::1]:11211, tcp [2001:db8::1]:11212, "},
		{"memcached:///run/memcached.sock", "unix /run/memcached.sock, "},
		{"memcached:///run/a.sock,/run/b.sock,c", "unix /run/a.sock, unix /run/b.sock, tcp c:11211, "},
	}
	for _, tt := range tests {
		c, err := parseDSN(tt.dsn)
		if err != nil {
			t.Errorf("%s: %v", tt.dsn, err)
		} else if got := describe(c); got != tt.servers {
			t.Errorf("%s: got %s want %s", tt.dsn, got, tt.servers)
		}
	}
}

func TestParseDSNOptions(t *testing.T) {
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
		c, err := parseDSN("memcached://h" + tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
		} else if c.Options != tt.options || c.maxIdle != tt.maxIdle {
			t.Errorf("%s: got %+v and %d idle, want %+v and %d", tt.query, c.Options, c.maxIdle, tt.options, tt.maxIdle)
		}
	}
}

func TestParseDSNSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ dsn, say string }{
		{"", "begins with memcached://"},
		{"redis://h", "begins with memcached://"},
		{"memcached://", `server ""`},
		{"memcached://h,", `server ""`},
		{"memcached://h:", "port"},
		{"memcached://h:port", "port"},
		{"memcached://h:70000", "port"},
		{"memcached://::1", `server "::1" must be`},
		{"memcached://h/0", `server "h/0" must be`},
		{"memcached://h,h:11211", "listed twice"},
		{"memcached://user:hunter2@h", "neither user nor password"},
		{"memcached://h?timeuot=1s", `unknown option "timeuot"; known are max_conns, max_idle, prefix and timeout`},
		{"memcached://h?timeout=1s&timeout=2s", "option timeout is given 2 times"},
		{"memcached://h?timeout=0", "option timeout must be a positive duration"},
		{"memcached://h?timeout=500", "option timeout must be a positive duration"},
		{"memcached://h?max_conns=0", "option max_conns must be a positive number"},
		{"memcached://h?max_idle=-1", "option max_idle must be a positive number"},
		{"memcached://h?prefix=a%20b", "prefix must be"},
		{"memcached://h?prefix=" + strings.Repeat("p", 187), "prefix must be"},
		{"memcached://h?prefix=%zz", "not well formed"},
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

// FuzzParseDSN: what is accepted can be used as it stands. Settings are in
// their bounds, and servers, written out in full, are the same servers again.
func FuzzParseDSN(f *testing.F) {
	seeds := []string{
		"memcached://localhost", "memcached://a:1,b:2?timeout=1s&prefix=x:", "memcached://[::1]:11212,[fe80::1%eth0]",
		"memcached:///run/m.sock,/run/n.sock", "memcached://h?max_conns=1&max_idle=9", "memcached://u:p@h", "memcached://,",
	}
	accepted := 0
	for _, seed := range seeds {
		f.Add(seed)
		if _, err := parseDSN(seed); err == nil {
			accepted++
		}
	}
	if accepted < 4 {
		f.Fatalf("only %d of the seeds are well formed", accepted)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		c, err := parseDSN(dsn)
		if err != nil {
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
		if err != nil || describe(config{selector: again}) != describe(c) {
			t.Fatalf("%q: %s read again: %v", dsn, describe(c), err)
		}
	})
}
