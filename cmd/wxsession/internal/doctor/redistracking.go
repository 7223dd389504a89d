package doctor

import (
	"context"
	"fmt"
	"strconv"
)

const trackingLimit = "tracking-table-max-keys"

// checkTracking compares the near cache with the table in which a server notes
// which keys clients keep. When that is full the server announces changes that
// were none. The masters of a cluster share the keys.
func (v *redisVisit) checkTracking(ctx context.Context) {
	share := (int64(v.target.Cache) + int64(len(v.nodes)) - 1) / int64(len(v.nodes))
	v.each(ctx, "redis.cache", func(ctx context.Context, n *node) verdict {
		limit, known := n.trackingLimit(ctx)
		shared := ""
		if len(v.nodes) > 1 {
			shared = fmt.Sprintf(", shared by the %d masters,", len(v.nodes))
		}
		bound := fmt.Sprintf("processes × cache%s must stay below %d per master", shared, limit)
		switch {
		case !known:
			return skipped("the server does not tell how many keys it tracks (CONFIG GET "+trackingLimit+")", "look there: processes × cache must stay below it per master; it is 1000000 if nobody has set it")
		case limit == 0:
			return fine("the server tracks any number of keys (%s 0)", trackingLimit)
		case share > limit:
			return warned(fmt.Sprintf("one process alone keeps up to %d keys of a master, and it tracks %d (%s): beyond that it announces changes that were none, and the cache helps less", share, limit, trackingLimit),
				"raise it (CONFIG SET, and in redis.conf), or lower cache in "+mendDSN+": "+bound)
		}
		return fine("%s (%s)", bound, trackingLimit)
	})
}

// trackingLimit is 0 where there is none. Not every user may ask for it.
func (n *node) trackingLimit(ctx context.Context) (limit int64, known bool) {
	reply, err := n.do(ctx, "CONFIG", "GET", trackingLimit)
	if err != nil {
		return 0, false
	}
	fields, _ := reply.AsStrMap()
	limit, err = strconv.ParseInt(fields[trackingLimit], 10, 64)
	return limit, err == nil
}
