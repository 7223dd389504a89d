package redis

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
)

// TestSurveyOfManyMasters is a figure.
func TestSurveyOfManyMasters(t *testing.T) {
	var ranges [][3]int
	var ports []int
	for i := range allSlots {
		ranges, ports = append(ranges, [3]int{i, i, 20000 + i}), append(ports, 20000+i)
	}
	o, took := hostileOwners(t, slotsReply(ranges...), ports...)
	t.Logf("a survey of %d masters takes %v", len(o.all), took)
}

// TestAddressesThatAMasterNames stay with the process.
func TestAddressesThatAMasterNames(t *testing.T) {
	var n atomic.Int64
	f := fakeCluster(t, func(_ string, c testserver.FakeCommand) string {
		if c.Args[0] == "GET" {
			i := n.Add(1)
			return fmt.Sprintf("-MOVED 1 127.9.%d.%d:1\r\n", i/250, 1+i%250)
		}
		return ""
	})
	s, err := Open(t.Context(), "redis+cluster://"+f.Addr+"?cache=100")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 300 {
		_, _ = s.AppendGet(t.Context(), nil, fmt.Sprint("s:", i))
	}
	time.Sleep(7 * time.Second)
	s.near.feeds.mu.Lock()
	t.Logf("after %d redirections and 7 s: %d nodes", n.Load(), len(s.near.feeds.nodes))
	s.near.feeds.mu.Unlock()
}

// TestPanics of rueidis: run one at a time.
func TestPanics(t *testing.T) {
	for what, answer := range map[string]func(testserver.FakeCommand) string{
		"setup": func(c testserver.FakeCommand) string {
			if c.Args[0] == "PTTL" && !strings.Contains(c.Args[1], "beat") {
				return "-MOVED\r\n"
			}
			return ""
		},
		"get": func(c testserver.FakeCommand) string {
			if c.Args[0] == "GET" {
				return "-MOVED\r\n"
			}
			return ""
		},
		"length": func(c testserver.FakeCommand) string {
			if c.Args[0] == "GET" {
				return "*-2\r\n"
			}
			return ""
		},
		"unasked": func(c testserver.FakeCommand) string {
			if c.Args[0] == "GET" {
				return "_\r\n:1\r\n:2\r\n"
			}
			return ""
		},
	} {
		t.Run(what, func(t *testing.T) {
			f := fakeCluster(t, func(_ string, c testserver.FakeCommand) string { return answer(c) })
			s, err := Open(t.Context(), "redis+cluster://"+f.Addr+"?cache=100")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for range 3 {
				func() {
					defer func() { t.Log(recover(), len(s.breakers.of("wx:s:k").slots), "calls in flight") }()
					_, err := s.AppendGet(t.Context(), nil, "s:k")
					t.Log(err)
				}()
			}
			time.Sleep(300 * time.Millisecond)
		})
	}
}
