package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

var errClosed = errors.New("the server has closed the connection")

// junkLine sends logins with a made-up code, always the same: a limit counts before
// it reads. It dials when it has to.
type junkLine struct {
	dial    func() (net.Conn, error)
	request []byte

	conn net.Conn // nil: none
	*peeker
	room []byte // for a reply
	got  int    // of it
	last []byte // the reply before, and what it reported
	said error
}

const maxJunkReply = 8 << 10 // with its head

func newJunkLine(o options, server, code string) (*junkLine, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" {
		return nil, errors.New("junk goes to http:// only")
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "80")
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(o.junkFrom)}}
	return &junkLine{
		dial:    func() (net.Conn, error) { return dialer.Dial("tcp", host) },
		request: junkRequest(u, code), room: make([]byte, maxJunkReply),
	}, nil
}

func junkRequest(server *url.URL, code string) []byte {
	body := fmt.Sprintf(`{"code":%q}`, code)
	return fmt.Appendf(nil, "POST %s/wx/login HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		server.Path, server.Host, len(body), body)
}

func (l *junkLine) send() error {
	if l.conn == nil {
		if err := l.connect(); err != nil {
			return failure("connection failed")
		}
	}
	if _, err := l.conn.Write(l.request); err != nil {
		return l.hangUp()
	}
	return nil
}

func (l *junkLine) connect() error {
	conn, err := l.dial()
	if err != nil {
		return err
	}
	l.peeker, err = newPeeker(conn.(*net.TCPConn))
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	l.conn = conn
	return nil
}

func (l *junkLine) hangUp() error {
	_ = l.conn.Close() // nothing is lost that counts
	l.conn, l.got = nil, 0
	return failure("connection failed")
}

func (l *junkLine) answer() (there bool, err error) {
	n, err := l.peek(l.room[l.got:])
	l.got += n
	if err != nil {
		return true, l.hangUp()
	}
	if n == 0 {
		return false, nil
	}
	return l.read()
}

// read takes the reply apart, if it is whole. Most are the one before, byte by byte.
func (l *junkLine) read() (whole bool, err error) {
	reply := l.room[:l.got]
	if bytes.Equal(reply, l.last) {
		l.got = 0
		return true, l.said
	}
	if !bytes.Contains(reply, []byte("\r\n\r\n")) && l.got < len(l.room) {
		return false, nil // half a head may look like a bad one
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(reply)), nil)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(resp.Body)
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && l.got < len(l.room):
		return false, nil
	case err != nil || resp.Close:
		return true, l.hangUp()
	}
	l.last, l.said, l.got = append(l.last[:0], reply...), nil, 0
	if resp.StatusCode != http.StatusOK {
		l.said = refusal(resp.StatusCode, body)
	}
	return true, l.said
}
