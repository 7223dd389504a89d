package redis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

func TestRefusalsKeepTheirCode(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr)
	testserver.Redis(t, server.Addr, "LPUSH", "wx:s:list", "x")
	if _, err := store.Get(t.Context(), "s:list"); err == nil || !strings.HasSuffix(err.Error(), "WRONGTYPE") {
		t.Errorf("Get of a list: %v; want WRONGTYPE", err)
	}
	testserver.Redis(t, server.Addr, "CONFIG", "SET", "maxmemory", "1")
	if err := store.Swap(t.Context(), "s:k", nil, []byte("v"), time.Hour); err == nil || !strings.HasSuffix(err.Error(), "OOM") {
		t.Errorf("Swap without memory: %v; want OOM", err)
	}
}
