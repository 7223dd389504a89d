package wxtest

import (
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// Request is a line of the server's log. It holds no secret.
type Request struct {
	Time    time.Time // by the server's clock
	Method  string
	Path    string
	AppID   string // as the query or the access token says; may be empty
	ErrCode int    // of the reply; 0 also if there was none
}

// maxLog is the number of requests that the log keeps.
const maxLog = 1000

const maxBody = 1 << 20

// request is what the endpoints see of an HTTP request.
type request struct {
	method string
	path   string
	query  url.Values
	body   []byte
	from   netip.Addr
	appid  string
}

func read(r *http.Request) *request {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	q := r.URL.Query()
	return &request{
		method: r.Method, path: r.URL.Path, query: q, body: body,
		from: from.Addr().Unmap(), appid: q.Get("appid"),
	}
}

// Calls returns how many requests to path have arrived, those that hang or fail
// included; "" means all paths. A path that the server does not know is reported
// (see Options.Errorf), and its requests count among all only.
func (s *Server) Calls(path string) int {
	s.checkPath("Calls", path)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

// Requests returns the latest requests, the oldest first. One that hangs is not
// among them yet.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log[max(0, len(s.log)-maxLog):])
}

// arrive counts a request, before anything can go wrong with it.
func (s *Server) arrive(rq *request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[""]++
	if endpoints[rq.path].exists() {
		s.calls[rq.path]++
	}
	return s.nextFault(rq.path)
}

// record writes a request into the log, when its reply is known.
func (s *Server) record(rq *request, errcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.log) >= 2*maxLog {
		s.log = append(s.log[:0], s.log[maxLog:]...)
	}
	s.log = append(s.log, Request{
		Time: s.now(), Method: rq.method, Path: rq.path, AppID: rq.appid, ErrCode: errcode,
	})
}
