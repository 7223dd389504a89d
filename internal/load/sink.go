package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
)

// sinkReply is as long as a server's that refuses junk.
const sinkReply = "HTTP/1.1 429 Too Many Requests\r\nCache-Control: no-store\r\nContent-Type: application/json; charset=utf-8\r\n" +
	"Retry-After: 1\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 80\r\n\r\n" +
	`{"error":"rate_limited","message":"too many requests, wait before the next try"}`

// sink answers junk until ctx ends, and is nothing else: with the junk sent to it
// the servers are as without, and what it costs the others is the sender's doing.
func sink(ctx context.Context, address string, out io.Writer) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !loopback(host) {
		return errors.New("-sink must look like localhost:9091: it is for this machine")
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	fmt.Fprintf(out, "junk sinks at http://%s\n", l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go swallow(ctx, c)
	}
}

// swallow takes what one read brings for a request: the sender's are small, and
// wait for their replies.
func swallow(ctx context.Context, c net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	defer c.Close()
	room, reply := make([]byte, 4096), []byte(sinkReply)
	for {
		if _, err := c.Read(room); err != nil {
			return
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
	}
}
