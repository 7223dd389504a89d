package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// exchange is one request of a client with all that follows from it.
type exchange struct {
	id     int64
	act    string // what the user of the page did
	client string // who asks
	from   lane
	to     lane
	tap    *tap
}

// tap writes down what passes.
type tap struct {
	journal *journal
	secrets secrets
	cookie  string // its name; "" without one
}

type exchangeKey struct{}

// exchangeOf returns the exchange that a call to WeChat or to the store belongs
// to; nil for one that nobody watches.
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

func (x *exchange) tell(e event) {
	e.Exchange, e.Act, e.Client = x.id, x.act, x.client
	x.tap.secrets.mark(&e)
	x.tap.journal.add(e)
}

// record writes down the requests to h while somebody watches. title, if not "",
// stands for a request that WeChat would answer on the phone: no server of ours
// sees it.
func (t *tap) record(title string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !t.journal.watched() {
			h.ServeHTTP(w, r)
			return
		}
		x := t.newExchange(r)
		if title != "" {
			x.to = wechatLane
			x.tell(event{From: x.from, To: x.to, Title: title})
		} else {
			x.tellRequest(r)
		}
		began, rec := time.Now(), &recorder{ResponseWriter: w}
		defer func() { x.tellReply(rec, time.Since(began)) }() // of a handler that panics too
		watched := r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
		defer func() { // net/http removes the files of uploads by its own request's form
			if r.MultipartForm == nil && watched.MultipartForm != nil {
				r.MultipartForm = watched.MultipartForm
			}
		}()
		h.ServeHTTP(rec, watched)
	})
}

// pageHeader is how the page tells what its user did, and who sends the request:
// "act client". It is no part of the protocol, so the page does not show it.
const pageHeader = "X-Demo"

func (t *tap) newExchange(r *http.Request) *exchange {
	x := &exchange{id: t.journal.count.Add(1), tap: t, from: clientLane, to: serverLane}
	x.act, x.client, _ = strings.Cut(r.Header.Get(pageHeader), " ")
	r.Header.Del(pageHeader)
	if !nameShaped(x.act) || !nameShaped(x.client) {
		x.act, x.client = "", ""
	}
	if x.client == "" {
		x.client = "other"
		if r.Header.Get("Sec-Fetch-Mode") != "" {
			x.client = "browser"
		}
	}
	return x
}

// nameShaped keeps what a client says about itself short and plain.
func nameShaped(s string) bool {
	return len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/") == ""
}

// What of a header is worth showing, in this order.
func requestHead() []string {
	return []string{"Content-Type", "Authorization", "X-Wx-Session", "Cookie", "Origin", "Sec-Fetch-Site"}
}

func replyHead() []string {
	return []string{"Content-Type", "Location", "Retry-After", "Www-Authenticate", "Set-Cookie", "Cache-Control", "Referrer-Policy"}
}

func fields(h http.Header, names []string) []field {
	var found []field
	for _, name := range names {
		for _, value := range h.Values(name) {
			found = append(found, field{name, value})
		}
	}
	return found
}

func (x *exchange) tellRequest(r *http.Request) {
	body := peekBody(r)
	s := &x.tap.secrets
	if token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		s.learn(userToken, token)
	}
	s.learn(userToken, r.Header.Get("X-Wx-Session"))
	s.learnCookies(r.Cookies(), x.tap.cookie)
	s.learn(ticket, r.URL.Query().Get("ticket"))
	s.learnJSON(body, map[string]kind{"code": loginCode})
	x.tell(event{
		From: x.from, To: x.to, Title: r.Method + " " + r.URL.RequestURI(),
		Head: fields(r.Header, requestHead()), Body: body,
	})
}

// peekBody reads a body that is short, and puts it back. A longer one, or one of
// unknown length, is for the handler to read or to refuse.
func peekBody(r *http.Request) string {
	if r.Body == nil || r.ContentLength <= 0 || r.ContentLength > 4*maxText {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	r.Body = readCloser{io.MultiReader(bytes.NewReader(body), failing{err}), r.Body}
	return string(body)
}

// readCloser is a body that was read before.
type readCloser struct {
	io.Reader
	io.Closer
}

// failing ends a body as it has ended before.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func (x *exchange) tellReply(rec *recorder, took time.Duration) {
	s, header, body := &x.tap.secrets, rec.Header(), rec.body.String()
	s.learnJSON(body, map[string]kind{"3rd_session": userToken, "ticket": ticket, "access_token": signedToken})
	if x.to == wechatLane {
		s.learnJSON(body, map[string]kind{"code": loginCode})
	}
	s.learnCookies((&http.Response{Header: header}).Cookies(), x.tap.cookie)
	e := event{
		From: x.to, To: x.from, Reply: true, Status: rec.status, Took: took.Microseconds(),
		Title: http.StatusText(rec.status), Code: errorCode(body), Head: fields(header, replyHead()), Body: body,
	}
	if isPicture(header) {
		e.Body, e.Cut = "", rec.size
	} else {
		e.Cut = rec.size - len(body)
	}
	x.tell(e)
}

// errorCode returns the code in the body of a refusal.
func errorCode(body string) string {
	var refusal struct{ Error string }
	if json.Unmarshal([]byte(body), &refusal) != nil {
		return ""
	}
	return refusal.Error
}

func isPicture(h http.Header) bool { return strings.HasPrefix(h.Get("Content-Type"), "image/") }

// recorder passes a reply on, and keeps the front of it.
type recorder struct {
	http.ResponseWriter
	status int
	size   int
	body   bytes.Buffer
}

// Unwrap lets http.ResponseController reach what is underneath.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.size += len(b)
	r.body.Write(b[:min(len(b), 4*maxText-r.body.Len())])
	return r.ResponseWriter.Write(b)
}

// Flush is here because frameworks ask for an http.Flusher.
func (r *recorder) Flush() {
	err := http.NewResponseController(r.ResponseWriter).Flush()
	if err == nil || !errors.Is(err, http.ErrNotSupported) {
		r.status = max(r.status, http.StatusOK)
	}
}
