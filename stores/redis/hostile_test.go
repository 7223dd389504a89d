package redis

import (
	"context"
	"fmt"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxsession/wxsession/internal/testserver"
)

// fakeCluster is a cluster of one node that has all slots. answer may leave a
// command to it with "".
func fakeCluster(t *testing.T, answer func(self string, c testserver.FakeCommand) string) *testserver.FakeRedis {
	var self atomic.Value
	f := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		addr, _ := self.Load().(string)
		if reply := answer(addr, c); reply != "" {
			return reply
		}
		switch c.Args[0] {
		case "CLUSTER":
			host, port, _ := net.SplitHostPort(addr)
			return fmt.Sprintf("*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$%d\r\n%s\r\n:%s\r\n", len(host), host, port)
		case "PTTL":
			return ":-2\r\n"
		case "GET":
			return "_\r\n"
		}
		return testserver.FakeHandshake(c)
	})
	self.Store(f.Addr)
	return f
}

// TestRedirectsToNowhere end no process: the heartbeat is nobody's request, whose
// panic somebody would catch.
func TestRedirectsToNowhere(t *testing.T) {
	for _, reply := range []string{"-MOVED\r\n", "-ASK\r\n", "-MOVED 7\r\n", "-ASKED\r\n"} {
		var beats atomic.Int64
		f := fakeCluster(t, func(_ string, c testserver.FakeCommand) string {
			if c.Args[0] == "PTTL" && strings.Contains(c.Args[1], "beat-") {
				beats.Add(1)
				return reply
			}
			return ""
		})
		s, err := Open(t.Context(), "redis+cluster://"+f.Addr+"?cache=100")
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); beats.Load() < 2 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
		if beats.Load() < 2 {
			t.Errorf("%q: %d heartbeats; want more", reply, beats.Load())
		}
		s.Close()
	}
}

// TestSetupHidesWhatTheServerQuotes also where it hangs up after its reply.
func TestSetupHidesWhatTheServerQuotes(t *testing.T) {
	f := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		switch {
		case c.Args[0] == "PTTL":
			return "-ERR what Hunter2 may not\r\n"
		case c.Args[0] == "CLIENT" && strings.EqualFold(c.Args[1], "CACHING"):
			return testserver.FakeClose
		}
		return testserver.FakeHandshake(c)
	})
	s, err := Open(t.Context(), "redis://:Hunter2@"+f.Addr+"?cache=100")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 50 {
		_, err = s.Get(t.Context(), "s:k")
		if err == nil || strings.Contains(err.Error(), "Hunter2") {
			t.Fatalf("%q; want an error that does not quote the server", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestSetupPassesOnTheAdvice of a server that is still loading.
func TestSetupPassesOnTheAdvice(t *testing.T) {
	f := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		if c.Args[0] == "PTTL" {
			return "-LOADING Redis is loading the dataset in memory\r\n"
		}
		return testserver.FakeHandshake(c)
	})
	s, err := Open(t.Context(), "redis://"+f.Addr+"?cache=100")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Get(t.Context(), "s:k"); err == nil || !strings.Contains(err.Error(), "LOADING: ") {
		t.Errorf("%v; want what LOADING means", err)
	}
}

// hostileOwners is what a survey makes of a reply by a node that knows all that it
// names.
func hostileOwners(t *testing.T, slots string, ports ...int) (*owners, time.Duration) {
	t.Helper()
	f := testserver.NewFakeRedis(t, func(c testserver.FakeCommand) string {
		if c.Args[0] == "CLUSTER" {
			return slots
		}
		return testserver.FakeHandshake(c)
	})
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{f.Addr}, ForceSingleClient: true, DisableCache: true, ClientSetInfo: rueidis.DisableClientSetInfo})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	reply, err := client.Do(t.Context(), client.B().ClusterSlots().Build()).ToArray()
	if err != nil {
		t.Fatal(err)
	}
	clients := map[string]rueidis.Client{}
	for _, port := range ports {
		clients[fmt.Sprint("127.0.0.1:", port)] = client
	}
	feeds := newFeeds(&settings{topology: cluster}, newClock(time.Now))
	var o *owners
	least := time.Hour // of several: others use the machine too
	for range 5 {
		began := time.Now()
		o = readSlots(reply, f.Addr, clients, feeds.nodeAt)
		o.probe(client, "wx:", nil)
		least = min(least, time.Since(began))
	}
	return o, least
}

