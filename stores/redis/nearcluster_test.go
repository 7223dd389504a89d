package redis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/internal/testserver"
	"github.com/wxsession/wxsession/stores/redis"
)

// upheaval is something that happens to a cluster under the eyes of a near cache;
// keys are records that it knows.
type upheaval struct {
	name string
	do   func(t *testing.T, c *testserver.RedisCluster, keys []string)
}

func TestNearCacheLearnsOfRevocationsWhileSlotsMove(t *testing.T) {
	t.Parallel()
	learns(t, []upheaval{
		{"nothing happens", func(*testing.T, *testserver.RedisCluster, []string) {}},
		{"slots move", func(t *testing.T, c *testserver.RedisCluster, keys []string) {
			for _, key := range keys { // all to one master: claims of several could cross on their way
				c.MoveSlotTo(t, c.SlotOf(t, "wx:"+key), c.Masters[1])
			}
		}},
		{"a master is added", func(t *testing.T, c *testserver.RedisCluster, keys []string) {
			added := c.AddMaster(t)
			for _, key := range keys {
				c.MoveSlotTo(t, c.SlotOf(t, "wx:"+key), added)
			}
		}},
	})
}

func TestNearCacheLearnsOfRevocationsThroughFailovers(t *testing.T) {
	t.Parallel()
	learns(t, []upheaval{
		{"a replica takes over, and tells its former master nothing", func(t *testing.T, c *testserver.RedisCluster, _ []string) {
			r := c.Replicas[0].Addr
			testserver.Redis(t, r, "ACL", "SETUSER", "default", "-psync", "-sync")
			testserver.Redis(t, r, "CLUSTER", "FAILOVER")
			waitPromoted(t, c.Replicas[0])
			time.Sleep(2 * time.Second)
			testserver.Redis(t, r, "ACL", "SETUSER", "default", "+psync", "+sync")
		}},
		{"connections are cut", func(t *testing.T, c *testserver.RedisCluster, _ []string) {
			for range 10 {
				for _, m := range c.Masters {
					testserver.Redis(t, m.Addr, "CLIENT", "KILL", "TYPE", "normal")
				}
				time.Sleep(100 * time.Millisecond)
			}
		}},
		{"a master stops, and comes back when it is none", func(t *testing.T, c *testserver.RedisCluster, _ []string) {
			c.Masters[1].Pause()
			waitPromoted(t, c.Replicas[1])
			time.Sleep(1500 * time.Millisecond) // what ends meanwhile it does not know
			c.Masters[1].Resume()
		}},
		{"a master is killed", func(t *testing.T, c *testserver.RedisCluster, _ []string) {
			c.Masters[2].Kill()
			waitPromoted(t, c.Replicas[2])
		}},
	})
}

// learns lets records end while each upheaval takes place. They were read before
// it.
func learns(t *testing.T, upheavals []upheaval) {
	cluster := testserver.StartRedisCluster(t)
	dsn := "redis+cluster://" + strings.Join(cluster.Addrs(), ",")
	reader, other := open(t, dsn+"?cache=10000"), open(t, dsn)
	for i, u := range upheavals {
		t.Run(u.name, func(t *testing.T) {
			r := revoke(t, reader, other, fmt.Sprint("s:", i, "-"), func(keys []string) { u.do(t, cluster, keys) })
			if len(r.lags) == 0 {
				t.Fatal("no revocation took place")
			}
			slices.Sort(r.lags)
			mid, longest := r.lags[len(r.lags)/2], r.lags[len(r.lags)-1]
			t.Logf("served after the revocation: median %v, longest %v (%d records; %d revocations were lost with a master)", mid, longest, len(r.lags), r.lost)
			if longest > time.Second || mid > 50*time.Millisecond {
				t.Errorf("a revoked record was served for %v (median), %v at the longest; want milliseconds, and 1 s at most", mid, longest)
			}
		})
	}
}

// TestNearCacheKeepsNothingOfARedirect: who sends us on has not heard that we want
// to know of changes, and whom we are sent to neither.
func TestNearCacheKeepsNothingOfARedirect(t *testing.T) {
	t.Parallel()
	cluster := testserver.StartRedisCluster(t)
	dsn := "redis+cluster://" + strings.Join(cluster.Addrs(), ",")
	reader, other := open(t, dsn+"?cache=10000"), open(t, dsn)
	create(t, other, "s:other", "v")
	warm(t, reader, "s:other") // it knows who has which slots
	for i := range 30 {
		key := fmt.Sprint("s:", i)
		create(t, other, key, "v")
		cluster.MoveSlotTo(t, cluster.SlotOf(t, "wx:"+key), cluster.Masters[1])
		use(t, reader, key)
		use(t, reader, key)
		if err := other.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Second); reader.Remembers(key); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("a second after its deletion elsewhere %s is remembered, from before its slot was known to have moved", key)
			}
		}
	}
}

