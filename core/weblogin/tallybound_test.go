package weblogin

import (
	"fmt"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestTheTallyIsBounded: whatever addresses there are, it holds so much and no
// more, and nothing once the attempts have ended.
func TestTheTallyIsBounded(t *testing.T) {
	var all tally
	now := time.Unix(1_700_000_000, 0)
	for i := range maxTallied {
		id := fmt.Sprint(i)
		if err := all.add(id, "", now); err != nil {
			t.Fatal(err)
		}
	}
	err := all.add("x", "192.0.2.1", now)
	if core.CodeOf(err) != core.CodeRateLimited {
		t.Fatalf("one more: %v", err)
	}
	now = now.Add(attemptLife)
	for i := range 1000 {
		client := fmt.Sprint(i / 100)
		if err := all.add(fmt.Sprint(i), client, now); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			all.remove(fmt.Sprint(i), client)
		}
	}
	all.remove("unknown", "0")
	if len(all.queue) != 1000 || len(all.live) != 10 || len(all.live["3"]) != 50 {
		t.Errorf("%d in the queue, %d clients, %d of one", len(all.queue), len(all.live), len(all.live["3"]))
	}
	all.expire(now.Add(attemptLife))
	if len(all.queue) != 0 || len(all.live) != 0 {
		t.Errorf("afterwards %d in the queue, %d clients", len(all.queue), len(all.live))
	}
}

// One customer of a provider has 65,536 networks of the size that counts as one
// client.
func TestOneIPv6SiteLeavesRoomForOthers(t *testing.T) {
	var all tally
	now := time.Unix(1_700_000_000, 0)
	begun := 0
	for i := range 656 {
		client := clientOf(fmt.Sprintf("2001:db8:5:%x::1", i))
		for j := range maxPerClient {
			err := all.add(fmt.Sprint(i, "-", j), client, now)
			if err == nil {
				begun++
			} else if e, ok := err.(*core.Error); !ok || e.Code != core.CodeRateLimited || e.RetryAfter != attemptLife {
				t.Fatal(err)
			}
		}
	}
	if begun != maxPerSite {
		t.Errorf("one site has begun %d", begun)
	}
	for _, address := range []string{"192.0.2.200", "2001:db8:6::1"} {
		if err := all.add(address, clientOf(address), now); err != nil {
			t.Errorf("a stranger from elsewhere: %v", err)
		}
	}
	all.remove("0-0", clientOf("2001:db8:5::1"))
	if err := all.add("again", clientOf("2001:db8:5:ffff::1"), now); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	all.expire(now.Add(attemptLife))
	if len(all.live) != 0 {
		t.Errorf("afterwards %d are counted", len(all.live))
	}
}

// TestBellsAreNotKept: they are there while somebody listens.
func TestBellsAreNotKept(t *testing.T) {
	var all bells
	a, _ := all.listen("x")
	b, _ := all.listen("x")
	all.leave("x", a)
	all.ring("y")
	select {
	case <-b.rung:
		t.Error("the bell of another login woke")
	default:
	}
	all.ring("x")
	<-b.rung
	c, _ := all.listen("x") // the next bell
	all.leave("x", b)
	select {
	case <-c.rung:
		t.Error("the next bell has rung")
	default:
	}
	all.leave("x", c)
	if len(all.all) != 0 {
		t.Errorf("%d bells are kept", len(all.all))
	}
}
