package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

func (b *bench) redis() (string, error) {
	return b.server("redis-server", func(port, dir string) []string {
		return []string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"}
	})
}

func (b *bench) memcached() (string, error) {
	return b.server("memcached", func(port, _ string) []string {
		return []string{"-l", "127.0.0.1", "-p", port, "-U", "0", "-u", "root", "-m", "256"}
	})
}

// command runs on this process's cores, or on the second core if those around
// are to be there.
func (b *bench) command(name string, args ...string) *exec.Cmd {
	if taskset, err := exec.LookPath("taskset"); err == nil && b.elsewhere {
		return exec.Command(taskset, append([]string{"-c", "1", name}, args...)...)
	}
	return exec.Command(name, args...)
}

// server starts a server on a free loopback port and returns its address. It ends
// with the experiment.
func (b *bench) server(name string, args func(port, dir string) []string) (string, error) {
	dir, err := os.MkdirTemp("", "peerbench-")
	if err != nil {
		return "", err
	}
	b.atEnd(func() { _ = os.RemoveAll(dir) })
	addr, err := freeAddress()
	if err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(addr)
	cmd := b.command(name, args(port, dir)...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		return "", err
	}
	b.atEnd(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // by a signal
	})
	return addr, waitFor(addr)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return "127.0.0.1:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

func waitFor(addr string) error {
	for range 500 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("no server listens on %s", addr)
}
