package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// counter stands between a client and a server and counts round trips: how
// often the client has sent something. The client must send one request after
// the other.
type counter struct {
	addr  string
	trips atomic.Int64
}

func (b *bench) counter(server string) (*counter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.atEnd(func() { _ = l.Close() })
	c := &counter{addr: l.Addr().String()}
	go c.accept(l, server)
	return c, nil
}

func (c *counter) accept(l net.Listener, server string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		backend, err := net.Dial("tcp", server)
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(client, backend)
			_ = client.Close()
		}()
		go c.forward(client, backend)
	}
}

func (c *counter) forward(client, backend net.Conn) {
	defer backend.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		c.trips.Add(1)
		if _, err := backend.Write(buf[:n]); err != nil {
			return
		}
	}
}

// dialRedis returns a client for this command's own questions, and for the bare
// GETs. Its buffers, and its one connection, are as those of our store.
func (b *bench) dialRedis(addr string, flushDelay time.Duration) (rueidis.Client, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr}, DisableCache: true, ForceSingleClient: true,
		PipelineMultiplex: -1, MaxFlushDelay: flushDelay,
		ReadBufferEachConn: 32 << 10, WriteBufferEachConn: 32 << 10,
	})
	if err == nil {
		b.atEnd(client.Close)
	}
	return client, err
}

// commands is how many commands a server has executed, those of this question
// not counted.
func commands(ctx context.Context, client rueidis.Client) (int64, error) {
	info, err := client.Do(ctx, client.B().Info().Section("commandstats").Build()).ToString()
	if err != nil {
		return 0, err
	}
	var sum int64
	for lines := bufio.NewScanner(strings.NewReader(info)); lines.Scan(); {
		name, rest, found := strings.Cut(lines.Text(), ":calls=")
		if !found || name == "cmdstat_info" {
			continue
		}
		text, _, _ := strings.Cut(rest, ",")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
