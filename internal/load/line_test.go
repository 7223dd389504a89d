package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const refusedReply = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 24\r\n\r\n" + `{"error":"rate_limited"}`

// pair is a junk line and the server's end of what it dials.
func pair(t *testing.T) (*junkLine, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	line, err := newJunkLine(options{junkFrom: "127.0.0.1"}, "http://"+l.Addr().String()+"/app", "junk-7")
	if err != nil {
		t.Fatal(err)
	}
	return line, l
}

// request sends one, and reads it at the server's end.
func request(t *testing.T, line *junkLine, l net.Listener, conn net.Conn) net.Conn {
	t.Helper()
	if err := line.send(); err != nil {
		t.Fatal(err)
	}
	if conn == nil {
		var err error
		if conn, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != "POST" || r.URL.Path != "/app/wx/login" || string(body) != `{"code":"junk-7"}` {
		t.Errorf("the request is %s %s with %q, %v", r.Method, r.URL, body, err)
	}
	return conn
}

// until looks for the answer until it is there, or enough of it has come.
func until(t *testing.T, line *junkLine, enough int) (there bool, err error) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); pause(glance) {
		there, err = line.answer()
		if there || enough > 0 && line.got >= enough {
			return there, err
		}
	}
	t.Fatal("nothing has come")
	return false, nil
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func TestAReplyMayComeInParts(t *testing.T) {
	line, l := pair(t)
	var conn net.Conn
	for round := range 3 { // the later ones are known byte by byte
		conn = request(t, line, l, conn)
		for _, cut := range []int{10, 40, len(refusedReply) - 1} {
			write(t, conn, refusedReply[line.got:cut])
			if there, err := until(t, line, cut); there {
				t.Fatalf("round %d: %d bytes are taken for a reply: %v", round, cut, err)
			}
		}
		write(t, conn, refusedReply[line.got:])
		if _, err := until(t, line, 0); err != failure("429 rate_limited") {
			t.Errorf("round %d: the reply reports %v", round, err)
		}
	}
	request(t, line, l, conn)
	write(t, conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	if _, err := until(t, line, 0); err != nil {
		t.Errorf("a login that succeeds reports %v", err)
	}
}

func TestAConnectionThatEndsIsDialledAnew(t *testing.T) {
	for _, last := range []string{"", refusedReply[:30], "no HTTP at all\r\n\r\n", strings.Repeat("x", maxJunkReply)} {
		line, l := pair(t)
		conn := request(t, line, l, nil)
		write(t, conn, last)
		if last == "" || strings.HasPrefix(refusedReply, last) {
			_ = conn.Close()
		}
		if _, err := until(t, line, 0); err != failure("connection failed") {
			t.Errorf("after %.20q it reports %v", last, err)
		}
		conn = request(t, line, l, nil)
		write(t, conn, refusedReply)
		if _, err := until(t, line, 0); err != failure("429 rate_limited") {
			t.Errorf("after %.20q the new connection's reply reports %v", last, err)
		}
	}
}

func TestTheSinkRefusesAllJunk(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- sink(ctx, "127.0.0.1:0", w) }()
	said, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.Fields(said)[3]
	var out strings.Builder
	err = run(t.Context(), []string{"-url", address, "-rate", "0", "-login-rate", "0", "-junk-rate", "500", "-junk-from", "127.0.0.1", "-duration", "200ms"}, &out, io.Discard)
	if err != nil || !strings.Contains(out.String(), "junk failed: 100 × 429 rate_limited") {
		t.Errorf("%v; the summary is\n%s", err, out.String())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
	if err := sink(t.Context(), "0.0.0.0:0", io.Discard); err == nil {
		t.Error("it listens for everybody")
	}
}
