package redis

import (
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/stores/internal/dsn"
)

func TestParse(t *testing.T) {
	with := func(f func(*settings)) *settings {
		defaults, err := Options{}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		s := &settings{Options: defaults, network: "tcp", buffer: defaultBuffer, addrs: []string{"h:6379"}}
		f(s)
		return s
	}
	tests := map[string]*settings{
		"redis://h":                    with(func(s *settings) {}),
		"redis://h/":                   with(func(s *settings) {}),
		"redis://h:1/2":                with(func(s *settings) { s.addrs, s.db = []string{"h:1"}, 2 }),
		"redis://h?db=2":               with(func(s *settings) { s.db = 2 }),
		"redis://u:p@h":                with(func(s *settings) { s.user, s.password = "u", "p" }),
		"redis://:p@h":                 with(func(s *settings) { s.password = "p" }),
		"redis://[::1]":                with(func(s *settings) { s.addrs = []string{"[::1]:6379"} }),
		"redis://[::1]:9":              with(func(s *settings) { s.addrs = []string{"[::1]:9"} }),
		"rediss://h":                   with(func(s *settings) { s.tls = true }),
		"redis://h?tls=1":              with(func(s *settings) { s.tls = true }),
		"redis://h?tls=0":              with(func(s *settings) { s.plain = true }),
		"redis://%2Fu:%40%3A%2Fp%25@h": with(func(s *settings) { s.user, s.password = "/u", "@:/p%" }),
		"redis://h?timeout=1s&prefix=a:&conns=4&buffer=4096&flush_delay=20us": with(func(s *settings) {
			s.Timeout, s.Prefix, s.conns, s.buffer, s.flushDelay = time.Second, "a:", 4, 4096, 20*time.Microsecond
		}),
		"redis://h?cache=5&wait_replicas=2&wait_timeout=1ms": with(func(s *settings) {
			s.cache, s.WaitReplicas, s.WaitTimeout = 5, 2, time.Millisecond
		}),
		"rediss://h?tls_ca=/ca.pem&tls_server_name=n&insecure_skip_verify=true": with(func(s *settings) {
			s.tls, s.ca, s.serverName, s.skipVerify = true, "/ca.pem", "n", true
		}),
		"redis+unix://u:p@/run/r.sock?db=3": with(func(s *settings) {
			s.network, s.addrs, s.user, s.password, s.db = "unix", []string{"/run/r.sock"}, "u", "p", 3
		}),
		"redis+cluster://u:p@a,b:7,[::1]:8": with(func(s *settings) {
			s.topology, s.addrs, s.user, s.password = cluster, []string{"a:6379", "b:7", "[::1]:8"}, "u", "p"
		}),
		"redis+sentinel://u:p@a,b:7/m/3?sentinel_user=su&sentinel_password=sp&tls=true": with(func(s *settings) {
			s.topology, s.addrs, s.master, s.db = sentinel, []string{"a:26379", "b:7"}, "m", 3
			s.user, s.password, s.sentinelUser, s.sentinelPass, s.tls = "u", "p", "su", "sp", true
		}),
	}
	for dsn, want := range tests {
		if got, err := parse(dsn); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("parse(%q) = %+v, %v; want %+v", dsn, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, dsn := range []string{
		"", "h", "redis:", "redis://", "redis:///1", "redis://:6379", "redis://h:0", "redis://h:65536", "redis://h:x", "redis://::1",
		"redis://h/-1", "redis://h/1/2", "redis://a,b", "redis://a b", "redis://h#x", "redis://h?db=1#x", "redis://p/w@h", "redis://p?w@h", "redis://a@b@h",
		"redis://%zz@h", "redis://h?%zz=1", "redis://h?timeout=0", "redis://h?timeout=1h", "redis://h?timeout=", "redis://h?timeout", "redis://h?conns=3",
		"redis://h?cache=-1", "redis://h?prefix=", "redis://h?prefix=a%20b", "redis://h?prefix=%7Ba%7D", "redis://h?nope=1", "redis://h?db=1&db=2",
		"redis://h?tls_ca=x", "redis://h?insecure_skip_verify=1", "rediss://h?insecure_skip_verify=maybe", "rediss://h?tls=false", "redis://h?sentinel_password=x",
		"redis+unix://", "redis+unix://h/x", "redis+unix:///x?tls=1", "redis+cluster://h/1", "redis+cluster://h?db=1",
		"redis+cluster://a,,b", "redis+sentinel://h", "redis+sentinel://h/", "redis+sentinel://h/m/x", "redis+sentinel://u:12/se@h", "redis://h?cache=1&conns=2",
		"redis://u:p w@h", "redis://u :p@h", "redis://u:p\t@h", "redis://h\r", "redis://h:1\r", "redis://u:\u00a0@h",
	} {
		if s, err := parse(dsn); err == nil {
			t.Errorf("parse(%q) = %+v; want an error", dsn, s)
		}
	}
}

// TestAPortThatIsNoneIsTold: the host may be right.
func TestAPortThatIsNoneIsTold(t *testing.T) {
	for _, dsn := range []string{"redis://h:0", "redis://h:99999", "redis://h:x", "redis+cluster://a,h:65536", "redis+sentinel://[::1]:99999/m"} {
		if _, err := parse(dsn); err == nil || !strings.Contains(err.Error(), "port must be a number from 1 to 65535") {
			t.Errorf("parse(%q): %v", dsn, err)
		}
	}
}

// TestOptionsAreDocumented holds the table in the documentation to the code.
func TestOptionsAreDocumented(t *testing.T) {
	doc := readDoc(t)
	for _, o := range dsnOptions {
		if !strings.Contains(doc, "\n//\t"+o.Name+" ") {
			t.Errorf("the option %s is not in the table of doc.go", o.Name)
		}
		if !dsn.Quotable(o.Name) {
			t.Errorf("the option %s is not quoted where another store is asked for it", o.Name)
		}
	}
}

// TestConnections: rueidis takes the binary logarithm, 0 for a number of its own
// choice, and less than 0 for one.
func TestConnections(t *testing.T) {
	for conns, want := range map[int]int{0: -1, 1: -1, 2: 1, 4: 2, 8: 3} {
		s := settings{conns: conns}
		if got := s.multiplex(); got != want {
			t.Errorf("conns=%d: %d, want %d", conns, got, want)
		}
	}
}

func readDoc(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FuzzParse: what is accepted is within its bounds, and no error shows the
// secret, wherever it stands.
func FuzzParse(f *testing.F) {
	const secret = "Hunter2"
	seeds := [][2]string{
		{"redis://h", ""}, {"redis://:", "@h/1"}, {"redis://u:", "@h?cache=5&wait_replicas=1"}, {"rediss://h?tls_server_name=", ""},
		{"redis+unix:///run/", "?db=1"}, {"redis+cluster://a,", ":7"}, {"redis+sentinel://a/", "/3?sentinel_password=x"}, {"redis://h?prefix=", ""},
		{"redis://", "@x@h"}, {"redis://u:a?", "@h"}, {"redis://u:a/", "@h"}, {"redis://u:a#", "@h"}, {"redis://h/", ""}, {"redis://h:", ""},
		{"redis://[", "]"}, {"redis://h?", "=1"}, {"redis://h?timeout=", ""}, {"", "://h"}, {"redis://u:%", "@h"}, {"redis://h?prefix={", "}"},
	}
	accepted := 0
	for _, seed := range seeds {
		f.Add(seed[0], seed[1], true)
		f.Add(seed[0], seed[1], false)
		if _, err := parse(seed[0] + secret + seed[1]); err == nil {
			accepted++
		}
	}
	if accepted < 5 || accepted > len(seeds)-5 {
		f.Fatalf("%d of %d seeds are well formed; want some of each", accepted, len(seeds))
	}
	f.Fuzz(func(t *testing.T, before, after string, planted bool) {
		dsn := before + after
		if planted {
			dsn = before + secret + after
		}
		s, err := parse(dsn)
		if err != nil {
			if text := fmt.Sprintf("%v %+v %#v", err, err, err); planted && strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("%q: the error shows the secret: %s", dsn, text)
			}
			return
		}
		if _, err := s.Options.withDefaults(); err != nil || s.Timeout <= 0 || s.Timeout > time.Minute || s.Prefix == "" ||
			s.db < 0 || s.cache < 0 || s.cache > maxCache || s.buffer < 4<<10 || s.flushDelay < 0 || s.WaitReplicas < 0 || s.WaitReplicas > 100 || len(s.addrs) == 0 {
			t.Errorf("%q: out of bounds: %+v", dsn, s)
		}
		for _, addr := range s.addrs {
			if _, port, err := net.SplitHostPort(addr); s.network == "tcp" && (err != nil || port == "" || port == "0") {
				t.Errorf("%q: the address %q is none", dsn, addr)
			}
		}
	})
}
