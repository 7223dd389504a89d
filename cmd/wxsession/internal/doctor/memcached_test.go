package doctor_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestMemcached(t *testing.T) {
	t.Parallel()
	a, b := testserver.StartMemcached(t), testserver.StartMemcached(t)
	env := func(dsn string) environment { return healthy(t, environment{"WX_STORE": "memcached://" + dsn}) }
	all := visit(t, env(a.Addr+","+b.Addr))
	all.none(t, doctor.Warn)
	all.none(t, doctor.Fail)
	all.none(t, doctor.Skip)
	for _, name := range []string{"store.connect", "memcached.version", "memcached.memory", "memcached.items", "store.clock", "store.write", "store.latency"} {
		all.want(t, name, doctor.OK, a.Addr)
		all.want(t, name, doctor.OK, b.Addr)
	}
	all.want(t, "memcached.version", doctor.OK, "Memcached 1.")
	all.want(t, "store.dsn", doctor.OK, "2 servers", "same names")
	for _, server := range []*testserver.Process{a, b} {
		if sets := memcachedStat(t, server.Addr, "cmd_set"); sets == "0" {
			t.Errorf("%s saw no test write", server.Addr)
		}
		if n := memcachedStat(t, server.Addr, "curr_items"); n != "0" {
			t.Errorf("the doctor has left %s values", n)
		}
	}

	b.Kill()
	all = visit(t, env(a.Addr+","+b.Addr))
	all.want(t, "store.connect", doctor.Fail, "nothing listens at "+b.Addr, "its share of the users gets 503")
	all.want(t, "store.write", doctor.OK, a.Addr)
	visit(t, env(b.Addr)).want(t, "store.connect", doctor.Fail, "nothing listens at "+b.Addr, "all users get 503")
	proxy := testserver.NewProxy(t, a.Addr)
	proxy.Slow(25 * time.Millisecond)
	visit(t, env(proxy.Addr+"?timeout=80ms")).want(t, "store.latency", doctor.Fail, "a round trip takes")
}

func TestMemcachedSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args  []string
		check string
		s     doctor.Status
		want  []string
	}{
		"without compare-and-swap": {[]string{"-C"}, "memcached.version", doctor.Fail, []string{"compare-and-swap is off", "without -C"}},
		"and what comes of it":     {[]string{"-C"}, "store.write", doctor.Fail, []string{"compare"}},
		"small items":              {[]string{"-I", "16k", "-o", "slab_chunk_max=8192"}, "memcached.items", doctor.Warn, []string{"16 KiB", "-I 1m"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testserver.StartMemcached(t, tt.args...)
			visit(t, healthy(t, environment{"WX_STORE": "memcached://" + server.Addr})).want(t, tt.check, tt.s, tt.want...)
		})
	}
}

func TestMemcachedThatEvicts(t *testing.T) {
	t.Parallel()
	server := testserver.StartMemcached(t, "-m", "8")
	conn, err := net.Dial("tcp", server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r, value := bufio.NewReader(conn), strings.Repeat("x", 10<<10)
	for i := range 2000 {
		fmt.Fprintf(conn, "set k%d 0 0 %d\r\n%s\r\n", i, len(value), value)
		if line, err := r.ReadString('\n'); err != nil {
			t.Fatal(line, err)
		}
	}
	visit(t, healthy(t, environment{"WX_STORE": "memcached://" + server.Addr})).want(t, "memcached.memory", doctor.Warn, "has evicted", "raise -m", "nobody can list")
}

// memcachedStat asks a server for one number.
func memcachedStat(t *testing.T, addr, name string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "stats\r\n")
	for r := bufio.NewReader(conn); ; {
		line, err := r.ReadString('\n')
		if err != nil || line == "END\r\n" {
			t.Fatalf("no %s: %v", name, err)
		}
		if value, found := strings.CutPrefix(line, "STAT "+name+" "); found {
			return strings.TrimSpace(value)
		}
	}
}

// TestMemcachedSaysSeldom: what servers in trouble say, and what is none.
func TestMemcachedSaysSeldom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		stats string
		check string
		s     doctor.Status
		want  []string
	}{
		{"limit_maxbytes 1000;bytes 900", "memcached.memory", doctor.Warn, []string{"900 B of 1000 B", "-m"}},
		{"limit_maxbytes 1000;bytes 100;curr_connections 90;max_connections 100", "memcached.memory", doctor.Warn, []string{"90 of 100 connections", "-c"}},
		{"limit_maxbytes 1000;bytes 100;curr_connections 10;max_connections 100", "memcached.memory", doctor.OK, nil},
		{"time +3", "store.clock", doctor.Warn, []string{"behind", "NTP"}},
		{"time -3", "store.clock", doctor.Warn, []string{"ahead", "NTP"}},
		{"time +7200", "store.clock", doctor.Fail, []string{"too early", "NTP"}},
		{"time -7200", "store.clock", doctor.Fail, []string{"ahead", "NTP"}},
		{"time +0", "store.clock", doctor.OK, nil},
	} {
		addr := fakeMemcached(t, tt.stats)
		visit(t, healthy(t, environment{"WX_STORE": "memcached://" + addr})).want(t, tt.check, tt.s, tt.want...)
	}
	silent := listen(t, func(conn net.Conn) { fmt.Fprint(conn, "ERROR\r\n") })
	visit(t, healthy(t, environment{"WX_STORE": "memcached://" + silent})).want(t, "store.connect", doctor.Fail, "does not speak", "TLS and SASL")
	shut := listen(t, func(net.Conn) {})
	visit(t, healthy(t, environment{"WX_STORE": "memcached://" + shut})).want(t, "store.connect", doctor.Fail, shut+" accepts connections and ends them", "all users get 503", "see the server's log", "neither TLS nor SASL")
	hung := listen(t, func(net.Conn) { <-t.Context().Done() })
	visit(t, healthy(t, environment{"WX_STORE": "memcached://" + hung})).want(t, "store.connect", doctor.Fail, hung+" does not answer")
	taciturn := fakeMemcached(t, "")
	all := visit(t, healthy(t, environment{"WX_STORE": "memcached://" + taciturn}))
	all.want(t, "memcached.version", doctor.OK, "9.9")
	all.want(t, "memcached.memory", doctor.Skip)
	all.lacks(t, "memcached.items")
}

// fakeMemcached knows version and stats; times are in seconds from now. Without
// stats it refuses to tell. A last dump is its answer to who asks for its keys.
func fakeMemcached(t *testing.T, stats string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	answer := func(line string) string {
		_, dump, dumps := strings.Cut(stats, "dump ")
		switch {
		case line == "version":
			return "VERSION 9.9\r\n"
		case dumps && strings.HasPrefix(line, "lru_crawler metadump"):
			return dump + "\r\n"
		case stats == "" || !strings.HasPrefix(line, "stats"):
			return "ERROR\r\n"
		}
		var b strings.Builder
		for item := range strings.SplitSeq(stats, ";") {
			name, value, _ := strings.Cut(item, " ")
			var offset int
			if name == "time" {
				fmt.Sscan(value, &offset)
				value = fmt.Sprint(time.Now().Unix() + int64(offset))
			}
			fmt.Fprintf(&b, "STAT %s %s\r\n", name, value)
		}
		return b.String() + "END\r\n"
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for scanner := bufio.NewScanner(conn); scanner.Scan(); {
					fmt.Fprint(conn, answer(scanner.Text()))
				}
			}()
		}
	}()
	return ln.Addr().String()
}
