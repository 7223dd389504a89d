package wxtest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong with a request. The fields combine where
// that makes sense; they are considered in this order.
type Fault struct {
	// Delay is waited, in real time, before anything else. Close ends it.
	Delay time.Duration

	// Hang answers nothing until the client has gone or the Server is closed.
	// The request takes no effect.
	Hang bool

	// Reset resets the connection before the request takes effect.
	Reset bool

	// ErrCode refuses the request with this errcode; it takes no effect. ErrMsg
	// is the text without the tail that names the request; empty means WeChat's
	// own.
	ErrCode int
	ErrMsg  string

	// Status answers with this HTTP status and a page of HTML, as a proxy in
	// between would. The request takes no effect.
	Status int

	// LoseReply lets the request take effect (a code is used up), then resets
	// the connection.
	LoseReply bool

	// ErrCodeZero puts "errcode":0 into a login's success, as WeChat's
	// documentation has it and its servers do not.
	ErrCodeZero bool

	// CountryCodeNumber gives the phone number's countryCode as a number.
	CountryCodeNumber bool

	// Body replaces the genuine body. Truncate cuts the body in half. Huge makes
	// a megabyte of JSON that is still valid, and adds four to anything else.
	Body     string
	Truncate bool
	Huge     bool

	// ContentType replaces the genuine one.
	ContentType string
}

// Always makes a fault last until Heal.
const Always = -1

type plan struct {
	fault Fault
	left  int // negative: for ever
}

// Fail applies a fault to the next so many requests to path ("" means all
// paths), or Always. Faults planned for one path queue up: each waits until the
// one before is spent.
//
// A path that the server does not know is an error, and plans nothing. Tests
// need not look at it: the mistake is also reported to Options.Errorf.
func (s *Server) Fail(path string, f Fault, times int) error {
	if err := s.checkPath("Fail", path); err != nil || times == 0 {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans[path] = append(s.plans[path], &plan{f, times})
	return nil
}

// checkPath reports a path that no request can meet.
func (s *Server) checkPath(method, path string) error {
	if path == "" || endpoints[path].exists() {
		return nil
	}
	path, _, _ = strings.Cut(path, "?") // what follows may be a secret
	err := fmt.Errorf("wxtest: Server.%s: there is no %q; the server knows %s",
		method, path, strings.Join(slices.Sorted(maps.Keys(endpoints)), ", "))
	s.opts.Errorf("%v", err)
	return err
}

// Heal forgets all planned faults. Requests that hang go on hanging.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.plans)
}

// nextFault needs s.mu.
func (s *Server) nextFault(path string) Fault {
	key := path
	if len(s.plans[key]) == 0 {
		key = ""
	}
	queue := s.plans[key]
	if len(queue) == 0 {
		return Fault{}
	}
	p := queue[0]
	if p.left > 0 {
		p.left--
	}
	if p.left == 0 {
		s.plans[key] = queue[1:]
	}
	return p.fault
}

// hold waits as long as the fault says, and reports whether to go on.
func (s *Server) hold(ctx context.Context, f Fault) bool {
	var after <-chan time.Time
	if f.Delay > 0 && !f.Hang {
		after = time.After(f.Delay)
	} else if !f.Hang {
		return true
	}
	select {
	case <-after:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

// abort resets the connection, or at least closes it, without a reply.
func abort(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's own way to say so
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// distort does to a body what the fault says.
func (f Fault) distort(body []byte) []byte {
	if f.Status != 0 {
		page := fmt.Sprintf("%d %s", f.Status, http.StatusText(f.Status))
		return fmt.Appendf(nil, "<html><head><title>%s</title></head><body><h1>%s</h1></body></html>", page, page)
	}
	if f.Body != "" {
		body = []byte(f.Body)
	}
	if f.Truncate {
		body = body[:len(body)/2]
	}
	if !f.Huge {
		return body
	}
	if rest, isObject := strings.CutPrefix(string(body), "{"); isObject {
		return []byte(`{"padding":"` + strings.Repeat("x", 1<<20) + `",` + rest)
	}
	return append(bytes.Clone(body), make([]byte, 4<<20)...)
}
