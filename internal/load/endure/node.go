package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// node is a server of the cluster. Its methods are not for several goroutines.
type node struct {
	port int
	dir  string
	proc *os.Process
	dead chan struct{} // closed once proc has been reaped
	past usage         // of its former lives
}

// newNode starts a server on a free port, with an empty directory.
func newNode(ctx context.Context, dir string) (*node, error) {
	var err error
	for range 5 { // another process may take the port between its choice and its use
		n := &node{}
		if n.port, err = freePort(); err != nil {
			return nil, err
		}
		n.dir = filepath.Join(dir, strconv.Itoa(n.port))
		if err = os.MkdirAll(n.dir, 0o700); err != nil {
			return nil, err
		}
		if err = n.start(ctx); err == nil || ctx.Err() != nil {
			return n, err
		}
	}
	return nil, err
}

func (n *node) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port)) }

func (n *node) settings() []string {
	return []string{
		"--port", strconv.Itoa(n.port), "--bind", "127.0.0.1", "--dir", n.dir, "--save", "", "--appendonly", "no",
		"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000",
		"--cluster-require-full-coverage", "no", "--maxmemory-policy", "noeviction",
		"--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-diskless-load", "on-empty-db",
		"--repl-backlog-size", "64mb",
		// A replica takes gigabytes while writes go on.
		"--client-output-buffer-limit", "replica", "4gb", "4gb", "0",
	}
}

// start returns when the server answers. One that was killed gets its port and
// directory back, and with them its place in the cluster.
func (n *node) start(ctx context.Context) error {
	log, err := os.OpenFile(n.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("redis-server", n.settings()...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = n.dir, log, log, dieWithParent()
	started, dead := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the kernel's death signal is tied to the thread that has forked
		defer runtime.UnlockOSThread()
		defer close(dead)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // it ends by a signal
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	n.proc, n.dead = cmd.Process, dead
	err = poll(ctx, "the answer of a server that was started", func() bool {
		_, err := n.ask(ctx, "PING")
		return err == nil || n.isDead()
	})
	if n.isDead() {
		return fmt.Errorf("redis-server ended at once; its log says: %s", n.log())
	}
	return err
}

func (n *node) isDead() bool {
	select {
	case <-n.dead:
		return true
	default:
		return false
	}
}

// kill ends the server with SIGKILL, and returns when it is gone.
func (n *node) kill() {
	_ = n.proc.Kill() // an error means that it has ended already
	<-n.dead
}

// ask sends one command.
func (n *node) ask(ctx context.Context, command ...string) (string, error) {
	return redisCLI(ctx, append([]string{"-e", "-p", strconv.Itoa(n.port)}, command...)...)
}

func (n *node) logPath() string { return filepath.Join(n.dir, "log") }

// log is the end of what the server has printed.
func (n *node) log() string {
	text, _ := os.ReadFile(n.logPath())
	return tail(text)
}

func tail(text []byte) string { return string(text[max(0, len(text)-2000):]) }

// redisCLI runs redis-cli, and returns what it prints; that is in the error too.
func redisCLI(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "redis-cli", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("redis-cli %q: %w\n%s", args, err, tail(out))
	}
	return string(out), nil
}

// busOffset is how far the port on which nodes talk to each other is above that
// of the clients.
const busOffset = 10_000

// freePort picks so that neither port is one that the system hands out to
// connections: no client takes it while the server is down.
func freePort() (int, error) {
	for range 100 {
		port := 11_000 + rand.IntN(9000)
		if isFree(port) && isFree(port+busOffset) {
			return port, nil
		}
	}
	return 0, errors.New("no free port between 11000 and 20000")
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// patience bounds the steps that move gigabytes on a busy machine.
const patience = 20 * time.Minute

// poll waits until cond holds.
func poll(ctx context.Context, what string, cond func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not within %v: %s", patience, what))
	defer cancel()
	for !cond() {
		if !pause(ctx, 100*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// pause returns false when ctx ends before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
