package wxapi

import (
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
	bases   []*url.URL // at least one
	http    *http.Client
	answers sync.Pool
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
	max      int64           // bytes of the reply; 0 means maxReply
	once     bool            // it uses something up at WeChat, and must not arrive twice
	hide     [5]Secret       // values that this request carries; [1] is for the access token
}

// reader judges an answer.
type reader[T any] func(*request, *answer) (T, *Error)

// call sends rq until the answer is another one than "busy", within the time
// limit.
func call[T any](ctx context.Context, c *Client, rq *request, read reader[T]) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	for retries := 0; ; retries++ {
		out, err := attempt(ctx, c, rq, read)
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

// attempt makes one exchange and tells the hooks.
func attempt[T any](ctx context.Context, c *Client, rq *request, read reader[T]) (T, *Error) {
	if c.cfg.OnCall == nil && c.cfg.BeforeCall == nil {
		return exchange(ctx, c, rq, read)
	}
	ctx, cause := c.announce(ctx, rq)
	if cause != nil {
		var none T
		return none, rq.fail(KindUnavailable, cause)
	}
	start := c.cfg.Now()
	out, err := exchange(ctx, c, rq, read)
	done := Call{Op: rq.op, Path: rq.path, Duration: c.cfg.Now().Sub(start)}
	if err != nil {
		done.ErrCode, done.RID, done.Err = err.ErrCode, err.RID, err
	}
	if cause := c.tell(ctx, done); cause != nil && err == nil {
		var none T
		return none, rq.fail(KindUnavailable, cause)
	}
	return out, err
}

// tell calls the hook. A hook that panics spoils the call that it hears of: it
// must be noticed.
func (c *Client) tell(ctx context.Context, done Call) (err error) {
	defer recoverInto(&err)
	if c.cfg.OnCall != nil {
		c.cfg.OnCall(ctx, done)
	}
	return nil
}

// announce calls the other hook.
func (c *Client) announce(ctx context.Context, rq *request) (under context.Context, err error) {
	defer recoverInto(&err)
	if c.cfg.BeforeCall == nil {
		return ctx, nil
	}
	return c.cfg.BeforeCall(ctx, Call{Op: rq.op, Path: rq.path}), nil
}

func exchange[T any](ctx context.Context, c *Client, rq *request, read reader[T]) (T, *Error) {
	a, _ := c.answers.Get().(*answer)
	if a == nil {
		a = new(answer)
	}
	defer c.keep(a)
	if err := c.roundTrip(ctx, rq, a); err != nil {
		var none T
		return none, rq.fail(KindUnavailable, err)
	}
	return read(rq, a)
}

// keep lets later calls use the memory of an answer, unless it held an image.
func (c *Client) keep(a *answer) {
	if a.body.Cap() <= 2*maxReply {
		c.answers.Put(a)
	}
}

// fail returns a failure for which WeChat gave no errcode.
func (rq *request) fail(kind Kind, cause error) *Error {
	return &Error{Kind: kind, Op: rq.op, cause: sanitize(cause, rq.hide[:])}
}

// refused returns the error that WeChat gave.
func (rq *request) refused(errcode int, errmsg string) *Error {
	kind := kindOf(errcode)
	if rq.narrow != nil {
		kind = rq.narrow(kind)
	}
	msg, rid := splitErrMsg(redact(errmsg, rq.hide[:]))
	return &Error{Kind: kind, Op: rq.op, ErrCode: errcode, ErrMsg: msg, RID: rid}
}
