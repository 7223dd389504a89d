package doctor

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// sentinelWord is what one sentinel says of the master.
type sentinelWord struct {
	master    string
	sentinels int // it included
	replicas  int
	flags     string
	quorum    bool // enough of them answer to agree on a fail-over
}

func (v *redisVisit) askSentinels(ctx context.Context, up []string) {
	said := map[string]sentinelWord{}
	for _, addr := range up {
		word, p := v.askSentinel(ctx, addr)
		if p.what != "" {
			v.f.fail("redis.sentinels", p.what, p.do)
			continue
		}
		said[addr] = word
	}
	masters := map[string]bool{}
	for _, word := range said {
		masters[word.master] = true
	}
	if len(masters) > 1 {
		v.f.fail("redis.sentinels", "the sentinels name different masters: "+strings.Join(slices.Sorted(maps.Keys(masters)), ", "),
			"see whether they reach each other; one that watches a former master is reset with SENTINEL RESET")
	}
	for _, addr := range up { // in the DSN's order
		if word, ok := said[addr]; ok {
			v.judgeSentinel(word)
			v.enterMaster(ctx, word.master)
			return
		}
	}
}

func (v *redisVisit) enterMaster(ctx context.Context, addr string) {
	if conn, err := connect(ctx, "tcp", addr); err != nil {
		v.f.fail("redis.sentinels", "the sentinels name a master at "+addr+", which cannot be reached from here",
			"let the servers announce addresses that services can reach (replica-announce-ip), and let firewalls pass them")
		return
	} else {
		conn.Close()
	}
	v.enter(ctx, addr)
}

// askSentinel returns what a sentinel says, or what is wrong with it.
func (v *redisVisit) askSentinel(ctx context.Context, addr string) (sentinelWord, problem) {
	var word sentinelWord
	client, err := v.target.DialSentinel(ctx, addr)
	if err != nil {
		p := storeProblem(err, "see the sentinel's log")
		if strings.Contains(p.what, "NOAUTH") || strings.Contains(p.what, "WRONGPASS") {
			p.do = "sentinels have a password of their own: set sentinel_password (and sentinel_user) in " + mendDSN
		}
		return word, problem{"the sentinel " + addr + ": " + p.what, p.do}
	}
	defer client.Close()
	reply, err := command(ctx, client, "SENTINEL", "MASTER", v.target.Master)
	switch {
	case replyCode(err) == "NOPERM":
		return word, problem{"the sentinel " + addr + " does not let this user ask (SENTINEL)", "grant sentinel_user +sentinel"}
	case err != nil && strings.Contains(err.Error(), "No such master"):
		return word, problem{"the sentinel " + addr + " watches no master of the DSN's name", "mend the name in " + mendDSN + ": redis+sentinel://host/name; SENTINEL MASTERS lists them"}
	case err != nil:
		return word, problem{addr + " does not answer as a sentinel does", "name the sentinels in " + mendDSN + ", not the servers; their port is 26379"}
	}
	fields, _ := reply.AsStrMap()
	word.master = net.JoinHostPort(fields["ip"], fields["port"])
	word.flags = fields["flags"]
	word.replicas, _ = strconv.Atoi(fields["num-slaves"])
	others, _ := strconv.Atoi(fields["num-other-sentinels"])
	word.sentinels = others + 1
	_, err = command(ctx, client, "SENTINEL", "CKQUORUM", v.target.Master)
	word.quorum = err == nil
	return word, problem{}
}

func (v *redisVisit) judgeSentinel(word sentinelWord) {
	switch {
	case strings.Contains(word.flags, "down"):
		v.f.fail("redis.sentinels", "the sentinels take the master "+word.master+" for down", "wait for the fail-over, or start the master")
	case !word.quorum:
		v.f.fail("redis.sentinels", "too few sentinels are up to agree on a fail-over", "start those that are down; three on three machines are the least that survives the loss of one")
	case word.replicas == 0:
		v.f.warn("redis.sentinels", "the master has no replica that could take its place", "add one (replicaof)")
	case word.sentinels < 3:
		v.f.warn("redis.sentinels", fmt.Sprintf("there are %d sentinels: without one of them there is no fail-over", word.sentinels), "run three, on three machines")
	default:
		v.f.ok("redis.sentinels", "%d sentinels watch the master %s, with %s", word.sentinels, word.master, plural(word.replicas, "replica"))
	}
}
