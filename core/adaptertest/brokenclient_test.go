package adaptertest

import (
	"net/http"
	"strings"

	"github.com/wxsession/wxsession/core"
)

// brokenClients are wrong about who sent a request.
func brokenClients() []broken {
	return []broken{
		{"believes X-Forwarded-For", request(func(c *core.Request, r *http.Request) {
			if first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ","); first != "" {
				c.Address = first
			}
		}), []string{"a client cannot", "behind a trusted proxy", "a limit for addresses"}},
		{"believes X-Real-Ip", request(func(c *core.Request, r *http.Request) {
			if address := r.Header.Get("X-Real-Ip"); address != "" {
				c.Address = address
			}
		}), []string{"a client cannot"}},
		{"loses the address", request(func(c *core.Request, _ *http.Request) { c.Address = "unknown" }),
			[]string{"a client cannot", "behind a trusted proxy"}},
		{"leaves the port in the address", request(func(c *core.Request, r *http.Request) { c.Address = r.RemoteAddr }),
			[]string{"a client cannot", "behind a trusted proxy", "a limit for addresses"}},
		{"shows the first line of a header alone", request(func(c *core.Request, _ *http.Request) {
			c.Header = firstLines{c.Header}
		}), []string{"behind a trusted proxy"}},
	}
}

// firstLines hides that there may be more.
type firstLines struct{ core.Header }

func brokenCookies() []broken {
	return []broken{
		{"does not read cookies", guard(func(r *http.Request) { r.Header.Del("Cookie") }),
			[]string{"a browser's cookie", "another website's page", "a dead token"}},
		{"reads cookies by itself", guard(func(r *http.Request) {
			if cookie, err := r.Cookie(cookieName); err == nil && r.Header.Get("Authorization") == "" {
				r.Header.Set("Authorization", "Bearer "+cookie.Value)
			}
		}), []string{"cookies are not read", "another website's page", "a dead token"}},
		{"prefers the cookie", guard(func(r *http.Request) {
			if _, err := r.Cookie(cookieName); err == nil {
				r.Header.Del("Authorization")
			}
		}), []string{"a browser's cookie"}},
		{"refuses without the cookie in view", func() *reference {
			return &reference{heard: func(h http.Header) http.Header {
				h = h.Clone()
				h.Del("Cookie")
				return h
			}}
		}, []string{"a dead token"}},
	}
}

func brokenShapes() []broken {
	return []broken{
		{"makes refusals of its own", reply(func(r *core.Reply) {
			if r.Err != nil {
				r.Status = r.Err.Status()
				r.Body, _ = r.Err.MarshalJSON() // texts
			}
		}), []string{"Config.Reply has the last word on refusals", "Config.Reply may refuse"}},
		{"sends a login as core made it", reply(func(r *core.Reply) {
			if r.Session != nil {
				r.Body = []byte(`{"3rd_session":"` + unissued + `"}`)
			}
		}), []string{"Config.Reply has the last word on the replies"}},
	}
}
