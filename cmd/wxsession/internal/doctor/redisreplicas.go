package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

func (v *redisVisit) checkReplicas(ctx context.Context) {
	wanted := v.target.WaitReplicas
	v.each(ctx, "redis.replicas", func(ctx context.Context, n *node) verdict {
		connected := n.number("connected_slaves")
		switch lagging := n.lagging(); {
		case v.misled(n) && wanted > 0:
			return skipped("not tried: a node of a cluster answers for its own keys only", "see redis.role")
		case n.info != nil && lagging > 0:
			return warned(fmt.Sprintf("%d of %s are not in step", lagging, plural(int(connected), "replica")), "see the replicas' logs: the link to the master, and repl-backlog-size")
		case wanted == 0 && n.info == nil:
			return uninformed()
		case wanted == 0 && connected == 0 && n.announced > 0:
			return warned(fmt.Sprintf("the cluster knows of %s, and none is connected", plural(n.announced, "replica")), "see the replica's log")
		case wanted == 0 && connected == 0 && v.target.Cluster:
			return verdict{} // redis.cluster names the masters without one
		case wanted == 0 && connected == 0 && !n.persists(ctx):
			return warned("there is none, and nothing on disk: if this server restarts or is lost, everybody is logged out", "connect a replica, or see redis.persistence")
		case wanted == 0 && connected == 0:
			return fine("there is none: if this server is lost, only what is on its disk remains")
		case wanted == 0:
			return fine("%s in step; a fail-over may lose a log-out that was acknowledged, wait_replicas=1 narrows that", areIn(connected))
		}
		return v.tryWait(ctx, n, wanted)
	})
}

func areIn(n int64) string {
	if n == 1 {
		return "1 replica is"
	}
	return fmt.Sprintf("%d replicas are", n)
}

// lagging counts replicas that are connected and not online.
func (n *node) lagging() (count int) {
	for i := range n.number("connected_slaves") {
		if line := n.info[fmt.Sprintf("slave%d", i)]; line != "" && !strings.Contains(line, "state=online") {
			count++
		}
	}
	return count
}

// tryWait writes a key of ours as the store does what must not get lost: over a
// connection of its own, with WAIT behind it. Then the store has to find it.
func (v *redisVisit) tryWait(ctx context.Context, n *node, wanted int) verdict {
	const do = "connect more replicas, lower wait_replicas, or raise wait_timeout, in " + mendDSN
	acknowledged, took, err := v.writeAndWait(ctx, n, wanted)
	switch {
	case replyCode(err) == "NOPERM":
		return failed("this user may not run WAIT, and every log-out gets 503", "grant it +wait")
	case err != nil:
		return failed("a test write could not be acknowledged by replicas", do)
	case acknowledged < int64(wanted):
		return failed(fmt.Sprintf("%d of the %d replicas that wait_replicas wants have acknowledged a test write within %v: every log-out gets 503", acknowledged, wanted, v.target.WaitTimeout), do)
	}
	if err := v.findWritten(ctx, n); err != nil {
		return failed("a test write that replicas had acknowledged did not come back: "+err.Error(), "see the servers' logs: two of them may take themselves for the master")
	}
	return fine("%s acknowledged a test write, in %v", plural(int(acknowledged), "replica"), round(took))
}

const waited = "doctor waits"

func (v *redisVisit) writeAndWait(ctx context.Context, n *node, wanted int) (acknowledged int64, took time.Duration, err error) {
	ctx, cancel := within(ctx, patience+v.target.WaitTimeout)
	defer cancel()
	start := time.Now()
	err = n.client.Dedicated(func(c rueidis.DedicatedClient) error {
		set := c.B().Set().Key(v.target.Prefix + n.key).Value(waited).Px(keyLife).Build()
		wait := c.B().Wait().Numreplicas(int64(wanted)).Timeout(v.target.WaitTimeout.Milliseconds()).Build()
		if err := c.Do(ctx, set).Error(); err != nil {
			return err
		}
		acknowledged, err = c.Do(ctx, wait).AsInt64()
		return err
	})
	return acknowledged, time.Since(start), err
}

func (v *redisVisit) findWritten(ctx context.Context, n *node) error {
	err := wantValue(ctx, v.store, n.key, []byte(waited))
	return errors.Join(err, v.store.Delete(ctx, n.key))
}
