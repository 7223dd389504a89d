package testserver

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// FakeRedis answers commands as a test has it: for replies that a real server
// gives seldom, and for servers that cannot be had here.
type FakeRedis struct {
	Addr string // 127.0.0.1:port

	answer func(FakeCommand) string
	ln     net.Listener
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// FakeClose in place of a reply ends the connection.
const FakeClose = "close"

// FakeCommand is one command as it came.
type FakeCommand struct {
	Conn int      // connections are numbered in the order of their coming
	Args []string // the first in upper case
}

// NewFakeRedis returns a server that replies what answer returns, in the
// protocol's own form, such as "+OK\r\n"; "" is no reply. Calls of answer come
// one at a time for each connection. What answer leaves to FakeHandshake connects
// a client. The server ends with the test.
func NewFakeRedis(t testing.TB, answer func(FakeCommand) string) *FakeRedis {
	t.Helper()
	f := &FakeRedis{answer: answer, ln: listenAnywhere(t), conns: map[net.Conn]struct{}{}}
	f.Addr = f.ln.Addr().String()
	f.wg.Go(f.accept)
	t.Cleanup(f.close)
	return f
}

// FakeHandshake is how a Redis 7 replies to what a client says first, and to
// PING. It is an error reply for all else.
func FakeHandshake(c FakeCommand) string {
	switch c.Args[0] {
	case "HELLO":
		return "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n"
	case "PING":
		return "+PONG\r\n"
	case "CLIENT", "SELECT", "AUTH":
		return "+OK\r\n"
	default:
		return "-ERR unknown command '" + strings.Join(c.Args, "' '") + "'\r\n"
	}
}

func (f *FakeRedis) accept() {
	for n := 0; ; n++ {
		conn, err := f.ln.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.conns[conn] = struct{}{}
		f.mu.Unlock()
		f.wg.Go(func() { f.serve(conn, n) })
	}
}

func (f *FakeRedis) serve(conn net.Conn, n int) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		args, err := readCommand(r)
		if err != nil {
			return
		}
		reply := f.answer(FakeCommand{n, args})
		if reply == FakeClose {
			return
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

func (f *FakeRedis) close() {
	f.ln.Close()
	f.mu.Lock()
	for conn := range f.conns {
		conn.Close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// readCommand reads an array of bulk strings.
func readCommand(r *bufio.Reader) ([]string, error) {
	size, err := readLine(r, '*')
	if err != nil {
		return nil, err
	}
	args := make([]string, size)
	for i := range args {
		n, err := readLine(r, '$')
		if err != nil {
			return nil, err
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		args[i] = string(b[:n])
	}
	args[0] = strings.ToUpper(args[0])
	return args, nil
}

// readLine reads a line that begins with kind and holds a number.
func readLine(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil || line[0] != kind {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	if err == nil && (n < 1 && kind == '*' || n < 0 || n > 1<<20) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
