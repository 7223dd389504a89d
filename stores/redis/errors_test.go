package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// TestErrorsHideWhatTheServerQuotes: to a command that it does not know, Redis
// replies with the command's arguments.
func TestErrorsHideWhatTheServerQuotes(t *testing.T) {
	server := testserver.StartRedis(t, "--rename-command", "EVALSHA", "", "--rename-command", "UNLINK", "", "--rename-command", "GET", "")
	store := open(t, "redis://"+server.Addr)
	_, errGet := store.Get(t.Context(), "s:planted")
	for what, err := range map[string]error{
		"Get":    errGet,
		"Swap":   store.Swap(t.Context(), "s:planted", []byte("planted"), []byte("planted"), time.Hour),
		"Delete": store.Delete(t.Context(), "s:planted"),
	} {
		if err == nil || !strings.Contains(err.Error(), "EVALSHA") {
			t.Errorf("%s: %v; want an error that names the commands to allow", what, err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "planted") {
			t.Errorf("%s: the error shows what it must hide: %v", what, err)
		}
	}
}

// TestFullServer: under noeviction at the limit nothing can be stored, and what
// must go can still go.
func TestFullServer(t *testing.T) {
	server := testserver.StartRedis(t, "--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
	store := open(t, "redis://"+server.Addr)
	var err error
	stored := 0
	for ; err == nil && stored < 1000; stored++ {
		err = store.Swap(t.Context(), fmt.Sprint("s:", stored), nil, make([]byte, 32<<10), time.Hour)
	}
	if !errors.Is(err, core.ErrFull) || !strings.Contains(err.Error(), "raise maxmemory") {
		t.Fatalf("Swap number %d: %v; want an error that says that the store is full", stored, err)
	}
	old := make([]byte, 32<<10)
	if err := store.Swap(t.Context(), "s:0", old, []byte("a tombstone"), time.Hour); !errors.Is(err, core.ErrFull) {
		t.Errorf("Swap to a smaller value: %v; want that the store is full", err)
	}
	if v, err := store.Get(t.Context(), "s:0"); err != nil || len(v) != len(old) {
		t.Errorf("Get: %d bytes, %v; want what is there", len(v), err)
	}
	if err := store.Delete(t.Context(), "s:0"); err != nil {
		t.Errorf("Delete: %v; want success", err)
	}
	if _, err := store.Get(t.Context(), "s:0"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("Get after Delete: %v; want core.ErrNotFound", err)
	}
}

// TestRevocationsOnAFullServer: what is there can be removed, and the replicas
// hear of it. Where nothing is there, there is no room to ask them about it.
func TestRevocationsOnAFullServer(t *testing.T) {
	master := testserver.StartRedis(t)
	replica := testserver.StartRedis(t, "--replicaof", "127.0.0.1", fmt.Sprint(master.Port))
	waitFor(t, "link to the master", func() bool {
		return strings.Contains(testserver.Redis(t, replica.Addr, "INFO", "replication"), "master_link_status:up")
	})
	store := open(t, "redis://"+master.Addr+"?wait_replicas=1&wait_timeout=2s")
	create(t, store, "s:k", "v")
	testserver.Redis(t, master.Addr, "CONFIG", "SET", "maxmemory", "1")
	if err := store.Revoke(t.Context(), "s:k"); err != nil {
		t.Errorf("a revocation: %v; want success", err)
	}
	if err := store.Revoke(t.Context(), "s:k"); !errors.Is(err, core.ErrFull) {
		t.Errorf("its repetition: %v; want that the server is full", err)
	}
}
