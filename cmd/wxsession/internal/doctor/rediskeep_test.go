package doctor_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/internal/testserver"
)

func TestMemoryAndEviction(t *testing.T) {
	t.Parallel()
	server := startGood(t)
	env := healthy(t, environment{"WX_STORE": "redis://" + server.Addr})
	look := func(limit, policy string) found {
		t.Helper()
		testserver.Redis(t, server.Addr, "CONFIG", "SET", "maxmemory", limit, "maxmemory-policy", policy)
		return visit(t, env)
	}
	all := look("100mb", "noeviction")
	all.want(t, "redis.memory", doctor.OK, "of 100 MiB")
	all.want(t, "redis.eviction", doctor.OK, "noeviction")
	all = look("0", "noeviction")
	all.want(t, "redis.memory", doctor.Warn, "maxmemory is not set", "noeviction")
	all.want(t, "redis.eviction", doctor.OK, "noeviction")
	look("0", "allkeys-lru").want(t, "redis.eviction", doctor.OK, "nothing is evicted")
	for _, policy := range []string{"allkeys-lru", "volatile-ttl"} {
		look("100mb", policy).want(t, "redis.eviction", doctor.Warn, policy, "nobody can list or end", "maxmemory-policy noeviction")
	}
	testserver.Redis(t, server.Addr, "SET", "ballast", strings.Repeat("x", 1<<20))
	_, used, _ := strings.Cut(testserver.Redis(t, server.Addr, "INFO", "memory"), "used_memory:")
	n, _ := strconv.Atoi(used[:strings.Index(used, "\r")])
	look(strconv.Itoa(n/100*104), "noeviction").want(t, "redis.memory", doctor.Warn, "KiB are used", "raise maxmemory")
	all = look("1mb", "noeviction")
	all.want(t, "store.write", doctor.Fail, "OOM", "raise maxmemory")
	look("1mb", "allkeys-random").want(t, "redis.eviction", doctor.Fail, "has evicted 1 key", "allkeys-random", "more memory")
}

func TestPersistence(t *testing.T) {
	t.Parallel()
	server := startGood(t)
	env := healthy(t, environment{"WX_STORE": "redis://" + server.Addr})
	set := func(aof, save string) found {
		t.Helper()
		testserver.Redis(t, server.Addr, "CONFIG", "SET", "appendonly", aof, "save", save)
		return visit(t, env)
	}
	all := set("no", "")
	all.want(t, "redis.persistence", doctor.Warn, "a restart logs everybody out", "appendonly yes")
	all.want(t, "redis.replicas", doctor.Warn, "nothing on disk", "connect a replica")
	all = set("no", "900 1")
	all.want(t, "redis.persistence", doctor.Warn, "snapshots only", "live again", "appendonly yes")
	all.want(t, "redis.replicas", doctor.OK, "only what is on its disk")
	set("yes", "900 1").want(t, "redis.persistence", doctor.OK)
	all = set("yes", "")
	all.want(t, "redis.persistence", doctor.OK)
	all.want(t, "redis.replicas", doctor.OK, "only what is on its disk")
}

