package redis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
)

// TestNearCacheOutlivesTheSentinels: their connections announce nothing.
func TestNearCacheOutlivesTheSentinels(t *testing.T) {
	t.Parallel()
	s := testserver.StartSentinel(t)
	store := open(t, "redis+sentinel://"+strings.Join(s.Addrs(), ",")+"/"+testserver.SentinelMaster+"?cache=100")
	create(t, store, "s:k", "v")
	warm(t, store, "s:k")
	for _, p := range s.Sentinels {
		p.Kill()
	}
	before := store.Stats()
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		use(t, store, "s:k")
	}
	after := store.Stats()
	if hits, misses := after.NearHits-before.NearHits, after.NearMisses-before.NearMisses; misses*20 > hits {
		t.Errorf("%d hits and %d misses while the sentinels are gone, and the master is not; want hits", hits, misses)
	}
}

// TestNearCacheLearnsOfRevocationsUnderSentinel, where the former master answers on.
func TestNearCacheLearnsOfRevocationsUnderSentinel(t *testing.T) {
	t.Parallel()
	s := testserver.StartSentinel(t)
	dsn := "redis+sentinel://" + strings.Join(s.Addrs(), ",") + "/" + testserver.SentinelMaster
	reader, other := open(t, dsn+"?cache=10000"), open(t, dsn)
	r := revoke(t, reader, other, "s:", func([]string) {
		testserver.Redis(t, s.Sentinels[0].Addr, "SENTINEL", "FAILOVER", testserver.SentinelMaster)
		waitPromoted(t, s.Replica)
	})
	if len(r.lags) == 0 {
		t.Fatal("no revocation took place")
	}
	if longest := slices.Max(r.lags); longest > time.Second {
		t.Errorf("a revoked record was served for %v; want 1 s at most", longest)
	}
}