// TestNearCacheLosesWithAConnectionWhatCameOverIt, and nothing else; a server that
// drops all its keys says so in the same words.
func TestNearCacheLosesWithAConnectionWhatCameOverIt(t *testing.T) {
	t.Parallel()
	const timeout = 100 * time.Millisecond
	cluster := testserver.StartRedisCluster(t)
	dsn := "redis+cluster://" + strings.Join(cluster.Addrs(), ",")
	reader, other := open(t, dsn+"?cache=10000&timeout="+timeout.String()), open(t, dsn)
	opened := time.Now()
	owners := map[string]*testserver.Process{}
	for i := range 30 {
		key := fmt.Sprint("s:", i)
		owners[key] = cluster.Owner(t, "wx:"+key)
		create(t, other, key, "v")
	}
	knowAll(t, reader, owners)
	waitFor(t, "age at which all greetings are over", func() bool { return time.Since(opened) > timeout+3*time.Second })
	knowAll(t, reader, owners)
	testserver.Redis(t, cluster.Masters[0].Addr, "CLIENT", "KILL", "TYPE", "normal")
	waitFor(t, "end of the connection", func() bool { return known(reader, owners) < len(owners) })
	for key, owner := range owners {
		if cut := owner == cluster.Masters[0]; reader.Remembers(key) == cut {
			t.Errorf("%s is remembered: %v; its connection was cut: %v", key, !cut, cut)
		}
	}
	knowAll(t, reader, owners)
	testserver.Redis(t, cluster.Masters[1].Addr, "FLUSHALL")
	for key, owner := range owners {
		if owner == cluster.Masters[1] {
			waitGone(t, reader, key)
		}
	}
}

// TestNearCacheLearnsOfASlotThatIsTaken: the new owner claims it, and the former
// one, which still has the keys, drops them without a word.
func TestNearCacheLearnsOfASlotThatIsTaken(t *testing.T) {
	t.Parallel()
	cluster := testserver.StartRedisCluster(t)
	dsn := "redis+cluster://" + strings.Join(cluster.Addrs(), ",")
	reader, other := open(t, dsn+"?cache=10000"), open(t, dsn)
	for i := range 4 {
		key := fmt.Sprint("s:", i)
		from, to := cluster.Owner(t, "wx:"+key), cluster.Masters[0]
		if from == to {
			to = cluster.Masters[1]
		}
		create(t, other, key, "v")
		warm(t, reader, key)
		slot, id := cluster.SlotOf(t, "wx:"+key), testserver.NodeID(t, to)
		testserver.Redis(t, to.Addr, "CLUSTER", "SETSLOT", slot, "IMPORTING", testserver.NodeID(t, from))
		testserver.Redis(t, from.Addr, "MIGRATE", "127.0.0.1", strconv.Itoa(to.Port), "wx:"+key, "0", "5000", "COPY")
		testserver.Redis(t, to.Addr, "CLUSTER", "SETSLOT", slot, "NODE", id)
		testserver.Redis(t, to.Addr, "DEL", "wx:"+key)
		ended, served := time.Now(), time.Duration(0)
		for time.Since(ended) < 2*time.Second {
			began := time.Now()
			if _, err := reader.AppendGet(t.Context(), nil, key); err == nil {
				served = began.Sub(ended)
			}
			time.Sleep(time.Millisecond)
		}
		t.Logf("served for %v after the deletion", served)
		if served > time.Second {
			t.Errorf("%s was served for %v after its deletion by the slot's new owner; want 1 s at most", key, served)
		}
	}
}

func knowAll(t *testing.T, reader *redis.Store, keys map[string]*testserver.Process) {
	t.Helper()
	waitFor(t, "near cache that knows all", func() bool {
		for key := range keys {
			_, _ = reader.AppendGet(t.Context(), nil, key)
		}
		return known(reader, keys) == len(keys)
	})
}

func known(reader *redis.Store, keys map[string]*testserver.Process) (n int) {
	for key := range keys {
		if reader.Remembers(key) {
			n++
		}
	}
	return n
}

func waitPromoted(t *testing.T, replica *testserver.Process) {
	t.Helper()
	waitFor(t, "promotion of the replica", func() bool {
		return testserver.RedisRole(replica.Addr) == "master"
	})
}

// revocations is how long each record was served after its deletion had been
// acknowledged.
type revocations struct {
	mu   sync.Mutex
	lags []time.Duration
	lost int // live on, by the servers' own word
}

// revoke has reader remember records, and lets other delete them, one after the
// other, while the event takes place and for a while after it.
func revoke(t *testing.T, reader, other *redis.Store, prefix string, event func(keys []string)) *revocations {
	t.Helper()
	const before, during = 120, 2500 * time.Millisecond
	var keys []string
	for i := range before {
		keys = append(keys, prefix+strconv.Itoa(i))
		waitFor(t, "the record's creation", func() bool {
			err := other.Swap(t.Context(), keys[i], nil, []byte("v"), time.Hour)
			return err == nil || errors.Is(err, core.ErrConflict)
		})
	}
	for _, key := range keys {
		waitFor(t, "near cache that knows "+key, func() bool {
			_, _ = reader.AppendGet(t.Context(), nil, key)
			return reader.Remembers(key)
		})
	}
	r, wg := &revocations{}, sync.WaitGroup{}
	wg.Go(func() { event(keys[:20]) })
	for _, key := range keys {
		time.Sleep(during / before)
		wg.Go(func() { r.one(t, reader, other, key) })
	}
	wg.Wait()
	return r
}

// one deletes the record, and reads it until it is gone and a second longer.
func (r *revocations) one(t *testing.T, reader, other *redis.Store, key string) {
	for end := time.Now().Add(recovery); ; time.Sleep(5 * time.Millisecond) {
		err := other.Delete(context.Background(), key)
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Errorf("%s cannot be deleted: %v", key, err)
			return
		}
	}
	ended, served := time.Now(), time.Duration(0)
	for time.Since(ended) < 2500*time.Millisecond {
		began := time.Now()
		if _, err := reader.AppendGet(context.Background(), nil, key); err == nil {
			served = began.Sub(ended)
		}
		time.Sleep(time.Millisecond)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := other.Get(context.Background(), key); err == nil {
		r.lost++ // the deletion had not reached the replica
		return
	}
	r.lags = append(r.lags, served)
}