func slotsReply(ranges ...[3]int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(ranges))
	for _, r := range ranges {
		fmt.Fprintf(&b, "*3\r\n:%d\r\n:%d\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n", r[0], r[1], r[2])
	}
	return b.String()
}

// TestSurveysOfNonsenseAreCheap, as there are two in each second.
func TestSurveysOfNonsenseAreCheap(t *testing.T) {
	for what, ranges := range map[string][][3]int64{
		"beyond the last slot": {{0, 16383, 1}, {20000, 20001, 2}},
		"backwards":            {{0, 16383, 1}, {9, 3, 2}},
		"negative":             {{0, 16383, 1}, {-9, -3, 2}, {math.MinInt64, math.MaxInt64, 3}},
		"twice":                {{0, 16383, 1}, {0, 16383, 2}, {5, 6, 3}},
	} {
		o, took := hostileOwners(t, slotsReply(ranges...), 1, 2, 3)
		t.Logf("%s: a survey takes %v, finds %d owners", what, took, len(o.all))
		for _, owner := range o.all {
			if owner.key == "" {
				t.Errorf("%s: an owner has no key to be asked for", what)
			}
		}
		if took > 20*time.Millisecond {
			t.Errorf("%s: a survey takes %v", what, took)
		}
	}
}

type nodesOf struct {
	rueidis.Client
	nodes map[string]rueidis.Client
}

func (n nodesOf) Nodes() map[string]rueidis.Client { return n.nodes }

// TestSurveysDoNotWaitLong for a node that is silent, whatever the store's timeout:
// another one may know that a slot has been taken.
func TestSurveysDoNotWaitLong(t *testing.T) {
	client := func(answer func(string, testserver.FakeCommand) string) (string, rueidis.Client) {
		f := fakeCluster(t, answer)
		c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{f.Addr}, ForceSingleClient: true, DisableCache: true, ClientSetInfo: rueidis.DisableClientSetInfo})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return f.Addr, c
	}
	done := make(chan struct{})
	defer close(done)
	silentAddr, silent := client(func(_ string, c testserver.FakeCommand) string {
		if c.Args[0] == "CLUSTER" {
			<-done
		}
		return ""
	})
	addr, good := client(func(string, testserver.FakeCommand) string { return "" })
	both := nodesOf{good, map[string]rueidis.Client{silentAddr: silent, addr: good}}
	for range 6 { // they are asked in any order
		f := newFeeds(&settings{topology: cluster, Options: Options{Timeout: 4 * time.Second, Prefix: "wx:"}}, newClock(time.Now))
		began := time.Now()
		f.survey(t.Context(), func(context.Context) (rueidis.Client, error) { return both, nil })
		if took := time.Since(began); took > time.Second || f.owners.Load() == nil {
			t.Fatalf("a survey beside a silent node took %v; want a result within a second", took)
		}
	}
}

// TestTwoConnectionsProveNothing: one of them announces, and the other one proves
// that it is alive. rueidis keeps the former connection for five seconds where a
// node redirects to itself.
func TestTwoConnectionsProveNothing(t *testing.T) {
	f := newFeeds(&settings{topology: cluster}, newClock(time.Now))
	time.Sleep(time.Millisecond)
	o := &owner{node: f.nodeAt("a"), proof: func(context.Context) error { return nil }}
	first := f.opened("a")
	f.prove(t.Context(), o)
	if !o.link.Load().trusted(f.clock.now()) {
		t.Error("one connection is not trusted")
	}
	second := f.opened("a")
	f.prove(t.Context(), o)
	if o.link.Load().trusted(f.clock.now()) {
		t.Error("a link of two connections is trusted by what one of them says")
	}
	first()
	f.prove(t.Context(), o)
	if !o.link.Load().trusted(f.clock.now()) {
		t.Error("the connection that is left is not trusted")
	}
	second()
}
