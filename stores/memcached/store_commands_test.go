package memcached_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestCommandsByTheServersOwnStatistics(t *testing.T) {
	ctx, server := t.Context(), testserver.StartMemcached(t)
	store := open(t, "memcached://"+server.Addr)
	tests := []struct {
		name string
		call func() error
		want error
		cost map[string]int
	}{
		{"Get of a missing key", func() error { _, err := store.Get(ctx, "s:k"); return err }, core.ErrNotFound, map[string]int{"cmd_get": 1}},
		{"Swap with nil", func() error { return store.Swap(ctx, "s:k", nil, []byte("v"), time.Hour) }, nil, map[string]int{"cmd_set": 1}},
		{"Get", func() error { _, err := store.Get(ctx, "s:k"); return err }, nil, map[string]int{"cmd_get": 1, "get_hits": 1}},
		{"Swap", func() error { return store.Swap(ctx, "s:k", []byte("v"), []byte("w"), time.Hour) }, nil, map[string]int{"cmd_get": 1, "cmd_set": 1, "cas_hits": 1}},
		{"Swap of a stale value", func() error { return store.Swap(ctx, "s:k", []byte("v"), []byte("w"), time.Hour) }, core.ErrConflict, map[string]int{"cmd_get": 1}},
		{"Delete", func() error { return store.Delete(ctx, "s:k") }, nil, map[string]int{"delete_hits": 1}},
		{"Delete of a missing key", func() error { return store.Delete(ctx, "s:k") }, nil, map[string]int{"delete_misses": 1}},
	}
	for _, tt := range tests {
		before := statistics(t, server.Addr)
		if err := tt.call(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		after := statistics(t, server.Addr)
		for _, counter := range []string{"cmd_get", "cmd_set", "cmd_touch", "cas_hits", "cas_badval", "delete_hits", "delete_misses"} {
			if got := after[counter] - before[counter]; got != tt.cost[counter] {
				t.Errorf("%s: %s rose by %d, want %d", tt.name, counter, got, tt.cost[counter])
			}
		}
	}
}

// Every answer is lost: a get is asked for once more, a write never is.
func TestWritesAreSentOnce(t *testing.T) {
	for _, backend := range []string{"Open", "New"} {
		t.Run(backend, func(t *testing.T) {
			ctx := t.Context()
			_, servers, proxies := start(t, 1)
			store := openAs(t, backend, proxies[0].Addr, 10*time.Second)
			proxies[0].ResetMidReply()
			before := statistics(t, servers[0].Addr)
			_, get := store.Get(ctx, "s:k")
			for _, err := range []error{get, store.Swap(ctx, "s:k", nil, []byte("v"), time.Hour), store.Delete(ctx, "s:k")} {
				if err == nil || errors.Is(err, core.ErrNotFound) || errors.Is(err, core.ErrConflict) {
					t.Errorf("got %v, want another error", err)
				}
			}
			after := statistics(t, servers[0].Addr)
			for counter, want := range map[string]int{"cmd_get": 2, "cmd_set": 1, "delete_hits": 1, "delete_misses": 0} {
				if got := after[counter] - before[counter]; got != want {
					t.Errorf("%s rose by %d, want %d", counter, got, want)
				}
			}
		})
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	server := testserver.StartMemcached(t)
	store := open(t, "memcached://"+server.Addr+"?max_conns=6&max_idle=2&timeout=10s")
	inParallel(64, func(int) {
		for range 20 {
			if _, err := store.Get(context.Background(), "s:k"); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("Get: %v", err)
			}
		}
	})
	// The server closes connections in its own time; one is that of statistics.
	base := statistics(t, testserver.StartMemcached(t).Addr)["curr_connections"]
	eventually(t, "two idle connections are left", func() bool {
		return statistics(t, server.Addr)["curr_connections"] == base+2
	})
}

func TestIllegalKeysAreErrors(t *testing.T) {
	store := open(t, "memcached://"+testserver.StartMemcached(t).Addr)
	for _, key := range []string{"two words", "line\r\nget other", strings.Repeat("k", 250)} {
		_, get := store.Get(t.Context(), key)
		swap := store.Swap(t.Context(), key, nil, []byte("v"), time.Hour)
		for _, err := range []error{get, swap, store.Delete(t.Context(), key)} {
			if err == nil || !strings.Contains(err.Error(), "250 bytes") || strings.Contains(err.Error(), key) {
				t.Errorf("got %v, want an error that says what a key may be", err)
			}
		}
	}
}

// Without compare-and-swap every cas succeeds: updates would be lost silently.
func TestServerWithoutCASIsNoticed(t *testing.T) {
	store := open(t, "memcached://"+testserver.StartMemcached(t, "-C").Addr)
	if err := store.Swap(t.Context(), "s:k", nil, []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := store.Swap(t.Context(), "s:k", []byte("v"), []byte("w"), time.Hour); err == nil || !strings.Contains(err.Error(), "without -C") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

// statistics asks a memcached for its counters.
func statistics(t *testing.T, addr string) map[string]int {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("stats\r\n")); err != nil {
		t.Fatal(err)
	}
	stats := map[string]int{}
	for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != "END"; {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 {
			stats[fields[1]], _ = strconv.Atoi(fields[2]) // those that are no numbers are of no interest
		}
	}
	return stats
}
