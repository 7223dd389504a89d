package redis

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// TestEveryRefusalSaysWhatToDo walks the table: the server gives each reply to
// each verb, with something at the end that no error may show.
func TestEveryRefusalSaysWhatToDo(t *testing.T) {
	var reply atomic.Pointer[string]
	server := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		switch c.Args[0] {
		case "GET", "SET", "EVALSHA", "UNLINK":
			return *reply.Load()
		default:
			return testserver.FakeHandshake(c)
		}
	})
	store, err := Open(t.Context(), "redis://"+server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	check := func(text, code, do string, full bool) {
		t.Helper()
		reply.Store(&text)
		ctx := t.Context()
		_, get := store.Get(ctx, "s:k")
		_, appendGet := store.AppendGet(ctx, nil, "s:k")
		for verb, err := range map[string]error{
			"Get": get, "AppendGet": appendGet, "Delete": store.Delete(ctx, "s:k"),
			"Swap": store.Swap(ctx, "s:k", []byte("v"), []byte("v"), time.Hour), "Swap of nil": store.Swap(ctx, "s:k", nil, []byte("v"), time.Hour),
		} {
			if err == nil || errors.Is(err, core.ErrNotFound) || errors.Is(err, core.ErrConflict) {
				t.Fatalf("%s after %q: %v; want another error", verb, text, err)
			}
			if want := "redis: the server refused: " + code; err.Error() != want+": "+do && (do != "" || err.Error() != want) {
				t.Errorf("%s after %q: %v; want %s: %s", verb, text, err, want, do)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "planted") {
				t.Errorf("%s after %q shows what it must hide: %v", verb, text, err)
			}
			if isFull(err) != full {
				t.Errorf("%s after %q: full = %v; want %v", verb, text, !full, full)
			}
		}
	}
	for _, a := range refusals {
		code, text := a.reply, "-"+a.reply+" planted wx:s:k\r\n"
		if strings.Contains(code, " ") {
			code, text = "ERR", "-ERR "+a.reply+" planted\r\n"
		}
		check(text, code, a.do, code == "OOM")
	}
	// What Redis 6 makes of an error in a script.
	check("-ERR Error running script (call to f_planted): @user_script:1: @user_script: 1: -OOM command not allowed planted\r\n", "OOM", refusals[5].do, true)
	check("-ERR something else planted\r\n", "ERR", "", false)
	check("-NEWCODE planted\r\n", "NEWCODE", "", false)
	check("-planted\r\n", "ERR", "", false)
	check("-BUSYKEY planted\r\n", "BUSYKEY", "", false)
}

// TestEveryRefusalHasARemedy in the words of somebody who can do something.
func TestEveryRefusalHasARemedy(t *testing.T) {
	for _, code := range []string{"WRONGPASS", "NOAUTH", "NOPERM", "LOADING", "MISCONF", "OOM", "READONLY", "CLUSTERDOWN", "MOVED", "DB index is out of range"} {
		if err := refusal(code + " text"); len(err.Error()) < len(code)/2+20 {
			t.Errorf("%s: %v; want what to do about it", code, err)
		}
	}
	seen := map[string]bool{}
	for _, a := range refusals {
		if seen[a.reply] || a.do == "" {
			t.Errorf("%s stands twice in the table, or has no remedy", a.reply)
		}
		seen[a.reply] = true
	}
}

func isFull(err error) bool {
	return errors.Is(err, core.ErrFull)
}

func TestRefusalsOfRealServers(t *testing.T) {
	server := testserver.StartRedis(t)
	replica := testserver.StartRedis(t, "--replicaof", "127.0.0.1", fmt.Sprint(server.Port))
	strict := testserver.StartRedis(t, "--min-replicas-to-write", "1")
	alone := testserver.StartRedis(t, "--appendonly", "no", "--cluster-enabled", "yes")
	testserver.Redis(t, server.Addr, "ACL", "SETUSER", "reader", "on", "nopass", "~wx:*", "+get", "+hello", "+ping")
	testserver.Redis(t, server.Addr, "LPUSH", "wx:s:list", "x")
	for _, tt := range []struct{ addr, want string }{
		{replica.Addr, "READONLY"}, {strict.Addr, "NOREPLICAS"}, {alone.Addr, "CLUSTERDOWN"}, {"reader:x@" + server.Addr, "NOPERM"},
	} {
		store, err := Open(t.Context(), "redis://"+tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		if err := store.Swap(t.Context(), "s:k", nil, []byte("v"), time.Hour); err == nil || !strings.Contains(err.Error(), "refused: "+tt.want+": ") {
			t.Errorf("Swap: %v; want %s and what to do", err, tt.want)
		}
	}
	store, err := Open(t.Context(), "redis://"+server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Get(t.Context(), "s:list"); err == nil || !strings.Contains(err.Error(), "WRONGTYPE: ") {
		t.Errorf("Get of a list: %v; want WRONGTYPE and what to do", err)
	}
}
