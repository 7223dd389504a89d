package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/storetest"
)

func TestConformsOnAUnixSocket(t *testing.T) {
	t.Parallel()
	server := testserver.StartRedis(t)
	storetest.Run(t, harness("redis+unix://"+testserver.RedisSocket(server)+"?db=3"))
	if keys := testserver.Redis(t, server.Addr, "INFO", "keyspace"); !strings.Contains(keys, "db3:") || strings.Contains(keys, "db0:") {
		t.Errorf("the keys are not in database 3 alone: %s", keys)
	}
}

func TestUserWithTheRightsInTheDocumentation(t *testing.T) {
	server := testserver.StartRedis(t)
	testserver.Redis(t, server.Addr, "ACL", "SETUSER", "wx", "on", ">pa/ss@1", "~wx:*",
		"+get", "+set", "+evalsha", "+eval", "+unlink", "+ping", "+hello", "+client|tracking", "+client|caching", "+pttl", "+wait", "+info")
	testserver.Redis(t, server.Addr, "ACL", "SETUSER", "default", "off")
	store := open(t, "redis://wx:pa%2Fss%401@"+server.Addr+"?cache=100&wait_replicas=1&wait_timeout=1ms")
	create(t, store, "s:k", "v")
	if err := store.Swap(t.Context(), "s:k", []byte("v"), []byte("w"), time.Hour); err != nil {
		t.Error(err)
	}
	if got := get(t, store, "s:k"); got != "w" {
		t.Errorf("Get = %q; want w", got)
	}
	if err := errors.Join(store.Ping(t.Context()), store.Delete(t.Context(), "s:k")); err != nil {
		t.Error(err)
	}
	create(t, store, "s:used", "v")
	warm(t, store, "s:used")
	if w, err := store.Warnings(t.Context()); err != nil || len(w) != 0 {
		t.Errorf("Warnings: %q, %v", w, err)
	}
	if err := store.Revoke(t.Context(), "s:k"); err == nil || !strings.Contains(err.Error(), "replicas") {
		t.Errorf("Revoke without replicas: %v", err)
	}

	_, err := open(t, "redis://wx:Hunter2@"+server.Addr).Get(t.Context(), "s:k")
	if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "Hunter2") {
		t.Errorf("Get with a wrong password: %v; want WRONGPASS, without the password", err)
	}
}

func TestClusterUserWithTheRightsInTheDocumentation(t *testing.T) {
	cluster := testserver.StartRedisCluster(t)
	for _, addr := range cluster.Addrs() {
		testserver.Redis(t, addr, "ACL", "SETUSER", "wx", "on", ">p", "~wx:*", "+get", "+set", "+evalsha", "+eval", "+unlink", "+ping", "+hello",
			"+client|tracking", "+client|caching", "+pttl", "+cluster", "+readonly", "+asking")
	}
	store := open(t, "redis+cluster://wx:p@"+cluster.Masters[0].Addr+"?cache=100")
	for i := range records {
		create(t, store, record(i), "v")
		warm(t, store, record(i))
	}
}

func TestConformsOnACluster(t *testing.T) {
	t.Parallel()
	cluster := testserver.StartRedisCluster(t)
	dsn := "redis+cluster://" + strings.Join(cluster.Addrs(), ",")
	storetest.Run(t, harness(dsn))
	t.Run("with near cache", func(t *testing.T) { storetest.Run(t, harness(dsn+"?cache=1000")) })
	t.Run("slots move under traffic", func(t *testing.T) { slotsMove(t, cluster) })
	t.Run("revocations wait for replicas", func(t *testing.T) {
		store := open(t, "redis+cluster://"+cluster.Masters[0].Addr+"?wait_replicas=1")
		for i := range records { // on several nodes
			if err := store.Revoke(t.Context(), record(i)); err != nil {
				t.Errorf("Delete: %v", err)
			}
		}
	})
	// On a cluster of its own: after slots have moved by hand, nodes may disagree for
	// long about whose they are, if a fail-over comes in between.
	t.Run("a master is killed", func(t *testing.T) { masterDies(t, testserver.StartRedisCluster(t)) })
}

