package testserver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// StartRedis runs a redis-server with an append-only file, so that what it has
// acknowledged survives Kill and Restart; a machine's crash it need not survive,
// so no command waits for the disk. It also listens on the Unix socket that
// RedisSocket names.
func StartRedis(t testing.TB, extra ...string) *Process {
	t.Helper()
	return startRedis(t, append([]string{"--appendonly", "yes", "--appendfsync", "no"}, extra...)...)
}

// RedisSocket is the path of the Unix socket of a server that this package has
// started.
func RedisSocket(p *Process) string { return filepath.Join(p.Dir, "redis.sock") }

func startRedis(t testing.TB, extra ...string) *Process {
	t.Helper()
	p := &Process{t: t, bin: lookPath(t, "redis-server"), Dir: t.TempDir()}
	p.answers = func() bool { return redisAnswers(p) }
	return start(p, func(port int, dir string) []string {
		args := []string{
			"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "",
			"--unixsocket", filepath.Join(dir, "redis.sock"), "--enable-debug-command", "yes",
			"--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0",
		}
		return append(args, extra...)
	})
}

// redisAnswers is false while a server creates or loads its files: the kernel
// accepts connections for it then. Any other answer will do, a refusal too. On
// the socket there is no TLS.
func redisAnswers(p *Process) bool {
	conn, err := net.DialTimeout("unix", RedisSocket(p), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_, err = redisCall(conn, "PING")
	var refused redisError
	return err == nil || errors.As(err, &refused) && !strings.HasPrefix(string(refused), "LOADING")
}

// redisError is an error reply.
type redisError string

func (e redisError) Error() string { return "error reply: " + string(e) }

// Redis sends one command over a connection of its own, with the password
// first where there is one, and returns the reply: lines for arrays, without
// the protocol's marks. An error reply fails the test.
func Redis(t testing.TB, addr string, args ...string) string {
	t.Helper()
	reply, err := redisCommand(addr, args...)
	if err != nil {
		t.Fatalf("%s to %s: %v", args[0], addr, err)
	}
	return reply
}

// RedisRole returns what a server is just now, "master" or "slave"; "" if it has not
// answered. A server that is promoted cuts the connections of its clients.
func RedisRole(addr string) string {
	reply, err := redisCommand(addr, "ROLE")
	if err != nil {
		return ""
	}
	role, _, _ := strings.Cut(reply, "\n")
	return role
}

func redisCommand(addr string, args ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, 2*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return redisCall(conn, args...)
}

func redisCall(conn net.Conn, args ...string) (string, error) {
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(conn, b.String()); err != nil {
		return "", err
	}
	return readReply(bufio.NewReader(conn))
}

func readReply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil || len(line) < 3 {
		return "", fmt.Errorf("no reply: %w", err)
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '-':
		return "", redisError(text)
	case '$':
		return readBulk(r, text)
	case '*':
		return readArray(r, text)
	default:
		return text, nil
	}
}

func readBulk(r *bufio.Reader, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 {
		return "", err
	}
	b := make([]byte, n+2)
	_, err = io.ReadFull(r, b)
	return string(b[:n]), err
}

func readArray(r *bufio.Reader, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return "", err
	}
	items := make([]string, max(n, 0))
	for i := range items {
		if items[i], err = readReply(r); err != nil {
			return "", err
		}
	}
	return strings.Join(items, "\n"), nil
}

// waitFor polls until the condition holds.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("%s has not come about within %v", what, startTimeout)
}
