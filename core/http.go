package core

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds the body of a login-route request.
const maxBody = 64 << 10

// Header looks up a request header by name, whatever its case; "" if there is
// none. http.Header is one.
type Header interface {
	Get(name string) string
}

// Request is a request to a login route, as an adapter hands it over.
type Request struct {
	Header Header
	Query  string    // raw, without the question mark
	ID     string    // what stands for {id} in Route.Path, unescaped
	Body   io.Reader // read through a limit; nil: empty
}

// Reply is what an adapter writes, as it is.
type Reply struct {
	Status int
	Header []HeaderField
	Body   []byte // JSON; empty with status 204
	// Err is the failure that the reply reports, for frameworks that have an
	// error path of their own; nil if it reports none.
	Err *Error
}

// HeaderField is one header of a Reply.
type HeaderField struct{ Name, Value string }

// Route is a login route. Path holds the configured prefix, and {id} where a
// path parameter goes.
type Route struct {
	Method string
	Path   string

	m     *Manager
	serve func(*Manager, context.Context, Request) (any, error)
}

// Serve answers a request to the route. It reports every failure in the reply.
func (r Route) Serve(ctx context.Context, req Request) Reply {
	body, err := r.serve(r.m, ctx, req)
	if err != nil {
		return r.m.Refusal(ctx, err, req.Header)
	}
	return newReply(body)
}

// Routes returns the login routes that an adapter mounts.
func (m *Manager) Routes() []Route {
	var routes []Route
	add := func(method, path string, serve func(*Manager, context.Context, Request) (any, error)) {
		routes = append(routes, Route{method, m.cfg.Prefix + path, m, serve})
	}
	add("POST", "/login", (*Manager).serveLogin)
	add("GET", "/check", (*Manager).serveCheck)
	add("POST", "/logout", (*Manager).serveLogout)
	add("GET", "/sessions", (*Manager).serveSessions)
	add("DELETE", "/sessions/{id}", (*Manager).serveRevoke)
	add("POST", "/rotate", (*Manager).serveRotate)
	if m.cfg.PhoneRoute {
		add("POST", "/phone", (*Manager).servePhone)
	}
	if m.cfg.Wafer {
		add("GET", "/wafer/login", (*Manager).serveWaferLogin)
		add("POST", "/wafer/login", (*Manager).serveWaferLogin)
	}
	return routes
}

// Authorize is Authenticate for a middleware: it takes the token from the
// request's headers, and returns ctx with the session in it as well. Failures
// go to the client as Refusal puts them.
func (m *Manager) Authorize(ctx context.Context, h Header) (context.Context, *Session, error) {
	a := &attached{Context: ctx}
	if err := m.authenticate(ctx, m.token(h), &a.session); err != nil {
		return ctx, nil, err
	}
	return a, &a.session, nil
}

// AuthorizeSessionKey is Authorize for routes that decrypt: the session must be
// live, and its session_key one that WeChat took within the last maxAge (see
// RequireSessionKey). Behind another middleware it takes the session from ctx.
func (m *Manager) AuthorizeSessionKey(ctx context.Context, h Header, maxAge time.Duration) (context.Context, *Session, error) {
	known, s := ctx, FromContext(ctx)
	if s == nil {
		var err error
		if known, s, err = m.Authorize(ctx, h); err != nil {
			return ctx, nil, err
		}
	}
	if err := m.RequireSessionKey(ctx, s, maxAge); err != nil {
		return ctx, nil, err
	}
	return known, s, nil
}

// Recognize is Authorize for pages that are public: whatever is wrong with the
// session, or with the store, they are served to a stranger, with a nil
// session. It does not ask the store where there is no token.
func (m *Manager) Recognize(ctx context.Context, h Header) (context.Context, *Session) {
	known, s, err := m.Authorize(ctx, h)
	if CodeOf(err) == StoreUnavailable {
		m.report(ctx, asError(err))
	}
	return known, s
}

// token takes the 3rd_session from the headers: "Authorization: Bearer …", or
// X-WX-Session where something else claims that header, or X-WX-Skey of a Wafer
// client.
func (m *Manager) token(h Header) string {
	const scheme = "bearer "
	if a := get(h, "Authorization"); len(a) >= len(scheme) && strings.EqualFold(a[:len(scheme)], scheme) {
		return strings.TrimSpace(a[len(scheme):])
	}
	token := get(h, "X-Wx-Session")
	if token == "" && m.cfg.Wafer {
		token = get(h, "X-Wx-Skey")
	}
	return token
}

// get is h.Get for a canonical name: http.Header would canonicalize it again.
func get(h Header, name string) string {
	std, ok := h.(http.Header)
	if !ok {
		return h.Get(name)
	}
	if values := std[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Refusal turns an error of the manager into the reply that reports it, and
// logs what an operator should see. h is the request's.
func (m *Manager) Refusal(ctx context.Context, err error, h Header) Reply {
	e := asError(err)
	m.report(ctx, e)
	var body any = e
	if f := m.waferFailure(err, e, h); f != nil {
		body = f
	}
	r := newReply(body)
	r.Status, r.Err = e.Code.Status(), e
	if r.Status == 401 {
		challenge := "Bearer"
		if m.token(h) != "" {
			challenge = `Bearer error="invalid_token"`
		}
		r.Header = append(r.Header, HeaderField{"WWW-Authenticate", challenge})
	}
	if e.RetryAfter > 0 {
		seconds := int(math.Ceil(e.RetryAfter.Seconds()))
		r.Header = append(r.Header, HeaderField{"Retry-After", strconv.Itoa(seconds)})
	}
	return r
}

// report logs what needs an operator. A client's mistakes do not.
func (m *Manager) report(ctx context.Context, e *Error) {
	switch e.Code {
	case Misconfigured:
		m.log.ErrorContext(ctx, "WeChat refuses the configuration of this backend", "error", e)
	case StoreUnavailable, WeChatUnavailable:
		if ctx.Err() == nil { // a client that went away is no outage
			m.log.WarnContext(ctx, "cannot answer a request", "error", e)
		}
	}
}

// newReply encodes body; nil gives 204.
func newReply(body any) Reply {
	r := Reply{Status: 204, Header: []HeaderField{{"Cache-Control", "no-store"}}}
	if body == nil {
		return r
	}
	r.Status = 200
	r.Header = append(r.Header, HeaderField{"Content-Type", "application/json; charset=utf-8"})
	r.Body, _ = json.Marshal(body) // own types: strings and numbers
	return r
}

// decode reads a JSON body into v, whatever its Content-Type says.
func decode(req Request, v any) error {
	if req.Body == nil {
		return errBadRequest("the body is empty, send JSON")
	}
	data, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	switch {
	case len(data) > maxBody:
		return &Error{Code: RequestTooLarge, Message: "the body is over 64 KiB"}
	case err != nil:
		return errBadRequest("the body could not be read to its end")
	}
	if err := json.Unmarshal(data, v); err != nil {
		return errJSON(err)
	}
	return nil
}
