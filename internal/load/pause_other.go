//go:build !linux

package main

import (
	"errors"
	"net"
	"os"
	"time"
)

// pause is as good as the runtime's timers.
func pause(d time.Duration) { time.Sleep(d) }

func pausePrecisely() {}

// peeker reads from a connection what has arrived, and waits for hardly any more.
type peeker struct{ conn net.Conn }

func newPeeker(c net.Conn) (*peeker, error) { return &peeker{c}, nil }

// peek returns 0 and no error where nothing has arrived.
func (p *peeker) peek(into []byte) (n int, err error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(20 * time.Microsecond)) // one that is closed shows below
	n, err = p.conn.Read(into)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}
