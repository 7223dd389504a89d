package adaptertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/wxsession/wxsession/core"
)

func ownRows() []row {
	return []row{
		{name: "a route of the application's own gets the whole request", check: (*rig).ownRequest},
		{name: "a route of the application's own gets its parameter unescaped once", check: (*rig).ownParameter},
		{name: "a route of the application's own for GET answers HEAD, unless HEAD has its own", check: (*rig).ownHead},
		{name: "a route's reply is sent as it is", check: (*rig).ownReply},
		{name: "a reply's headers replace those that were set, and its cookies are added", check: (*rig).ownHeaders},
		{name: "a body over 64 KiB is refused to a route of the application's own, of unknown length too", check: (*rig).ownHugeBody},
	}
}

// told is what a route of the application's own sees of a request.
type told struct {
	Method, Host, Path, Query, ID, Header, Body string
}

// newRoutes are the application's own: /own/{id} tells what it sees, GET and
// HEAD /heads which of the two answers, /reply answers what the row has set. The
// one of the manager's making tells the client's address, or refuses with
// a.Err().
func (a *App) newRoutes() []core.Route {
	routes := []core.Route{
		{Method: "HEAD", Path: "/heads", Serve: named("HEAD")}, // some routers take the last of two
		{Method: "GET", Path: "/heads", Serve: named("GET")},
		{Method: "GET", Path: "/reply", Serve: func(context.Context, core.Request) core.Reply { return a.Reply() }},
		a.Manager.Route("POST", "/address", a.address),
	}
	for _, method := range ownMethods() {
		routes = append(routes, core.Route{Method: method, Path: "/own/{id}", Serve: tell})
	}
	return routes
}

func ownMethods() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE"} }

// answeredBy names the method that a route was made for.
const answeredBy = "X-Answered-By"

func named(method string) func(context.Context, core.Request) core.Reply {
	return func(context.Context, core.Request) core.Reply {
		return core.Reply{Status: 200, Header: []core.HeaderField{{Name: answeredBy, Value: method}}}
	}
}

func tell(_ context.Context, req core.Request) core.Reply {
	t := told{Method: req.Method, Host: req.Host, Path: req.Path, Query: req.Query, ID: req.ID, Header: req.Header.Get("X-Told")}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return core.Reply{Status: 500}
		}
		t.Body = string(body)
	}
	r := core.NewReply(t)
	r.Header = append(r.Header, core.HeaderField{Name: answeredBy, Value: req.Method})
	return r
}

func (r *rig) ownRequest() {
	r.start()
	for _, method := range ownMethods() {
		const body = "\x00 not\r\nJSON"
		a := r.do(method, "/own/7?a=1&b=%20&a=2", body, "X-Told", "a header")
		a.want(200)
		var got told
		a.decode(&got)
		if !strings.HasSuffix(got.Path, "/own/7") {
			r.Errorf("%s: the path is %q", a.what, got.Path)
		}
		got.Path = ""
		sent := told{Method: method, Host: strings.TrimPrefix(r.url, "http://"), Query: "a=1&b=%20&a=2", ID: "7", Header: "a header", Body: string(decoded(body))}
		if got != sent {
			r.Errorf("%s: the route sees %+v, want %+v", a.what, got, sent)
		}
	}
}

// decoded is a text as JSON brings it over.
func decoded(text string) (s string) {
	_ = json.Unmarshal([]byte(encode(text)), &s) // was encoded just now
	return s
}

func (r *rig) ownParameter() {
	r.start()
	for path, id := range map[string]string{
		"a-b_c.d": "a-b_c.d", "a+b": "a+b", "a%20b": "a b", "%41b": "Ab", "%2525": "%25", "%41%2525": "A%25",
		"%E6%89%8B%E6%9C%BA": "手机", "{id}": "{id}", ":id": ":id",
	} {
		a := r.do("GET", "/own/"+path, "").want(200)
		var got told
		a.decode(&got)
		if got.ID != id {
			r.Errorf("%s: the parameter is %q, want %q", a.what, got.ID, id)
		}
	}
}

func (r *rig) ownHead() {
	r.start()
	a := r.do("HEAD", "/own/7", "").want(200)
	a.wantHeader(answeredBy, "HEAD") // the route sees what was asked
	a.wantHeader("Content-Type", "application/json; charset=utf-8")
	r.do("HEAD", "/heads", "").want(200).wantHeader(answeredBy, "HEAD")
	r.do("GET", "/heads", "").want(200).wantHeader(answeredBy, "GET")
}

func (r *rig) ownReply() {
	r.start()
	for _, sent := range []core.Reply{
		{Status: 200, Header: []core.HeaderField{{Name: "Content-Type", Value: "image/png"}}, Body: []byte("\x89PNG\r\n\x1a\n\x00")},
		{Status: 201, Header: []core.HeaderField{{Name: "Content-Type", Value: "text/plain"}, {Name: "X-Own", Value: "an own header"}}, Body: []byte("made")},
		{Status: 204, Header: []core.HeaderField{{Name: "X-Own", Value: "nothing"}}},
		{Status: 303, Header: []core.HeaderField{{Name: "Location", Value: "/h5?x=1"}, {Name: "Referrer-Policy", Value: "no-referrer"}}},
		{Status: 404, Header: []core.HeaderField{{Name: "Content-Type", Value: "text/html; charset=utf-8"}}, Body: []byte("<p>nothing here</p>\n")},
		{Status: 418, Body: []byte(`{"tea":"<&>"}`), Header: []core.HeaderField{{Name: "Content-Type", Value: "application/json"}}},
	} {
		r.app.setReply(sent)
		a := r.do("GET", "/reply", "").want(sent.Status)
		for _, h := range sent.Header {
			a.wantHeader(h.Name, h.Value)
		}
		if a.body != string(sent.Body) {
			r.Errorf("%s: body %q, want %q", a.what, a.body, sent.Body)
		}
	}
}

func (r *rig) ownHeaders() {
	r.start()
	r.app.setReply(core.Reply{Status: 200, Header: []core.HeaderField{
		{Name: "Set-Cookie", Value: "a=1; Path=/"}, {Name: "Cache-Control", Value: "private"}, {Name: "Set-Cookie", Value: "b=2; HttpOnly"},
	}})
	a := r.do("GET", "/reply", "").want(200)
	a.wantHeader("Cache-Control", "private")
	a.wantCookies("a=1; Path=/", "b=2; HttpOnly")
}

// wantCookies checks which cookies the reply sets beside the application's.
func (a *answer) wantCookies(want ...string) {
	a.Helper()
	want = append([]string{earlierCookie}, want...)
	if got := a.header.Values("Set-Cookie"); !slices.Equal(got, want) {
		a.Errorf("%s: Set-Cookie %q, want %q", a.what, got, want)
	}
}

func (r *rig) ownHugeBody() {
	r.start()
	huge := `{"a":"` + strings.Repeat("x", 64<<10) + `"}`
	r.do("POST", "/wx/address", huge).wantRefusal(413, core.CodeRequestTooLarge)
	req := r.request(r.Context(), "POST", "/wx/address", huge)
	req.ContentLength = -1 // sent in chunks
	res, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		r.Errorf("%s in chunks: status %d, want 413", req.URL.Path, res.StatusCode)
	}
}
