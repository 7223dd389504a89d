package testserver_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wxsession/wxsession/internal/testserver"
)

// ask sends one line to a memcached and returns the first line of the answer.
func ask(addr, line string, patience time.Duration) (string, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte(line + "\r\n")); err != nil {
		return "", err
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(reply), err
}

func mustAsk(t *testing.T, addr, line, want string) {
	t.Helper()
	if got, err := ask(addr, line, 5*time.Second); err != nil || got != want {
		t.Fatalf("%.10q: got %q, %v, want %q", line, got, err, want)
	}
}

func TestProcessLives(t *testing.T) {
	p := testserver.StartMemcached(t)
	if want := net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port)); p.Addr != want {
		t.Errorf("Addr is %q, want %q", p.Addr, want)
	}
	mustAsk(t, p.Addr, "set k 0 0 1\r\nv", "STORED")

	p.Kill()
	if _, err := ask(p.Addr, "version", time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after Kill: %v, want connection refused", err)
	}
	p.Kill() // a second time is fine

	addr := p.Addr
	p.Restart()
	if p.Addr != addr {
		t.Errorf("after Restart it listens on %s, before on %s", p.Addr, addr)
	}
	mustAsk(t, addr, "get k", "END")

	p.Restart() // of one that runs
	mustAsk(t, addr, "get k", "END")
}

func TestPauseAndResume(t *testing.T) {
	p := testserver.StartMemcached(t)
	p.Pause()
	if got, err := ask(p.Addr, "get k", 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("paused server: %q, %v, want a time-out", got, err)
	}
	p.Resume()
	mustAsk(t, p.Addr, "get k", "END")
	p.Pause() // the cleanup must be able to kill it all the same
}

func TestEveryProcessHasItsOwnPortAndDirectory(t *testing.T) {
	a, b := testserver.StartMemcached(t), testserver.StartMemcached(t)
	if a.Port == b.Port || a.Dir == b.Dir {
		t.Errorf("they share a port (%d, %d) or a directory (%s, %s)", a.Port, b.Port, a.Dir, b.Dir)
	}
	if _, err := os.Stat(filepath.Join(a.Dir, "memcached.log")); err != nil {
		t.Error(err)
	}
}

func TestPortClashIsRetried(t *testing.T) {
	taken := testserver.StartMemcached(t)
	tries := 0
	p := testserver.Start(t, "memcached", func(port int, _ string) []string {
		if tries++; tries == 1 {
			port = taken.Port
		}
		return []string{"-l", "127.0.0.1", "-p", strconv.Itoa(port), "-U", "0", "-u", "root"}
	})
	if tries != 2 {
		t.Errorf("started after %d tries, want 2", tries)
	}
	mustAsk(t, p.Addr, "get k", "END")
}

// A subprocess shows what a missing binary does, and that a server does not
// outlive a test binary that is killed.
func TestInSubprocess(t *testing.T) {
	switch os.Getenv("WX_TESTSERVER_CHILD") {
	case "missing":
		testserver.Start(t, "no-such-server", nil)
		return
	case "killed":
		p := testserver.StartMemcached(t)
		_, _ = os.Stdout.WriteString("addr=" + p.Addr + "\n")
		select {}
	}
	t.Run("missing binary skips", func(t *testing.T) {
		out, err := child(t, "missing", "WX_TEST_SERVERS=").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "SKIP") || !strings.Contains(string(out), "apt-get install no-such-server") {
			t.Errorf("got %v and no remedy, or no SKIP, in:\n%s", err, out)
		}
	})
	t.Run("missing binary fails where servers are required", func(t *testing.T) {
		out, err := child(t, "missing", "WX_TEST_SERVERS=required").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "FAIL") {
			t.Errorf("got %v, want a failure, in:\n%s", err, out)
		}
	})
	t.Run("killed test binary takes its server along", func(t *testing.T) {
		if _, err := exec.LookPath("memcached"); err != nil {
			const missing = "memcached is not installed (on Debian: apt-get install memcached)"
			if os.Getenv("WX_TEST_SERVERS") == "required" {
				t.Fatal(missing + ", and WX_TEST_SERVERS=required forbids to skip")
			}
			t.Skip(missing + "; set WX_TEST_SERVERS=required to fail instead of skipping")
		}
		dieAndTakeServerAlong(t)
	})
}

func dieAndTakeServerAlong(t *testing.T) {
	cmd := child(t, "killed")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr := ""
	for lines := bufio.NewScanner(stdout); addr == "" && lines.Scan(); {
		_, addr, _ = strings.Cut(lines.Text(), "addr=")
	}
	if addr == "" {
		t.Fatal("the subprocess has not started its server")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "the server is gone", func() bool {
		_, err := ask(addr, "version", time.Second)
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

func child(t *testing.T, what string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestInSubprocess$", "-test.v")
	cmd.Env = append(append(os.Environ(), "WX_TESTSERVER_CHILD="+what), env...)
	return cmd
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// TestRedisHasLoadedWhenItIsStarted: the port is open long before.
func TestRedisHasLoadedWhenItIsStarted(t *testing.T) {
	p := testserver.StartRedis(t, "--key-load-delay", "300", "--loading-process-events-interval-bytes", "1024")
	testserver.Redis(t, p.Addr, "EVAL", "for i = 1, 2000 do redis.call('SET', 'k' .. i, 'v') end", "0")
	p.Restart()
	if v := testserver.Redis(t, p.Addr, "GET", "k2000"); v != "v" {
		t.Errorf("GET after a restart: %q", v)
	}
}
