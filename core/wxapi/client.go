package wxapi

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const maxRetries = 2 // of errcode -1, nothing else

// Client calls the API on behalf of one app. It is safe for concurrent use.
type Client struct {
	cfg     *Config // without the secret
	reveal  func() credentials
	http    *http.Client
	buffers sync.Pool
}

// credentials are kept in a closure: there no way of printing a Client finds them.
type credentials struct {
	secret     Secret
	loginQuery string // of code2Session, up to the code
}

func newCredentials(appid string, secret Secret) func() credentials {
	c := credentials{secret, "appid=" + appid + "&secret=" + url.QueryEscape(secret.Reveal()) +
		"&grant_type=authorization_code&js_code="}
	return func() credentials { return c }
}

// request is one call before it is sent.
type request struct {
	op, path string
	query    string          // encoded
	body     []byte          // JSON, sent by POST; nil means GET
	narrow   func(Kind) Kind // nil: the kind as the table has it
	hide     [5]Secret       // values that this request carries; [1] is for the access token
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
		return none, rq.fail(KindUnavailable, err)
	}
	return decode[T](rq, buf.Bytes())
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
