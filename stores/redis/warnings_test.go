package redis_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestWarningOfEviction(t *testing.T) {
	server := testserver.StartRedis(t)
	store := open(t, "redis://"+server.Addr)
	want := func(limit, policy string, warned bool) {
		t.Helper()
		testserver.Redis(t, server.Addr, "CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", policy)
		w, err := store.Warnings(t.Context())
		if err != nil || len(w) > 1 || (len(w) == 1) != warned {
			t.Errorf("maxmemory %s, %s: %q, %v; want a warning = %v", limit, policy, w, err, warned)
		}
		if warned && len(w) == 1 && !(strings.Contains(w[0], policy) && strings.Contains(w[0], "set maxmemory-policy noeviction")) {
			t.Errorf("%q does not say what is wrong and what to set", w[0])
		}
	}
	want("0", "noeviction", false)
	want("0", "allkeys-lru", false)
	want("100mb", "noeviction", false)
	want("100mb", "allkeys-lru", true)
	want("100mb", "volatile-ttl", true)
}

func TestWarningsOfACluster(t *testing.T) {
	cluster := testserver.StartRedisCluster(t)
	store := open(t, "redis+cluster://"+strings.Join(cluster.Addrs(), ","))
	if w, err := store.Warnings(t.Context()); err != nil || len(w) != 0 {
		t.Errorf("%q, %v; want none", w, err)
	}
	testserver.Redis(t, cluster.Masters[2].Addr, "CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lfu")
	if w, err := store.Warnings(t.Context()); err != nil || len(w) != 1 || !strings.Contains(w[0], "allkeys-lfu") {
		t.Errorf("%q, %v; want one about the third master", w, err)
	}
}

// logLines is a place for log lines, one in each element.
type logLines chan string

func (l logLines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// TestAServerThatIsDownIsLoggedAtTheStart: a mistyped port should show before the
// first user comes.
func TestAServerThatIsDownIsLoggedAtTheStart(t *testing.T) {
	lines := make(logLines, 100)
	_, err := core.New(core.Config{
		AppID: "wx0123456789abcdef", Secret: core.NewSecret("s"), Keys: []core.Secret{core.NewSecret(strings.Repeat("k", 32))},
		Logger: slog.New(slog.NewTextHandler(lines, nil)),
	}, open(t, "redis://:hunter2@127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case line := <-lines:
		if !strings.Contains(line, "the session store does not answer") || !strings.Contains(line, "127.0.0.1:1") || strings.Contains(line, "hunter2") {
			t.Errorf("the line is %s", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing is logged")
	}
}

// TestWarningsDoNoHarm where they cannot be had.
func TestWarningsDoNoHarm(t *testing.T) {
	server := testserver.StartRedis(t)
	testserver.Redis(t, server.Addr, "CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
	testserver.Redis(t, server.Addr, "ACL", "SETUSER", "wx", "on", ">p", "~wx:*", "+get", "+hello", "+ping")
	if w, err := open(t, "redis://wx:p@"+server.Addr).Warnings(t.Context()); err != nil || len(w) != 0 {
		t.Errorf("without the right to INFO: %q, %v; want neither", w, err)
	}
	store := open(t, "redis://"+server.Addr+"?timeout=100ms")
	create(t, store, "s:k", "v")
	server.Pause()
	start := time.Now()
	if w, err := store.Warnings(t.Context()); err == nil || len(w) != 0 || time.Since(start) > time.Second {
		t.Errorf("of a server that hangs: %q, %v after %v; want an error in time", w, err, time.Since(start))
	}
	server.Resume()
	waitFor(t, "warning", func() bool { w, err := store.Warnings(t.Context()); return err == nil && len(w) == 1 })
}
