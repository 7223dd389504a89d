package memcached

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"testing"
)

const keys = 30_000

func placesOf(t *testing.T, servers ...string) []string {
	t.Helper()
	selector, err := NewSelector(servers...)
	if err != nil {
		t.Fatal(err)
	}
	places := make([]string, keys)
	for i := range places {
		addr, err := selector.PickServer(fmt.Sprint("wx:s:", i))
		if err != nil {
			t.Fatal(err)
		}
		places[i] = addr.String()
	}
	return places
}

func names(n int) (servers []string) {
	for i := range n {
		servers = append(servers, fmt.Sprintf("10.0.0.%d:11211", i+1))
	}
	return servers
}

func TestEveryServerHasItsShare(t *testing.T) {
	for n := 1; n <= 8; n++ {
		share := map[string]float64{}
		for _, place := range placesOf(t, names(n)...) {
			share[place] += 1.0 / keys
		}
		if len(share) != n {
			t.Errorf("%d servers: %d have keys", n, len(share))
		}
		for server, got := range share {
			if want := 1 / float64(n); math.Abs(got-want) > 0.05*want {
				t.Errorf("%d servers: %s has %.3f of the keys, want %.3f", n, server, got, want)
			}
		}
	}
}

func TestAnAddedServerMovesOnlyItsShare(t *testing.T) {
	for n := 1; n <= 8; n++ {
		before, after := placesOf(t, names(n)...), placesOf(t, names(n+1)...)
		added := names(n + 1)[n]
		moved := 0.0
		for i := range before {
			if before[i] == after[i] {
				continue
			}
			moved += 1.0 / keys
			if after[i] != added {
				t.Fatalf("%d servers and one more: a key moved from %s to %s", n, before[i], after[i])
			}
		}
		if want := 1 / float64(n+1); math.Abs(moved-want) > 0.05*want {
			t.Errorf("%d servers and one more: %.3f of the keys moved, want %.3f", n, moved, want)
		}
	}
}

func TestTheOrderOfServersDoesNotMatter(t *testing.T) {
	servers := names(5)
	want := placesOf(t, servers...)
	slices.Reverse(servers)
	if !slices.Equal(placesOf(t, servers...), want) {
		t.Error("the places depend on the order")
	}
}

// Changed places log nearly everybody out: this must not happen by accident.
func TestPlacesAreTheSameInEveryRelease(t *testing.T) {
	places := placesOf(t, "cache-a", "CACHE-B:11212", "[::1]", "/run/memcached.sock")
	want := []string{
		"[::1]:11211", "/run/memcached.sock", "[::1]:11211",
		"[::1]:11211", "cache-a:11211", "cache-b:11212",
		"cache-a:11211", "[::1]:11211", "cache-b:11212",
		"[::1]:11211", "/run/memcached.sock", "cache-a:11211",
	}
	if got := places[:len(want)]; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestSelectorListsItsServers(t *testing.T) {
	selector, err := NewSelector("b", "a:1", "/run/m.sock")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	list := func(a net.Addr) error {
		got = append(got, a.Network()+" "+a.String())
		return nil
	}
	if err := selector.Each(list); err != nil {
		t.Error(err)
	}
	if want := []string{"tcp b:11211", "tcp a:1", "unix /run/m.sock"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	stop := errors.New("stop")
	if err := selector.Each(func(net.Addr) error { return stop }); err != stop {
		t.Errorf("Each: %v, want the function's error", err)
	}
}

func TestNewSelectorRejects(t *testing.T) {
	for _, servers := range [][]string{{}, {""}, {"a", "a"}, {"a", "A:11211"}, {"[::1]", "[::1]:11211"}, {"a:0"}, {"a:x"}, {"a:65536"}, {"::1"}, {"a b"}, {"/"}} {
		if s, err := NewSelector(servers...); err == nil {
			t.Errorf("%q: got %v, want an error", servers, s.servers)
		}
	}
}

func BenchmarkPickServer(b *testing.B) {
	selector, err := NewSelector(names(3)...)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		_, _ = selector.PickServer("wx:s:0123456789abcdefghijABCDEFGHIJ0123456789abc")
	}
}
