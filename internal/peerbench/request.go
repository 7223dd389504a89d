package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
)

// route is a handler with the requests that go to it in turn: they differ in the
// value of one header.
type route struct {
	handler      http.Handler
	path, header string
	values       []string
}

func newRoute(h http.Handler, path, header string, values []string) route {
	return route{h, path, http.CanonicalHeaderKey(header), values}
}

// side makes operations that hand one request each to the handler, without a
// network. A server has just written the request that it hands on, so all of them
// are made in the same memory: of a thousand of them each would have to be fetched
// from behind the caches, and only a route that looks at its headers would pay.
func (t route) side() operation {
	var w sink
	w.header = http.Header{}
	template, req := httptest.NewRequest("GET", t.path, nil), new(http.Request)
	value := []string{""}
	template.Header[t.header] = value
	return func(i int) error {
		clear(w.header)
		*req = *template // fresh: no value in its context
		value[0] = t.values[i%len(t.values)]
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
