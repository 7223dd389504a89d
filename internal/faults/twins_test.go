package faults_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
)

// nearLag is how long an instance with a near cache may serve what another one
// has revoked.
const nearLag = time.Second

// twins are two instances of a service, each with its own connections to one
// store.
type twins struct {
	a, b core.Store
	lag  time.Duration // of each behind the other
}

// eachTwins runs test over every kind of store that instances can share. A
// busy machine may delay a call: time limits are not what these tests are about.
func eachTwins(t *testing.T, test func(*testing.T, twins)) {
	t.Helper()
	for _, kind := range []struct {
		name, dsn string
		start     func(testing.TB) (addr string)
		lag       time.Duration
	}{
		{"redis", "redis://%s?timeout=5s", startRedis, 0},
		{"redis with a near cache", "redis://%s?timeout=5s&cache=1000", startRedis, nearLag},
		{"redis cluster with a near cache", "redis+cluster://%s?timeout=5s&cache=1000", startCluster, nearLag},
		{"memcached", "memcached://%s?timeout=5s", startMemcached, 0},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			dsn := fmt.Sprintf(kind.dsn, kind.start(t))
			test(t, twins{openStore(t, dsn), openStore(t, dsn), kind.lag})
		})
	}
}

func startRedis(t testing.TB) string { return testserver.StartRedis(t).Addr }

func startCluster(t testing.TB) string {
	return strings.Join(addrs(testserver.StartRedisCluster(t).Masters), ",")
}

func startMemcached(t testing.TB) string { return testserver.StartMemcached(t).Addr }

func addrs(servers []*testserver.Process) (addrs []string) {
	for _, s := range servers {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

// eachRedis runs test over one server and over a cluster of three masters.
func eachRedis(t *testing.T, test func(t *testing.T, dsn string, servers []string)) {
	t.Helper()
	t.Run("one server", func(t *testing.T) {
		t.Parallel()
		addr := startRedis(t)
		test(t, "redis://"+addr, []string{addr})
	})
	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		masters := startCluster(t)
		test(t, "redis+cluster://"+masters, strings.Split(masters, ","))
	})
}

// instances are the managers on a pair of stores.
type instances struct {
	a, b *core.Manager
	lag  time.Duration
}

func (w twins) instances(t *testing.T, cfg core.Config) instances {
	t.Helper()
	return instances{newManager(t, w.a, cfg), newManager(t, w.b, cfg), w.lag}
}

// of deals the managers out in turns.
func (in instances) of(n int) *core.Manager {
	if n%2 == 0 {
		return in.a
	}
	return in.b
}

// alive returns the public ids of the sessions that tokens stand for.
func alive(t *testing.T, m *core.Manager, tokens []string) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, token := range tokens {
		s, err := m.Check(t.Context(), token)
		switch core.CodeOf(err) {
		case "":
			ids[s.ID] = true
		case core.CodeInvalidSession, core.CodeSessionRevoked:
		default:
			t.Errorf("a token is neither alive nor dead: %v", err)
		}
	}
	return ids
}

func listed(t *testing.T, m *core.Manager, openID string) map[string]bool {
	t.Helper()
	list, err := m.Sessions(t.Context(), appID, openID)
	if err != nil {
		t.Errorf("Sessions: %v", err)
	}
	ids := map[string]bool{}
	for _, info := range list {
		ids[info.ID] = true
	}
	return ids
}

// wantAgreement wants that exactly what is alive is listed, and that many, on
// both instances.
func (in instances) wantAgreement(t *testing.T, openID string, tokens []string, count int) {
	t.Helper()
	for i := range 2 {
		m := in.of(i)
		if !poll(in.lag, func() bool {
			live := alive(t, m, tokens)
			return maps.Equal(live, listed(t, m, openID)) && (count < 0 || len(live) == count)
		}) {
			t.Errorf("instance %d: alive are %d sessions, listed %d; want equal sets of %d (-1 is any)",
				i, len(alive(t, m, tokens)), len(listed(t, m, openID)), count)
		}
	}
}

// wantDead wants that no token lives: at once on the instance that ended them,
// which is a, and after the lag on the other.
func (in instances) wantDead(t *testing.T, tokens []string) {
	t.Helper()
	for i, lag := range []time.Duration{0, in.lag} {
		if !poll(lag, func() bool { return len(alive(t, in.of(i), tokens)) == 0 }) {
			t.Errorf("instance %d: %d sessions live on", i, len(alive(t, in.of(i), tokens)))
		}
	}
}

// allAtOnce calls do for 0 to n-1 in parallel, from one moment on, and collects
// what it returns.
func allAtOnce[T any](n int, do func(int) T) []T {
	results := make([]T, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			results[i] = do(i)
		})
	}
	close(start)
	wg.Wait()
	return results
}

// median of at least one duration, and the longest.
func median(took []time.Duration) (mid, longest time.Duration) {
	slices.Sort(took)
	return took[len(took)/2], took[len(took)-1]
}
