package wxapi

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

const maxReply = 64 << 10 // bytes of JSON; what is longer is no reply of WeChat

// answer is what came back with status 200. It is reused.
type answer struct {
	body        bytes.Buffer
	contentType string
	limit       io.LimitedReader
}

// read refuses what is longer than max bytes.
func (a *answer) read(resp *http.Response, max int64) error {
	a.body.Reset()
	a.contentType = resp.Header.Get("Content-Type")
	a.limit = io.LimitedReader{R: resp.Body, N: max + 1}
	_, err := a.body.ReadFrom(&a.limit)
	a.limit.R = nil
	if err != nil {
		return err
	}
	if int64(a.body.Len()) > max {
		return errGarbage
	}
	return nil
}

// roundTrip reads the reply to rq into a, from the first base that it could be
// sent to.
func (c *Client) roundTrip(ctx context.Context, rq *request, a *answer) error {
	if len(c.bases) == 1 {
		return c.ask(ctx, c.bases[0], rq, a)
	}
	var err error
	for _, base := range c.bases {
		var line connection
		err = c.ask(httptrace.WithClientTrace(ctx, line.trace()), base, rq, a)
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

// ask makes one HTTP exchange. The transport may be the application's.
func (c *Client) ask(ctx context.Context, base *url.URL, rq *request, a *answer) (err error) {
	defer recoverInto(&err)
	resp, err := c.http.Do(rq.build(ctx, base))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("http status %d", resp.StatusCode)
	}
	return a.read(resp, cmp.Or(rq.max, maxReply))
}

func (rq *request) build(ctx context.Context, base *url.URL) *http.Request {
	u := *base
	u.Path = base.Path + rq.path
	if base.RawPath != "" {
		u.RawPath = base.RawPath + rq.path
	}
	u.RawQuery = rq.query
	req := (&http.Request{
		Method: http.MethodGet, URL: &u, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if rq.body != nil {
		req.Method = http.MethodPost
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case rq.once:
		sendOnce(req, rq.body)
	case rq.body != nil:
		req.ContentLength = int64(len(rq.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(rq.body)), nil }
		req.Body, _ = req.GetBody()
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
