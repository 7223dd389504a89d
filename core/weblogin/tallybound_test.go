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
		if err := all.add(fmt.Sprint(i), fmt.Sprint("client ", i/maxPerClient), now); err != nil {
			t.Fatal(err)
		}
	}
	err := all.add("x", "192.0.2.1", now)
	if core.CodeOf(err) != core.CodeRateLimited {
		t.Fatalf("one more: %v", err)
	}
	for now = now.Add(attemptLife); all.expire(&all.all, now) > 0; {
	}
	for i := range 1000 {
		id := fmt.Sprint("later ", i)
		if err := all.add(id, fmt.Sprint(i/100), now); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			all.remove(id)
		}
	}
	all.remove("unknown")
	if len(all.live) != 500 || all.all.Len() != 500 || len(all.lines) != 10 || all.lines["3"].Len() != 50 {
		t.Errorf("%d are live, %d in line, %d clients, %d of one", len(all.live), all.all.Len(), len(all.lines), all.lines["3"].Len())
	}
	for now = now.Add(attemptLife); all.expire(&all.all, now) > 0; {
	}
	if len(all.live) != 0 || all.all.Len() != 0 || len(all.lines) != 0 {
		t.Errorf("afterwards %d are live, %d in line, of %d clients", len(all.live), all.all.Len(), len(all.lines))
	}
}

// TestWhatWasTakenOffTakesNoPlace: else whoever begins logins that come to nothing
// would fill the places of everybody, as none of them counts as theirs.
func TestWhatWasTakenOffTakesNoPlace(t *testing.T) {
	var all tally
	now := time.Unix(1_700_000_000, 0)
	for i := range maxTallied + 1 {
		id := fmt.Sprint(i)
		if err := all.add(id, "192.0.2.1", now); err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
		all.remove(id)
	}
	if err := all.add("x", "192.0.2.2", now); err != nil {
		t.Errorf("a stranger from elsewhere: %v", err)
	}
}

// TestNobodyClearsUpAfterEverybody: the first browser after a rush of others waits
// for a bounded part of what they have left, and has its place all the same.
func TestNobodyClearsUpAfterEverybody(t *testing.T) {
	var all tally
	now := time.Unix(1_700_000_000, 0)
	for i := range maxTallied {
		site, network := i/maxPerSite, i%maxPerSite/maxPerClient
		if err := all.add(fmt.Sprint(i), clientOf(fmt.Sprintf("2001:db8:%x:%x::1", site, network)), now); err != nil {
			t.Fatal(i, err)
		}
	}
	now = now.Add(attemptLife)
	for i, address := range []string{"2001:db8::1", "2001:db8:0:ffff::1", "192.0.2.1"} {
		before := len(all.live)
		if err := all.add(address, clientOf(address), now); err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if done := before + 1 - len(all.live); done < 2 || done > 3*maxExpired {
			t.Errorf("the place of request %d costs %d that have ended", i, done)
		}
	}
	for i := 0; len(all.live) > 10000; i++ {
		if i == maxTallied {
			t.Fatalf("%d have ended and are kept", len(all.live))
		}
		if err := all.add(fmt.Sprint("x", i), "", now); err != nil {
			t.Fatal(err)
		}
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
	all.remove("0-0")
	if err := all.add("again", clientOf("2001:db8:5:ffff::1"), now); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	for now = now.Add(attemptLife); all.expire(&all.all, now) > 0; {
	}
	if len(all.live) != 0 || len(all.lines) != 0 {
		t.Errorf("afterwards %d are counted", len(all.live))
	}
}

// TestThoseWithoutAnAddressLeaveRoomForOthers: whoever writes junk where the address
// should be is nobody, as often as they like.
func TestThoseWithoutAnAddressLeaveRoomForOthers(t *testing.T) {
	var all tally
	now := time.Unix(1_700_000_000, 0)
	begun := 0
	for i := range maxTallied {
		err := all.add(fmt.Sprint(i), clientOf(fmt.Sprint("junk ", i)), now)
		if err == nil {
			begun++
		} else if e, ok := err.(*core.Error); !ok || e.Code != core.CodeRateLimited || e.RetryAfter != attemptLife {
			t.Fatal(err)
		}
	}
	if begun != maxPerSite {
		t.Errorf("those without an address have begun %d, want %d", begun, maxPerSite)
	}
	for i := range 1000 {
		if err := all.add(fmt.Sprint("honest ", i), clientOf(fmt.Sprintf("192.0.2.%d", i%200)), now); err != nil {
			t.Fatalf("from an address: %v", err)
		}
	}
	all.remove("0")
	if err := all.add("again", "", now); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	for now = now.Add(attemptLife); all.expire(&all.all, now) > 0; {
	}
	if len(all.live) != 0 || len(all.lines) != 0 {
		t.Errorf("afterwards %d are counted in %d lines", len(all.live), len(all.lines))
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

// TestClientsBehindATranslatorAreNotOne: by NAT64 all of IPv4 is in one /64.
func TestClientsBehindATranslatorAreNotOne(t *testing.T) {
	var ta tally
	now := time.Now()
	for i := range maxPerClient {
		if err := ta.add(fmt.Sprint(i), clientOf("64:ff9b::192.0.2.1"), now); err != nil {
			t.Fatal(err)
		}
	}
	if ta.add("greedy", clientOf("192.0.2.1"), now) == nil {
		t.Error("one client has two bounds")
	}
	if err := ta.add("honest", clientOf("64:ff9b::198.51.100.9"), now); err != nil {
		t.Errorf("another client behind the translator: %v", err)
	}
}
