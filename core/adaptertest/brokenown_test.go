package adaptertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/wxsession/wxsession/core"
)

func brokenWith() []broken {
	return []broken{
		{"forgets With", func() *reference {
			return &reference{with: func(_ *App, r *http.Request) (*http.Request, *core.Session, error) { return r, nil, nil }}
		}, []string{"With hands", "With refuses", "With costs"}},
		{"copies the request in With", func() *reference {
			return &reference{with: func(app *App, r *http.Request) (*http.Request, *core.Session, error) {
				ctx, s, err := app.Manager.Require(r.Context(), requestOf(r))
				return r.WithContext(ctx), s, err
			}}
		}, []string{"With hands"}},
		{"takes a stranger for a session in With", func() *reference {
			return &reference{with: func(app *App, r *http.Request) (*http.Request, *core.Session, error) {
				_, s := app.Manager.Optional(r.Context(), requestOf(r))
				return r, s, nil
			}}
		}, []string{"With refuses", "a dead token"}},
		{"hides the method and the Host from With", func() *reference {
			return &reference{with: func(app *App, r *http.Request) (*http.Request, *core.Session, error) {
				s, err := app.Manager.AuthenticateRequest(r.Context(), core.Request{Method: "GET", Header: r.Header})
				return r, s, err
			}}
		}, []string{"another website's page"}},
	}
}

func brokenOwnRoutes() []broken {
	return []broken{
		{"forgets MountRoutes", own(func(core.Route) []core.Route { return nil }), []string{
			"a route of the application's own gets the whole", "a route of the application's own gets its parameter",
			"a route of the application's own for GET", "a route's reply", "a reply's headers", "a body over 64 KiB is refused to a route",
			"an error of the application's own keeps", "a client cannot", "Config.Reply has the last word on refusals",
		}},
		{"mounts GET and POST alone", own(func(r core.Route) []core.Route {
			if r.Method == "GET" || r.Method == "POST" {
				return []core.Route{r}
			}
			return nil
		}), []string{"a route of the application's own gets the whole", "a route of the application's own for GET"}},
		{"loses the path", request(func(c *core.Request, _ *http.Request) { c.Path = "" }), wholeRequest()},
		{"loses the Host", request(func(c *core.Request, _ *http.Request) { c.Host = "" }), append(wholeRequest(), "another website's page")},
		{"decodes the query", request(func(c *core.Request, _ *http.Request) { c.Query, _ = url.PathUnescape(c.Query) }), wholeRequest()},
		{"loses the body of methods that mostly have none", request(func(c *core.Request, _ *http.Request) {
			if c.Method == "DELETE" {
				c.Body = nil
			}
		}), wholeRequest()},
		{"takes HEAD for GET", request(func(c *core.Request, _ *http.Request) {
			if c.Method == "HEAD" {
				c.Method = "GET"
			}
		}), []string{"a route of the application's own for GET"}},
		{"unescapes the parameter twice", request(func(c *core.Request, _ *http.Request) {
			if id, err := url.PathUnescape(c.ID); err == nil {
				c.ID = id
			}
		}), ownParameter()},
		{"unescapes the parameter as a form does", request(func(c *core.Request, _ *http.Request) {
			c.ID = strings.ReplaceAll(c.ID, "+", " ")
		}), ownParameter()},
		{"believes Content-Length", request(func(c *core.Request, r *http.Request) {
			c.Body = io.LimitReader(c.Body, max(0, r.ContentLength))
		}), []string{"a body over 64 KiB is refused to a route"}},
	}
}

func wholeRequest() []string { return []string{"a route of the application's own gets the whole"} }
func ownParameter() []string { return []string{"a route of the application's own gets its parameter"} }

func brokenOwnReplies() []broken {
	return []broken{
		{"encodes bodies", reply(func(r *core.Reply) {
			if !json.Valid(r.Body) {
				r.Body, _ = json.Marshal(string(r.Body))
			}
		}), []string{"a route's reply", "Config.Reply may refuse"}},
		{"ends bodies with a line break", reply(func(r *core.Reply) { r.Body = append(bytes.Clone(r.Body), '\n') }),
			[]string{"a route's reply", "Config.Reply may refuse"}},
		{"has its own Content-Type", header(func(h http.Header, f core.HeaderField) {
			setHeader(h, f)
			h.Set("Content-Type", "application/json; charset=utf-8")
		}), []string{"a route's reply", "Config.Reply may refuse"}},
		{"sends failures with 200", reply(func(r *core.Reply) {
			if r.Err != nil {
				r.Status = 200
			}
		}), []string{"an error of the application's own keeps", "a hook refuses the login with", "Config.Reply may refuse"}},
		{"adds every header", header(func(h http.Header, f core.HeaderField) { h.Add(f.Name, f.Value) }),
			[]string{"a reply's headers", "login answers"}},
		{"sets every header", header(func(h http.Header, f core.HeaderField) { h.Set(f.Name, f.Value) }), cookieLosers()},
		{"forgets Set-Cookie", header(func(h http.Header, f core.HeaderField) {
			if f.Name != "Set-Cookie" {
				setHeader(h, f)
			}
		}), cookieLosers()},
		{"keeps the application's headers", header(func(h http.Header, f core.HeaderField) {
			if h.Get(f.Name) == "" || f.Name == "Set-Cookie" {
				setHeader(h, f)
			}
		}), []string{"a reply's headers"}},
	}
}

func cookieLosers() []string {
	return []string{"a reply's headers", "rotate puts a browser's", "a dead token", "Config.Reply has the last word on the replies", "Config.Reply has the last word on refusals"}
}

func brokenErrors() []broken {
	return []broken{
		{"knows the codes of core alone", reply(func(r *core.Reply) {
			if r.Err != nil {
				r.Status = r.Err.Code.Status()
			}
		}), []string{"an error of the application's own keeps", "a hook refuses the login with"}},
		{"loses WWW-Authenticate", without("WWW-Authenticate"), []string{"an error of the application's own asks"}},
		{"loses Retry-After", without("Retry-After"), []string{
			"an error of the application's own asks", "an error of another kind", "a limit for addresses",
		}},
		{"shows causes of refusals", reply(func(r *core.Reply) {
			if r.Err != nil {
				r.Body, _ = json.Marshal(map[string]string{"error": string(r.Err.Code), "message": r.Err.Error()})
			}
		}), []string{"an error of another kind", "an error of the application's own keeps"}},
	}
}

func without(name string) func() *reference {
	return header(func(h http.Header, f core.HeaderField) {
		if f.Name != name {
			setHeader(h, f)
		}
	})
}

func own(change func(core.Route) []core.Route) func() *reference {
	return func() *reference { return &reference{own: change} }
}

func header(put func(http.Header, core.HeaderField)) func() *reference {
	return func() *reference { return &reference{header: put} }
}
