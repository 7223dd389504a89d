package redis

import (
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

const allSlots = 1 << 14

// owners says which node serves which slots. It is never modified.
type owners struct {
	ranges []slotRange // in order
	all    []*owner
}

// slotRange is a run of slots, with the last.
type slotRange struct {
	first, last int64
	owner       *owner
}

// owner is a node with what it takes to ask it.
type owner struct {
	*node
	addr   string
	client rueidis.Client // asks this node alone, over the connection that the store uses for all its commands
	key    string         // in one of its slots, of a cluster's master

	// proof sends a command whose answer proves that the node serves what it
	// announces changes of.
	proof func(context.Context) error
}

// slotOf also knows it of commands that were made for a single server.
func slotOf(cmd rueidis.Completed) int64 { return int64(cmd.Slot() % allSlots) }

// of returns the owner of a slot; nil if there is none. A nil owners has none.
func (o *owners) of(slot int64) *owner {
	if o == nil {
		return nil
	}
	i, found := slices.BinarySearchFunc(o.ranges, slot, func(r slotRange, slot int64) int {
		switch {
		case r.last < slot:
			return -1
		case r.first > slot:
			return 1
		}
		return 0
	})
	if !found {
		return nil
	}
	return o.ranges[i].owner
}

func (o *owners) add(r slotRange) {
	o.ranges = append(o.ranges, r)
	if !slices.Contains(o.all, r.owner) {
		o.all = append(o.all, r.owner)
	}
}

// same reports whether the same nodes own the same slots.
func (o *owners) same(other *owners) bool {
	return o != nil && other != nil && slices.EqualFunc(o.ranges, other.ranges, func(a, b slotRange) bool {
		return a.first == b.first && a.last == b.last && a.owner.node == b.owner.node
	})
}

// probe finds each owner a key in one of its slots: the former one, or by trying.
func (o *owners) probe(client rueidis.Client, prefix string, former *owners) {
	missing := len(o.all)
	try := func(key string) {
		if owner := o.of(slotOf(client.B().Pttl().Key(key).Build())); owner != nil && owner.key == "" {
			owner.key = key
			missing--
		}
	}
	if former != nil {
		for _, owner := range former.all {
			if owner.key != "" {
				try(owner.key)
			}
		}
	}
	for i := 0; missing > 0 && i < 32*allSlots; i++ {
		try(prefix + cachedKind + "beat-" + strconv.Itoa(i))
	}
}

// ping is the proof of a server that has all the keys.
func (o *owner) ping(ctx context.Context) error {
	return o.client.Do(ctx, o.client.B().Ping().Build()).Error()
}

// askForKey is the proof of a cluster's master. One that has been demoted answers
// PING, and keeps its connections: only a key tells.
func (o *owner) askForKey(ctx context.Context) error {
	return o.client.Do(ctx, o.client.B().Pttl().Key(o.key).Build()).Error()
}

// oneOwner is for servers that have all the keys. Under Sentinel it is the master
// of now: when another one takes its place, its client fails.
func oneOwner(client rueidis.Client, nodeAt func(addr string) *node) *owners {
	o := &owners{}
	for addr, c := range client.Nodes() { // only one
		all := &owner{node: nodeAt(addr), client: c}
		all.proof = all.ping
		o.add(slotRange{0, allSlots - 1, all})
	}
	return o
}

var errNoSlots = errors.New("no node of the cluster says who serves what")

// survey asks the cluster, one node after the other, until one knows.
func survey(ctx context.Context, client rueidis.Client, timeout time.Duration, nodeAt func(addr string) *node) (*owners, error) {
	clients := client.Nodes()
	for addr, c := range clients {
		short, cancel := context.WithTimeout(ctx, timeout)
		reply, err := c.Do(short, c.B().ClusterSlots().Build()).ToArray()
		cancel()
		if err == nil && len(reply) > 0 {
			return readSlots(reply, addr, clients, nodeAt), nil
		}
	}
	return nil, errNoSlots
}

// readSlots reads the reply to CLUSTER SLOTS: of each run of slots the first, the
// last, and the nodes, master first, each with host and port. A node that rueidis
// does not know yet is left out: its slots have no owner, until it does.
func readSlots(reply []rueidis.RedisMessage, asked string, clients map[string]rueidis.Client, nodeAt func(addr string) *node) *owners {
	o, known := &owners{}, map[string]*owner{}
	for _, entry := range reply {
		first, last, addr, ok := readRange(entry, asked)
		client := clients[addr]
		if !ok || client == nil || first < 0 || first > last || last >= allSlots {
			continue
		}
		if known[addr] == nil {
			known[addr] = &owner{node: nodeAt(addr), addr: addr, client: client}
			known[addr].proof = known[addr].askForKey
		}
		o.ranges = append(o.ranges, slotRange{first, last, known[addr]})
	}
	slices.SortFunc(o.ranges, func(a, b slotRange) int { return int(a.first - b.first) })
	end := int64(-1)
	o.ranges = slices.DeleteFunc(o.ranges, func(r slotRange) bool { // what overlaps: nobody would be found at its slots
		overlaps := r.first <= end
		end = max(end, r.last)
		return overlaps
	})
	for _, r := range o.ranges {
		if owner := known[r.owner.addr]; owner != nil {
			o.all = append(o.all, owner)
			delete(known, r.owner.addr)
		}
	}
	return o
}

// readRange names the master as rueidis does. A node without a host is on the
// host that was asked.
func readRange(entry rueidis.RedisMessage, asked string) (first, last int64, addr string, ok bool) {
	fields, err := entry.ToArray()
	if err != nil || len(fields) < 3 {
		return 0, 0, "", false
	}
	master, err := fields[2].ToArray()
	if err != nil || len(master) < 2 {
		return 0, 0, "", false
	}
	first, err1 := fields[0].AsInt64()
	last, err2 := fields[1].AsInt64()
	port, err3 := master[1].AsInt64()
	host, err4 := master[0].ToString()
	if host == "" {
		host, _, _ = net.SplitHostPort(asked)
		err4 = nil // there may be a null in its place
	}
	return first, last, net.JoinHostPort(host, strconv.FormatInt(port, 10)), errors.Join(err1, err2, err3, err4) == nil
}
