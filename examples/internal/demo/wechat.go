package demo

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"time"
)

// wechatTap is how the server reaches the simulated WeChat.
type wechatTap struct {
	tap  *tap
	next http.RoundTripper
}

// newWeChatClient returns a client with room for a server under load; no proxy
// stands between it and this process.
func newWeChatClient(t *tap) *http.Client {
	return &http.Client{Transport: wechatTap{t, &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}}
}

// maxReply is beyond every reply but the picture of a code, which is not read.
const maxReply = 64 << 10

// RoundTrip also learns what is secret while nobody watches: a session_key may
// turn up again in a value of the store.
func (t wechatTap) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	if x != nil {
		req = x.tellAsking(req)
	}
	began := time.Now()
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		if x != nil {
			x.tell(event{From: wechatLane, To: serverLane, Reply: true, Code: "failed", Took: time.Since(began).Microseconds()})
		}
		return nil, err
	}
	body, cut := "", 0
	if isPicture(resp.Header) {
		cut = int(max(0, resp.ContentLength))
	} else {
		body = peekReply(resp)
		t.tap.secrets.learnJSON(body, map[string]kind{"session_key": sessionKey, "access_token": accessToken})
	}
	if x != nil {
		x.tell(event{
			From: wechatLane, To: serverLane, Reply: true, Title: http.StatusText(resp.StatusCode), Status: resp.StatusCode,
			Head: fields(resp.Header, replyHead()), Body: body, Cut: cut, Took: time.Since(began).Microseconds(),
		})
	}
	return resp, nil
}

// tellAsking tells of a request when its body is known. The body is not read
// before its time: a request that must not arrive twice counts on that, see
// package wxapi.
func (x *exchange) tellAsking(req *http.Request) *http.Request {
	x.tap.secrets.learn(loginCode, req.URL.Query().Get("js_code"))
	e := event{
		From: serverLane, To: wechatLane, Title: req.Method + " " + req.URL.Path,
		Head: queryFields(req.URL.Query()),
	}
	if req.Body == nil || req.ContentLength <= 0 {
		x.tell(e)
		return req
	}
	sent := req.WithContext(req.Context()) // a RoundTripper must not change what it is given
	sent.Body = &toldBody{ReadCloser: req.Body, left: req.ContentLength, tell: func(body string) {
		e.Body = body
		x.tell(e)
	}}
	sent.GetBody = nil // net/http would send the one that is not told of
	return sent
}

// queryFields shows a query one parameter a line.
func queryFields(q url.Values) []field {
	var all []field
	for _, name := range []string{"appid", "secret", "js_code", "grant_type", "access_token", "openid", "sig_method", "signature"} {
		if q.Has(name) {
			all = append(all, field{"?" + name, q.Get(name)})
		}
	}
	return all
}

// toldBody tells once what was read, at its end.
type toldBody struct {
	io.ReadCloser
	read bytes.Buffer
	left int64
	tell func(string)
}

func (b *toldBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	if b.left -= int64(n); (b.left <= 0 || err != nil) && b.tell != nil {
		b.tell(b.read.String())
		b.tell = nil
	}
	return n, err
}

// peekReply reads the front of a reply, and puts it back.
func peekReply(resp *http.Response) string {
	front, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failing{err}
	}
	resp.Body = readCloser{io.MultiReader(bytes.NewReader(front), rest), resp.Body}
	return string(front)
}
