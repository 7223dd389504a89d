package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// needServers also sends what the command writes into a folder of the test.
func needServers(t *testing.T) (dir string) {
	t.Helper()
	for _, program := range []string{"redis-server", "redis-cli"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		missing := program + " is not installed (on Debian: apt-get install redis-server redis-tools)"
		if os.Getenv("WX_TEST_SERVERS") == "required" {
			t.Fatal(missing + ", and WX_TEST_SERVERS=required forbids to skip")
		}
		t.Skip(missing + "; set WX_TEST_SERVERS=required to fail instead of skipping")
	}
	dir = t.TempDir()
	t.Setenv("TMPDIR", dir)
	return dir
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestEveryFaultOfAClusterWithoutALoss(t *testing.T) {
	dir := needServers(t)
	var out, progress strings.Builder
	err := run(t.Context(), []string{
		"-sessions", "3000", "-duration", "12s", "-workers", "16", "-writers", "2", "-weight", "0.1",
		"-options", "wait_replicas=1&cache=100",
	}, &out, &progress)
	t.Logf("%s\n%s", progress.String(), out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a master is killed", "it comes back empty, as a replica", "a master is added"} {
		if !strings.Contains(out.String(), "| "+want) {
			t.Errorf("the report does not say that %s", want)
		}
	}
	for f := range faults {
		if want := fmt.Sprintf("| %v | 0 | ", f); !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if !strings.HasSuffix(out.String(), "\nNothing that was promised was lost.\n") {
		t.Error("the report does not end with the verdict")
	}
	if strings.Contains(out.String(), "There were 0 fail-overs") {
		t.Error("no replica has taken over")
	}
	wantEmpty(t, dir)
}

// trigger ends a context when a word was written.
type trigger struct {
	word   string
	cancel context.CancelFunc
}

func (w trigger) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.word) {
		w.cancel()
	}
	return len(p), nil
}

func TestAnInterruptLeavesNothingBehind(t *testing.T) {
	dir := needServers(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := run(ctx, []string{"-sessions", "100", "-duration", "2s", "-replicas", "0", "-options", "cache=100"},
		io.Discard, trigger{"a master is added", cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the run ends with %v", err)
	}
	wantEmpty(t, dir)
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-sessions", "99"}, {"-sessions", "50000001"}, {"-instances", "0"}, {"-replicas", "2"}, {"-replicas", "-1"}, {"-workers", "0"},
		{"-writers", "0"}, {"-sweep", "-1"}, {"-duration", "999ms"}, {"-duration", "25h"}, {"-weight", "0"}, {"-weight", "NaN"},
		{"-replicas", "0"}, {"-options", "a;b"}, {"stray"},
	} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
	o, err := parse([]string{"-replicas", "0", "-options", "cache=10&wait_replicas=0&timeout=1s"}, io.Discard)
	if err != nil || o.waits() {
		t.Errorf("%v; waits: %v", err, o.waits())
	}
	if plain := o.storeWithoutCache().Encode(); plain != "timeout=1s&wait_replicas=0" {
		t.Errorf("without the cache: %s", plain)
	}
	if o, err = parse(nil, io.Discard); err != nil || !o.waits() {
		t.Errorf("by default: %v; waits: %v", err, o.waits())
	}
}

func TestTimelineFindsTheOutage(t *testing.T) {
	start := time.Now()
	l := newTimeline(start, time.Minute)
	for i := range 100 { // 10 s
		now := start.Add(time.Duration(i)*moment + moment/2)
		if i < 20 || i >= 50 && i != 70 {
			l.at(now).answered.Add(2)
		}
		if i >= 18 && i < 60 {
			l.at(now).failed.Add(1)
		}
		if i == 40 {
			l.at(now).unacknowledged.Add(1)
		}
	}
	got := l.between(start.Add(time.Second), start.Add(9*time.Second))
	if want := (span{failed: 42, until: 5 * time.Second, silence: 3 * time.Second, unacknowledged: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	l.at(start.Add(time.Hour)).failed.Add(1)
	if got := l.between(start.Add(50*time.Second), start.Add(time.Hour)); got.failed != 1 {
		t.Errorf("what comes after the end is lost: %+v", got)
	}
}

func TestServedWithout(t *testing.T) {
	const list = "a1 127.0.0.1:7001@17001 master,fail - 1 1 1 disconnected 0-5460\n" +
		"a2 127.0.0.1:7002@17002 myself,master - 0 0 2 connected 5461-10922 [93->-a4]\n" +
		"a3 127.0.0.1:7003@17003,host master - 0 0 3 connected 10923-16382 16383\n" +
		"a4 127.0.0.1:7004@17004 slave a1 0 0 1 connected\n"
	if n := servedWithout(list, "127.0.0.1:7001"); n != allSlots-5461 {
		t.Errorf("before the fail-over %d slots are served", n)
	}
	promoted := strings.ReplaceAll(list, "slave a1 0 0 1 connected", "master - 0 0 4 connected 0-5460")
	if n := servedWithout(promoted, "127.0.0.1:7001"); n != allSlots {
		t.Errorf("after it %d slots are served", n)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}
