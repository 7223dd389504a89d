package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
)

// route is a handler with the requests that go to it in turn.
type route struct {
	handler  http.Handler
	requests []*http.Request
}

// newRoute sends a request with each of the values in the header.
func newRoute(h http.Handler, path, header string, values []string) route {
	r := route{handler: h}
	for _, v := range values {
		req := httptest.NewRequest("GET", path, nil)
		req.Header.Set(header, v)
		r.requests = append(r.requests, req)
	}
	return r
}

// side makes operations that hand one request each to the handler, without a
// network.
func (t route) side() operation {
	var w sink
	w.header = http.Header{}
	req := new(http.Request)
	return func(i int) error {
		clear(w.header)
		*req = *t.requests[i%len(t.requests)] // fresh: no value in its context
		t.handler.ServeHTTP(&w, req)
		if w.status != http.StatusNoContent {
			return fmt.Errorf("the handler has answered %d, want 204", w.status)
		}
		return nil
	}
}

// sink is a ResponseWriter for any number of replies.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
