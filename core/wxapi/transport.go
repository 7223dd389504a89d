package wxapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const maxReply = 64 << 10 // bytes; what is longer is no reply of WeChat

// roundTrip reads the reply to rq into buf, from the first base that it could
// be sent to.
func (c *Client) roundTrip(ctx context.Context, rq *request, buf *bytes.Buffer) error {
	if len(c.cfg.Bases) == 1 {
		return c.ask(ctx, c.cfg.Bases[0], rq, buf)
	}
	var err error
	for _, base := range c.cfg.Bases {
		var line connection
		err = c.ask(httptrace.WithClientTrace(ctx, line.trace()), base, rq, buf)
		if err == nil || !line.missing() || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// connection learns whether a request got one. Only a transport that reports
// its search for a connection, and none found, proves that nothing was sent.
type connection struct{ wanted, got atomic.Bool }

func (l *connection) missing() bool { return l.wanted.Load() && !l.got.Load() }

func (l *connection) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { l.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { l.got.Store(true) },
	}
}

// ask makes one HTTP exchange.
func (c *Client) ask(ctx context.Context, base string, rq *request, buf *bytes.Buffer) error {
	req, err := rq.build(ctx, base)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("http status %d", resp.StatusCode)
	}
	buf.Reset()
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, maxReply+1)); err != nil {
		return err
	}
	if buf.Len() > maxReply {
		return errGarbage
	}
	return nil
}

func (rq *request) build(ctx context.Context, base string) (*http.Request, error) {
	if rq.body == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+rq.path, nil)
		return rq.addQuery(req), err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+rq.path, bytes.NewReader(rq.body))
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return rq.addQuery(req), err
}

// addQuery keeps the query out of the URL's parser, whose errors quote it.
func (rq *request) addQuery(req *http.Request) *http.Request {
	if req != nil {
		req.URL.RawQuery = rq.query
	}
	return req
}

// httpClient copies given, or makes the default one. Redirects are not
// followed: the query that carries the secret would travel along.
func httpClient(given *http.Client) *http.Client {
	c := http.Client{Transport: newTransport()}
	if given != nil {
		c = *given
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// newTransport keeps enough idle connections for a busy service (net/http's
// default is two per host) and gives up on a host soon enough that the next
// base gets its turn within the time limit. It stays with HTTP/1.1, where a
// connection that died in silence costs one call and not all of them.
func newTransport() *http.Transport {
	dialer := net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 2 * time.Second,
		MaxIdleConnsPerHost: 256,
		MaxConnsPerHost:     1024,
		IdleConnTimeout:     60 * time.Second,
		DisableCompression:  true, // replies are some hundred bytes
	}
}