// TestWhatServersSaySeldom: what INFO tells of a server in trouble.
func TestWhatServersSaySeldom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		info  string
		check string
		s     doctor.Status
		want  []string
	}{
		{"aof_enabled:1\naof_last_write_status:err", "redis.persistence", doctor.Fail, []string{"takes no writes", "disk"}},
		{"aof_enabled:0\nrdb_last_bgsave_status:err", "redis.persistence", doctor.Fail, []string{"snapshot has failed", "disk"}},
		{"aof_enabled:1\naof_last_bgrewrite_status:err", "redis.persistence", doctor.Warn, []string{"rewrite", "disk"}},
		{"loading:1", "redis.persistence", doctor.Fail, []string{"reading its data"}},
		{"aof_enabled:0\nrdb_last_bgsave_time_sec:0", "redis.persistence", doctor.Warn, []string{"snapshots only"}},
		{"aof_enabled:0\nrdb_last_bgsave_time_sec:-1", "redis.persistence", doctor.Warn, []string{"nothing is kept"}},
		{"maxmemory:0\nused_memory:6000000000\ntotal_system_memory:8000000000", "redis.memory", doctor.Fail, []string{"5722 MiB of the machine's 7629 MiB"}},
		{"maxmemory:100\nused_memory:91", "redis.memory", doctor.Warn, []string{"91 B of 100 B"}},
		{"maxmemory:100\nused_memory:90", "redis.memory", doctor.OK, nil},
		{"maxmemory:100\nmaxmemory_policy:volatile-lru\nevicted_keys:7", "redis.eviction", doctor.Fail, []string{"7 keys", "volatile-lru"}},
		{"maxmemory:100", "redis.eviction", doctor.Skip, nil},
		{"connected_slaves:2\nslave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0\nslave1:ip=10.0.0.3,port=6379,state=wait_bgsave", "redis.replicas", doctor.Warn, []string{"1 of 2 replicas", "logs"}},
		{"connected_slaves:1\nslave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0", "redis.replicas", doctor.OK, []string{"1 replica is in step", "wait_replicas=1"}},
		{"role:slave", "redis.role", doctor.Fail, []string{"replica"}},
	} {
		addr := fakeRedis(t, nil, "INFO", bulk(strings.ReplaceAll(tt.info, "\n", "\r\n")+"\r\n"))
		visit(t, healthy(t, environment{"WX_STORE": "redis://" + addr})).want(t, tt.check, tt.s, tt.want...)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	proxy := testserver.NewProxy(t, startGood(t).Addr)
	proxy.Slow(25 * time.Millisecond) // there and back
	for timeout, s := range map[string]doctor.Status{"80ms": doctor.Fail, "300ms": doctor.Warn, "20s": doctor.OK} {
		t.Run(timeout, func(t *testing.T) {
			t.Parallel()
			all := visit(t, healthy(t, environment{"WX_STORE": "redis://" + proxy.Addr + "?timeout=" + timeout}))
			all.want(t, "store.latency", s, "a round trip takes")
		})
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		off  time.Duration
		s    doctor.Status
		want []string
	}{
		{0, doctor.OK, []string{"agrees with the server's"}},
		{500 * time.Millisecond, doctor.OK, nil},
		{3 * time.Second, doctor.Warn, []string{"behind the server's", "NTP"}},
		{-3 * time.Second, doctor.Warn, []string{"ahead of the server's", "NTP"}},
		{time.Hour, doctor.Fail, []string{"behind", "NTP"}},
	} {
		addr := fakeRedis(t, func(c testserver.FakeCommand) string {
			if c.Args[0] != "TIME" {
				return ""
			}
			now := time.Now().Add(tt.off)
			return "*2\r\n" + bulk(fmt.Sprint(now.Unix())) + bulk(fmt.Sprint(now.Nanosecond()/1000))
		})
		visit(t, healthy(t, environment{"WX_STORE": "redis://" + addr})).want(t, "store.clock", tt.s, tt.want...)
	}
}

func TestNearCacheThatLearnsNothing(t *testing.T) {
	t.Parallel()
	values := map[string]string{}
	forgetful := false
	addr := fakeRedis(t, func(c testserver.FakeCommand) string {
		switch c.Args[0] {
		case "SET":
			values[c.Args[1]] = c.Args[2]
			return "+OK\r\n"
		case "GET":
			if v, ok := values[c.Args[1]]; ok {
				return bulk(v)
			}
			return "$-1\r\n"
		case "PTTL":
			if forgetful {
				return ":-2\r\n"
			}
			return ":10000\r\n"
		case "UNLINK":
			delete(values, c.Args[1])
			return ":1\r\n"
		}
		return ""
	})
	env := healthy(t, environment{"WX_STORE": "redis://" + addr + "?cache=10"})
	visit(t, env).want(t, "redis.cache", doctor.Fail, "did not show within 1s", "CLIENT TRACKING")
	forgetful = true
	visit(t, env).want(t, "redis.cache", doctor.Fail, "keeps nothing", "CLIENT TRACKING")
}
