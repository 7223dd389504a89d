package adaptertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// broken is an adapter that does one thing wrong.
type broken struct {
	name     string
	adapter  func() *reference
	caughtBy []string // rows, by the beginning of their names
}

func brokenAdapters() []broken {
	var all []broken
	for _, part := range [][]broken{
		brokenRouting(), brokenRequests(), brokenReplies(), brokenMiddlewares(), brokenSessionKeys(), brokenWafer(), brokenTransport(),
		brokenWith(), brokenOwnRoutes(), brokenOwnReplies(), brokenErrors(), brokenClients(), brokenCookies(), brokenShapes(),
	} {
		all = append(all, part...)
	}
	return all
}

func brokenRouting() []broken {
	return []broken{
		{"mounts below /wx whatever the prefix", func() *reference {
			return &reference{routes: func(r core.Route) []core.Route {
				r.Path = "/wx" + strings.TrimPrefix(strings.TrimPrefix(r.Path, "/auth/wechat"), "/wx")
				return []core.Route{r}
			}}
		}, []string{"the login routes stand under", "the login routes stand at the root"}},
		{"mounts a route that is not configured", func() *reference {
			return &reference{more: func(mux *http.ServeMux) {
				defer func() { _ = recover() }() // configured in one row
				mux.HandleFunc("POST /wx/phone", func(http.ResponseWriter, *http.Request) {})
			}}
		}, []string{"routes that are not configured"}},
		{"answers OPTIONS by itself", func() *reference {
			return &reference{routes: func(r core.Route) []core.Route {
				options := r
				options.Method = "OPTIONS"
				return []core.Route{r, options}
			}}
		}, []string{"OPTIONS, other methods"}},
		{"mounts GET without HEAD", func() *reference {
			return &reference{more: func(mux *http.ServeMux) {
				mux.HandleFunc("HEAD /wx/check", func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusMethodNotAllowed)
				})
			}}
		}, []string{"a login route for GET answers HEAD"}},
	}
}

func brokenRequests() []broken {
	return []broken{
		{"reads JSON only if the Content-Type says so", request(func(c *core.Request, r *http.Request) {
			if kind := r.Header.Get("Content-Type"); kind != "application/json" {
				c.Body = http.NoBody
			}
		}), []string{"login reads JSON"}},
		{"loses the headers", request(func(c *core.Request, _ *http.Request) { c.Header = http.Header{} }),
			[]string{"login hands the Referer", "a Wafer client logs in"}},
		{"cuts bodies off at the bound", request(func(c *core.Request, _ *http.Request) {
			c.Body = io.LimitReader(c.Body, 64<<10)
		}), []string{"a body over 64 KiB"}},
		{"cuts bodies off below the bound", request(func(c *core.Request, _ *http.Request) {
			c.Body = io.LimitReader(c.Body, 32<<10)
		}), []string{"a body of 64 KiB"}},
		{"loses the query", request(func(c *core.Request, _ *http.Request) { c.Query = "" }),
			[]string{"check hands its query on", "logout with all=1"}},
		{"loses the path parameter", request(func(c *core.Request, _ *http.Request) { c.ID = "" }),
			[]string{"sessions are deleted"}},
		{"leaves the path parameter escaped", request(func(c *core.Request, r *http.Request) {
			path := r.URL.EscapedPath()
			c.ID = path[strings.LastIndex(path, "/")+1:]
		}), []string{"an id that is escaped"}},
	}
}

func brokenReplies() []broken {
	return []broken{
		{"loses the headers of replies", reply(func(r *core.Reply) { r.Header = nil }), []string{
			"login answers", "login names", "check tells", "rotate answers", "sessions lists", "phone answers",
			"WeChat's refusals", "a misconfiguration", "every route but login", "a token that nobody issued", "HEAD without",
		}},
		{"says invalid_token to everybody", reply(func(r *core.Reply) {
			for i := range r.Header {
				if r.Header[i].Name == "WWW-Authenticate" {
					r.Header[i].Value = `Bearer error="invalid_token"`
				}
			}
		}), []string{"a request without a token", "a handler refuses"}},
		{"loses Retry-After", reply(func(r *core.Reply) {
			if r.Status >= 429 {
				r.Header = r.Header[:2]
			}
		}), []string{"a WeChat that does not answer", "a store that does not answer makes"}},
		{"has its own status for bad requests", status(400, 422), []string{"what is wrong with a login", "a Wafer client hears of a refused"}},
		{"has its own page for 404", reply(func(r *core.Reply) {
			if r.Status == 404 {
				r.Body = []byte("404 page not found")
			}
		}), []string{"an id of nobody"}},
		{"sends a body with 204", reply(func(r *core.Reply) {
			if r.Status == 204 {
				r.Status, r.Body = 200, []byte("null")
			}
		}), []string{"logout ends the session"}},
		{"takes an outage for a log-out", status(503, 401), []string{
			"a store that does not answer is 503", "a WeChat that does not answer about", "a Wafer client keeps",
		}},
		{"shows causes to clients", reply(func(r *core.Reply) {
			if r.Err != nil {
				r.Body, _ = json.Marshal(map[string]string{"error": string(r.Err.Code), "message": r.Err.Error()})
			}
		}), []string{"a hook that fails", "WeChat's refusals"}},
		{"hides messages from clients", reply(func(r *core.Reply) {
			if r.Err != nil && r.Err.Code == core.CodeLoginDenied {
				r.Body = []byte(`{"error":"login_denied","message":"sorry"}`)
			}
		}), []string{"a hook that refuses"}},
		{"shows errcodes to clients", reply(func(r *core.Reply) {
			if r.Err != nil && r.Err.ErrCode != 0 {
				r.Body = bytes.Replace(r.Body, []byte("{"), []byte(`{"errcode":1,`), 1)
			}
		}), []string{"a misconfiguration"}},
		{"hides the type of errors", func() *reference {
			return &reference{failed: func(err error) error { return errors.New(err.Error()) }}
		}, []string{"the framework's error path gets the typed"}},
		{"reports successes as errors", func() *reference { return &reference{noisy: true, failed: func(error) error { return nil }} },
			[]string{"the framework's error path gets nothing"}},
	}
}

func brokenTransport() []broken {
	return []broken{
		{"wraps the writer", func() *reference {
			return &reference{writer: func(w http.ResponseWriter) http.ResponseWriter {
				return struct{ http.ResponseWriter }{w}
			}}
		}, []string{"a handler streams", "a handler takes over"}},
		{"detaches the store from the request", func() *reference {
			return &reference{context: context.WithoutCancel}
		}, []string{"a client that goes away"}},
		{"swallows panics", func() *reference {
			return &reference{guard: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer func() { _ = recover() }()
					next.ServeHTTP(w, r)
				})
			}}
		}, []string{"a panic of a handler"}},
	}
}

func request(change func(*core.Request, *http.Request)) func() *reference {
	return func() *reference { return &reference{request: change} }
}

func reply(change func(*core.Reply)) func() *reference {
	return func() *reference { return &reference{reply: change} }
}

func status(from, to int) func() *reference {
	return reply(func(r *core.Reply) {
		if r.Status == from {
			r.Status = to
		}
	})
}

func guard(change func(*http.Request)) func() *reference {
	return func() *reference {
		return &reference{guard: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				change(r)
				next.ServeHTTP(w, r)
			})
		}}
	}
}

func optional(fn func(*core.Manager, *http.Request) (*http.Request, error)) func() *reference {
	return func() *reference { return &reference{optional: fn} }
}
