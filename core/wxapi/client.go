package wxapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxReply   = 64 << 10 // bytes; what is longer is no reply of WeChat
	maxRetries = 2        // of errcode -1, nothing else
)

// Client calls the API on behalf of one app. It is safe for concurrent use.
type Client struct {
	// Behind pointers, which fmt prints as addresses.
	cfg        *Config
	loginQuery *Secret
	http       *http.Client
	buffers    sync.Pool
}

// request is one call before it is sent.
type request struct {
	op, path string
	query    string          // encoded
	body     []byte          // JSON, sent by POST; nil means GET
	narrow   func(Kind) Kind // nil: the kind as the table has it
	hide     [4]Secret       // values that this request carries
}

// reply is what WeChat's JSON is decoded into.
type reply interface {
	status() (errcode int, errmsg string, given bool)
	complete() bool // all fields that a success must have are there
}

// call sends rq until there is a verdict other than "busy", within the time limit.
func call[T reply](ctx context.Context, c *Client, rq *request) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	for retries := 0; ; retries++ {
		out, err := attempt[T](ctx, c, rq)
		if err == nil {
			return out, nil
		}
		if err.ErrCode != -1 || retries == maxRetries || c.cfg.pause(ctx, backoff(retries)) != nil {
			return out, err
		}
	}
}

// backoff is 50 to 100 ms before the first retry, 150 to 300 ms before the second.
func backoff(retries int) time.Duration {
	d := 100 * time.Millisecond
	for range retries {
		d *= 3
	}
	return d/2 + rand.N(d/2)
}

// pause waits for d, or for less if ctx ends sooner.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt makes one exchange and tells the hook.
func attempt[T reply](ctx context.Context, c *Client, rq *request) (T, *Error) {
	if c.cfg.OnCall == nil {
		return exchange[T](ctx, c, rq)
	}
	start := c.cfg.Now()
	out, err := exchange[T](ctx, c, rq)
	done := Call{Op: rq.op, Path: rq.path, Duration: c.cfg.Now().Sub(start)}
	if err != nil {
		done.ErrCode, done.RID, done.Err = err.ErrCode, err.RID, err
	}
	c.cfg.OnCall(ctx, done)
	return out, err
}

func exchange[T reply](ctx context.Context, c *Client, rq *request) (T, *Error) {
	buf, _ := c.buffers.Get().(*bytes.Buffer)
	if buf == nil {
		buf = new(bytes.Buffer)
	}
	defer c.buffers.Put(buf)
	if err := c.roundTrip(ctx, rq, buf); err != nil {
		var none T
		return none, rq.fail(Unavailable, err)
	}
	return decode[T](rq, buf.Bytes())
}

var errGarbage = errors.New("the reply is not what this API returns")

// decode judges a reply by its JSON alone: the Content-Type that WeChat sends
// is text/plain on some endpoints and malformed on others.
func decode[T reply](rq *request, body []byte) (T, *Error) {
	var out, none T
	if json.Unmarshal(body, &out) != nil {
		return none, rq.fail(Unavailable, errGarbage)
	}
	errcode, errmsg, _ := out.status()
	if errcode != 0 {
		return none, rq.refused(errcode, errmsg)
	}
	if !out.complete() {
		return none, rq.fail(Unavailable, errGarbage)
	}
	return out, nil
}

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

// fail returns a failure that is not WeChat's verdict.
func (rq *request) fail(kind Kind, cause error) *Error {
	return &Error{Kind: kind, Op: rq.op, cause: sanitize(cause, rq.hide[:])}
}

// refused returns WeChat's verdict.
func (rq *request) refused(errcode int, errmsg string) *Error {
	kind := kindOf(errcode)
	if rq.narrow != nil {
		kind = rq.narrow(kind)
	}
	msg, rid := splitErrMsg(redact(errmsg, rq.hide[:]))
	return &Error{Kind: kind, Op: rq.op, ErrCode: errcode, ErrMsg: msg, RID: rid}
}

// outcome is the part that all replies share.
type outcome struct {
	ErrCode *int   `json:"errcode"`
	ErrMsg  string `json:"errmsg"`
}

func (s outcome) status() (errcode int, errmsg string, given bool) {
	if s.ErrCode == nil {
		return 0, s.ErrMsg, false
	}
	return *s.ErrCode, s.ErrMsg, true
}

// visible reports whether s is 1 to max bytes of visible ASCII.
func visible(s string, max int) bool {
	if s == "" || len(s) > max {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
