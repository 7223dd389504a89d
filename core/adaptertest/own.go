package adaptertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
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
		{name: "a client cannot choose its address", check: (*rig).ownAddress},
		{name: "behind a trusted proxy the client's address is the one that the proxy names", check: (*rig).proxiedAddress},
		{name: "a limit for addresses is 429 with Retry-After, and counts clients behind a proxy one by one", check: (*rig).addressLimit},
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
		{Method: "GET", Path: "/heads", Serve: named("GET")},
		{Method: "HEAD", Path: "/heads", Serve: named("HEAD")},
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

func (a *App) address(_ context.Context, req core.Request) (any, error) {
	if err := a.Err(); err != nil {
		return nil, err
	}
	var body struct{}
	if err := req.DecodeOptional(&body); err != nil {
		return nil, err
	}
	return map[string]string{"address": req.Address}, nil
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

// from returns the client's address as a route sees it.
func (r *rig) from(headers ...string) string {
	r.Helper()
	var reply struct {
		Address string `json:"address"`
	}
	r.do("POST", "/wx/address", "", headers...).want(200).decode(&reply)
	return reply.Address
}

func (r *rig) ownAddress() {
	r.start()
	for _, headers := range [][]string{
		nil,
		{"X-Forwarded-For", "198.51.100.9"},
		{"X-Forwarded-For", "127.0.0.1, 198.51.100.9"},
		{"X-Real-Ip", "198.51.100.9", "Forwarded", "for=198.51.100.9", "True-Client-Ip", "198.51.100.9"},
	} {
		got := r.from(headers...)
		if ip, err := netip.ParseAddr(got); err != nil || !ip.IsLoopback() {
			r.Errorf("with %q the client's address is %q, want that of the connection", headers, got)
		}
	}
}

// behindProxy trusts what connects to the application, as all rows do, and
// another proxy at 10.0.0.2.
func behindProxy(c *core.Config) {
	for _, network := range []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8"} {
		c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(network))
	}
}

func (r *rig) proxiedAddress() {
	r.start(behindProxy)
	for _, lines := range [][]string{
		{"192.0.2.1"},
		{"198.51.100.9, 192.0.2.1"},
		{"198.51.100.9", "192.0.2.1"}, // the proxy has added a line
		{"198.51.100.9", "192.0.2.1, 10.0.0.2"},
	} {
		var headers []string
		for _, line := range lines {
			headers = append(headers, "X-Forwarded-For", line)
		}
		if got := r.from(headers...); got != "192.0.2.1" {
			r.Errorf("with X-Forwarded-For %q the client's address is %q, want 192.0.2.1", lines, got)
		}
	}
}

func (r *rig) addressLimit() {
	r.start(behindProxy, func(c *core.Config) { c.LimitAddress = core.Rate{N: 1, Per: keyMaxAge} })
	from := func(address string) *answer {
		return r.do("POST", "/wx/login", loginBody(r.wx.Code(r.wx.OpenID("alice"))), "X-Forwarded-For", "198.51.100.9, "+address)
	}
	for range 2 { // the burst
		from("192.0.2.1").want(200)
	}
	from("192.0.2.1").wantRefusal(429, core.CodeRateLimited)
	from("192.0.2.2").want(200)
}