func slotsMove(t *testing.T, cluster *testserver.RedisCluster) {
	dsn := "redis+cluster://" + cluster.Masters[0].Addr
	l, cached := startLoad(t, open(t, dsn)), startLoad(t, open(t, dsn+"?cache=1000"))
	l.waitAnswers(t, 100)
	for i := range records {
		slot := testserver.Redis(t, cluster.Masters[0].Addr, "CLUSTER", "KEYSLOT", "wx:"+record(i))
		cluster.MoveSlot(t, slot)
		l.waitAnswers(t, 200)
		cached.waitAnswers(t, 200)
	}
	l.stop(t)
	cached.stop(t)
	if n := max(l.errors.Load(), cached.errors.Load()); n > clients {
		t.Errorf("%d calls failed while slots moved; want few", n)
	}
}

func masterDies(t *testing.T, cluster *testserver.RedisCluster) {
	dsn := "redis+cluster://" + strings.Join(cluster.Addrs(), ",")
	store := open(t, dsn)
	l, cached := startLoad(t, store), startLoad(t, open(t, dsn+"?cache=1000"))
	l.waitAnswers(t, 1000)
	testserver.Redis(t, cluster.Masters[1].Addr, "PING")
	cluster.Masters[1].Kill()
	l.waitErrors(t, 1)
	cached.waitErrors(t, 1)
	promoted := cluster.Replicas[1].Addr
	waitFor(t, "promotion of the replica", func() bool {
		return strings.Contains(testserver.Redis(t, promoted, "ROLE"), "master")
	})
	for i := range records {
		waitFor(t, "answer for every record", func() bool {
			v, err := store.Get(t.Context(), record(i))
			return err == nil && string(v) == "alive"
		})
	}
	l.stop(t)
	cached.stop(t)
}

// TestStartsWhileAMasterIsDown: what the others serve does not wait for it, whatever
// the key is that the near cache tries first.
func TestStartsWhileAMasterIsDown(t *testing.T) {
	t.Parallel()
	cluster := testserver.StartRedisCluster(t)
	for _, addr := range cluster.Addrs() {
		testserver.Redis(t, addr, "CONFIG", "SET", "cluster-require-full-coverage", "no")
	}
	dead, key := cluster.Owner(t, "wx:s:"), ""
	for i := 0; key == "" || cluster.Owner(t, "wx:"+key) == dead; i++ {
		key = fmt.Sprint("s:", i)
	}
	cluster.Replicas[slices.Index(cluster.Masters, dead)].Kill()
	dead.Kill()
	for _, options := range []string{"", "?cache=100"} {
		store := open(t, "redis+cluster://"+strings.Join(cluster.Addrs(), ",")+options)
		waitFor(t, "record of a master that is there, with "+options, func() bool {
			err := store.Swap(t.Context(), key, nil, []byte("v"), time.Hour)
			return err == nil || errors.Is(err, core.ErrConflict)
		})
		if options != "" {
			warm(t, store, key)
		}
	}
}

func TestConformsUnderSentinel(t *testing.T) {
	t.Parallel()
	s := testserver.StartSentinel(t)
	dsn := "redis+sentinel://" + strings.Join(s.Addrs(), ",") + "/" + testserver.SentinelMaster
	storetest.Run(t, harness(dsn))
	store, cached := open(t, dsn), open(t, dsn+"?cache=100")
	l, lc := startLoad(t, store), startLoad(t, cached)
	l.waitAnswers(t, 1000)
	s.Master.Kill()
	l.waitErrors(t, 1)
	l.waitAnswers(t, 1000)
	lc.waitAnswers(t, 1000)
	if role := testserver.Redis(t, s.Replica.Addr, "ROLE"); !strings.HasPrefix(role, "master") {
		t.Errorf("the store answers, but the replica's role is %s", role)
	}
	l.stop(t)
	lc.stop(t)
}
