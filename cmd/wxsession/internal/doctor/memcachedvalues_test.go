package doctor_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestValuesInMemcached(t *testing.T) {
	t.Parallel()
	const otherApp = "wxfedcba9876543210"
	for name, tt := range map[string]storedCase{
		"the same key": {nil, nil, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "2 of 2 sampled values can be read")
			all.want(t, "store.apps", doctor.OK)
			all.want(t, "store.prefix", doctor.OK)
			all.none(t, doctor.Fail)
			all.none(t, doctor.Warn)
		}},
		"another key": {nil, environment{"WX_KEYS": storeKey('b')}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.Fail, "2 of 2 sampled values", "not among WX_KEYS", "logged out")
		}},
		"another app": {environment{"WX_APPID": otherApp}, nil, func(t *testing.T, all found) {
			all.want(t, "store.apps", doctor.Warn, otherApp, "WX_APPS")
		}},
		"under a longer prefix": {environment{"WX_STORE": "?prefix=wx:%25shop:"}, nil, func(t *testing.T, all found) {
			all.want(t, "store.prefix", doctor.Warn, `2 keys under the prefix "wx:"`)
		}},
		"under another prefix": {environment{"WX_STORE": "?prefix=shop:"}, nil, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "none yet")
		}},
		"a prefix of signs": {environment{"WX_STORE": "?prefix=a%25b%3D:"}, environment{"WX_STORE": "?prefix=a%25b%3D:"}, func(t *testing.T, all found) {
			all.want(t, "store.values", doctor.OK, "2 of 2 sampled values")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testserver.StartMemcached(t)
			at := func(env environment) environment {
				full := healthy(t, env)
				full["WX_STORE"] = "memcached://" + server.Addr + env["WX_STORE"]
				return full
			}
			logIn(t, at(tt.stored), "o-alice")
			tt.want(t, visit(t, at(tt.looks)))
		})
	}
}

// TestOtherListsOfServers: an instance that lists one server of two puts values
// where those that list both do not look.
func TestOtherListsOfServers(t *testing.T) {
	t.Parallel()
	a, b := testserver.StartMemcached(t), testserver.StartMemcached(t)
	both := healthy(t, environment{"WX_STORE": "memcached://" + a.Addr + "," + b.Addr})
	one := with(both, environment{"WX_STORE": "memcached://" + a.Addr})
	for i := range 8 {
		logIn(t, both, fmt.Sprint("o-", i))
	}
	visit(t, both).want(t, "store.values", doctor.OK, "16 of 16 sampled values")
	for i := range 8 {
		logIn(t, one, fmt.Sprint("o-", 8+i))
	}
	visit(t, both).want(t, "store.values", doctor.Warn, "keys are on servers where this DSN does not look", "same names", "lifetime")
}

func TestMemcachedThatDoesNotListItsKeys(t *testing.T) {
	t.Parallel()
	server := testserver.StartMemcached(t, "-o", "no_lru_crawler")
	all := visit(t, healthy(t, environment{"WX_STORE": "memcached://" + server.Addr}))
	all.want(t, "store.values", doctor.Skip, "metadump", "no_lru_crawler")
	all.lacks(t, "store.prefix")
	all.none(t, doctor.Fail)
	other := testserver.StartMemcached(t)
	env := healthy(t, environment{"WX_STORE": "memcached://" + server.Addr + "," + other.Addr})
	all = visit(t, env)
	all.want(t, "store.values", doctor.Skip, server.Addr)
	all.want(t, "store.values", doctor.OK, "none yet") // what there is to see is looked at
	for said, want := range map[string]struct {
		s    doctor.Status
		text string
	}{
		"NOTSTARTED no items to crawl":              {doctor.OK, "none yet"},
		"BUSY currently processing crawler request": {doctor.Skip, "try again"},
		"ERROR metadump not allowed":                {doctor.Skip, "without -X"},
	} {
		fake := fakeMemcached(t, "time +0;dump "+said)
		visit(t, healthy(t, environment{"WX_STORE": "memcached://" + fake})).want(t, "store.values", want.s, want.text)
	}
}

func TestTheSampleOfMemcachedIsBounded(t *testing.T) {
	t.Parallel()
	server := testserver.StartMemcached(t)
	env := healthy(t, environment{"WX_STORE": "memcached://" + server.Addr})
	store(t, server.Addr, "others", 120_000)
	visit(t, env).want(t, "store.values", doctor.OK, "none among", "has more")
	store(t, server.Addr, "wx:x:", 5_000)
	before := memcachedStat(t, server.Addr, "cmd_get")
	visit(t, env)
	var from, to int
	fmt.Sscan(before, &from)
	fmt.Sscan(memcachedStat(t, server.Addr, "cmd_get"), &to)
	if n := to - from; n > 600 {
		t.Errorf("the doctor has read %d values", n)
	}
}

// store writes n values of one byte, without waiting for each.
func store(t *testing.T, addr, prefix string, n int) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := bufio.NewWriter(conn)
	for i := range n {
		fmt.Fprintf(w, "set %s%d 0 0 1 noreply\r\nx\r\n", prefix, i)
	}
	fmt.Fprint(w, "version\r\n")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "VERSION") {
		t.Fatal(line, err)
	}
}
