package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// oldest is the first Redis that the store works with.
const oldest = 6

func (v *redisVisit) checkVersion(ctx context.Context) {
	v.each(ctx, "redis.version", func(_ context.Context, n *node) verdict {
		kind, version := n.kind()
		if version == "" {
			return skipped("the server does not tell its version", "")
		}
		text := kind + " " + version
		major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0])
		if err == nil && kind == "Redis" && major < oldest {
			return failed(text+" is too old", fmt.Sprintf("run Redis %d or newer, or Valkey", oldest))
		}
		return fine("%s", text)
	})
	v.each(ctx, "redis.role", func(_ context.Context, n *node) verdict {
		const replica = "it is a replica, and takes no writes"
		switch {
		case n.hello["mode"] == "sentinel":
			return failed("it is a sentinel", "use redis+sentinel://host/master")
		case v.misled(n):
			return failed("it is a node of a cluster", "use redis+cluster:// in place of redis://")
		case n.hello["role"] == "replica", n.info["role"] == "slave":
			return failed(replica, "name the master, or let redis+sentinel:// find it")
		}
		return fine("it is a master, and takes writes")
	})
}

// misled reports whether the DSN takes a node of a cluster for a server.
func (v *redisVisit) misled(n *node) bool { return n.hello["mode"] == "cluster" && !v.target.Cluster }

func (n *node) kind() (kind, version string) {
	switch {
	case n.info["valkey_version"] != "":
		return "Valkey", n.info["valkey_version"]
	case n.hello["server"] == "valkey":
		return "Valkey", n.hello["version"]
	case n.hello["version"] != "":
		return "Redis", n.hello["version"]
	}
	return "Redis", n.info["redis_version"]
}

func (v *redisVisit) checkMemory(ctx context.Context) {
	v.informed(ctx, "redis.memory", func(_ context.Context, n *node) verdict {
		limit, used, all := n.number("maxmemory"), n.number("used_memory"), n.number("total_system_memory")
		switch {
		case limit == 0 && all > 0 && used > all/2:
			return failed(fmt.Sprintf("it uses %s of the machine's %s, and maxmemory is not set", size(used), size(all)),
				"give it more memory, and set maxmemory to three quarters of what it may have: the kernel kills a server when the machine runs out")
		case limit == 0:
			return warned("maxmemory is not set: the kernel kills the server when the machine runs out of memory", "set maxmemory to three quarters of what the server may have, with maxmemory-policy noeviction")
		case used > limit/10*9:
			return warned(fmt.Sprintf("%s of %s are used; when it is full, logins get 503", size(used), size(limit)), "raise maxmemory, or let sessions expire sooner")
		}
		return fine("%s of %s are used", size(used), size(limit))
	})
}

func (v *redisVisit) checkEviction(ctx context.Context) {
	v.informed(ctx, "redis.eviction", func(_ context.Context, n *node) verdict {
		policy, evicted := n.info["maxmemory_policy"], n.number("evicted_keys")
		const harm = "users are logged out, and sessions live on that nobody can list or end"
		const do = "set maxmemory-policy noeviction (CONFIG SET, and in redis.conf)"
		switch {
		case policy == "":
			return skipped("the server does not tell its maxmemory-policy", "")
		case policy != "noeviction" && n.number("maxmemory") == 0:
			return fine("maxmemory is not set, so that nothing is evicted (maxmemory-policy %s)", policy)
		case policy != "noeviction" && evicted > 0:
			return failed(fmt.Sprintf("it has evicted %s since its start (maxmemory-policy %s): %s", plural(int(evicted), "key"), policy, harm), do+", and give it more memory")
		case policy != "noeviction":
			return warned("it evicts keys when its memory is full (maxmemory-policy "+policy+"): "+harm, do)
		}
		return fine("maxmemory-policy is noeviction")
	})
}

func (v *redisVisit) checkPersistence(ctx context.Context) {
	v.informed(ctx, "redis.persistence", func(ctx context.Context, n *node) verdict {
		const aof = "set appendonly yes (CONFIG SET, and in redis.conf)"
		const disk = "see the server's log: make room on its disk, or mend the rights of its folder"
		switch {
		case n.info["loading"] == "1":
			return failed("it is reading its data from disk", "wait until it has")
		case n.info["aof_last_write_status"] == "err":
			return failed("it cannot write its append-only file, and takes no writes", disk)
		case n.info["rdb_last_bgsave_status"] == "err":
			return failed("its last snapshot has failed; it takes no writes then, as it is usually set up", disk)
		case n.info["aof_enabled"] == "1" && n.info["aof_last_bgrewrite_status"] == "err":
			return warned("the last rewrite of its append-only file has failed: the file grows", disk)
		case n.info["aof_enabled"] == "1":
			return fine("the append-only file is on")
		case n.snapshots(ctx):
			return warned("there are snapshots only: after a crash, sessions live again that were logged out since the last one, and logins since then are lost", aof)
		}
		return warned("nothing is kept on disk: a restart logs everybody out, and a master that restarts empty empties its replicas", aof)
	})
}

// persists reports whether anything of the server's is on its disk.
func (n *node) persists(ctx context.Context) bool {
	return n.info["aof_enabled"] == "1" || n.snapshots(ctx)
}

// snapshots reports whether the server saves now and then. Where it does not
// tell, a snapshot since its start is the sign.
func (n *node) snapshots(ctx context.Context) bool {
	reply, err := n.do(ctx, "CONFIG", "GET", "save")
	if err == nil {
		fields, _ := reply.AsStrMap()
		return fields["save"] != ""
	}
	return n.number("rdb_saves") > 0 || n.number("rdb_last_bgsave_time_sec") >= 0 && n.info["rdb_last_bgsave_time_sec"] != ""
}

// size is for people.
func size(bytes int64) string {
	const unit = 1024
	for _, u := range []string{"B", "KiB", "MiB", "GiB"} {
		if bytes < 10*unit {
			return fmt.Sprintf("%d %s", bytes, u)
		}
		bytes /= unit
	}
	return fmt.Sprintf("%d TiB", bytes)
}
