package adaptertest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wxsession/wxsession/core"
)

func brokenMiddlewares() []broken {
	return []broken{
		{"takes a token from the URL", guard(func(r *http.Request) {
			if token := r.URL.Query().Get("token"); token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
		}), []string{"a token in the URL"}},
		{"knows Authorization only, and only as RFC 6750 writes it", guard(func(r *http.Request) {
			r.Header.Del("X-Wx-Session")
			if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
				r.Header.Del("Authorization")
			}
		}), []string{"X-WX-Session carries", "an Authorization of another scheme", "the scheme is Bearer"}},
		{"prefers X-WX-Session", guard(func(r *http.Request) {
			if r.Header.Get("X-Wx-Session") != "" {
				r.Header.Del("Authorization")
			}
		}), []string{"Authorization wins"}},
		{"reads the body", guard(func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }),
			[]string{"the body of a request"}},
		{"asks the store twice", func() *reference {
			return &reference{admit: func(m *core.Manager) error {
				_ = m.Ping(context.Background())
				return nil
			}}
		}, []string{"a request with a session costs", "what cannot be a token"}},
		{"gives up on a store for good", func() *reference {
			var down atomic.Bool
			return &reference{admit: func(m *core.Manager) error {
				if err := m.Ping(context.Background()); err != nil {
					down.Store(true)
				}
				if down.Load() {
					return &core.Error{Code: core.CodeStoreUnavailable}
				}
				return nil
			}}
		}, []string{"a store that recovers"}},
		{"loses the context", func() *reference {
			return &reference{attach: func(r *http.Request, _ context.Context) *http.Request { return r }}
		}, []string{"a handler finds the session", "a route for session_keys serves", "X-WX-Skey carries"}},
		{"keeps the form of its copy of the request", func() *reference {
			return &reference{serve: func(next http.Handler, w http.ResponseWriter, _, known *http.Request) { next.ServeHTTP(w, known) }}
		}, []string{"the files of an upload are", "the files of an upload whose"}},
		{"hands a form back where nobody panics", func() *reference {
			return &reference{serve: func(next http.Handler, w http.ResponseWriter, r, known *http.Request) {
				next.ServeHTTP(w, known)
				r.MultipartForm = known.MultipartForm
			}}
		}, []string{"the files of an upload whose"}},
		{"makes a session up where there is none", func() *reference {
			return &reference{session: func(r *http.Request) *core.Session {
				if s := core.FromContext(r.Context()); s != nil {
					return s
				}
				return &core.Session{OpenID: "nobody"}
			}}
		}, []string{"a handler without the middleware"}},
		{"keeps the first session that it sees", func() *reference {
			var first atomic.Pointer[core.Session]
			return &reference{session: func(r *http.Request) *core.Session {
				if s := core.FromContext(r.Context()); s != nil {
					first.CompareAndSwap(nil, s)
					return first.Load()
				}
				return nil
			}}
		}, []string{"parallel requests"}},
		{"greets nobody", optional(func(_ *core.Manager, r *http.Request) (*http.Request, error) { return r, nil }),
			[]string{"a public page greets"}},
		{"refuses strangers on public pages", optional(func(m *core.Manager, r *http.Request) (*http.Request, error) {
			ctx, _, err := m.Require(r.Context(), requestOf(r))
			return r.WithContext(ctx), err
		}), []string{"a public page takes", "a public page is served"}},
		{"asks the store for strangers", optional(func(m *core.Manager, r *http.Request) (*http.Request, error) {
			_ = m.Ping(r.Context())
			ctx, _ := m.Optional(r.Context(), requestOf(r))
			return r.WithContext(ctx), nil
		}), []string{"a public page does not ask"}},
	}
}

func brokenSessionKeys() []broken {
	return []broken{
		{"asks strangers for no session_key", requireKey(func(m *core.Manager, r *http.Request) (context.Context, error) {
			if ctx, s := m.Optional(r.Context(), requestOf(r)); s == nil {
				return ctx, nil
			}
			return admitKey(m, r, keyMaxAge)
		}), []string{"a route for session_keys asks for a session"}},
		{"does not ask WeChat", requireKey(func(m *core.Manager, r *http.Request) (context.Context, error) {
			ctx, _, err := m.Require(r.Context(), requestOf(r))
			return ctx, err
		}), []string{"a session_key that WeChat refuses", "WeChat is asked about", "a WeChat that does not answer about"}},
		{"ends a session with its session_key", requireKey(func(m *core.Manager, r *http.Request) (context.Context, error) {
			ctx, err := admitKey(m, r, keyMaxAge)
			if core.CodeOf(err) == core.CodeSessionKeyExpired {
				_ = m.Logout(ctx, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			}
			return ctx, err
		}), []string{"a session_key that WeChat refuses"}},
		{"gives up on a user whose session_key was refused", func() *reference {
			var refused atomic.Pointer[error]
			return &reference{keyed: func(m *core.Manager, r *http.Request) (context.Context, error) {
				if err := refused.Load(); err != nil {
					return nil, *err
				}
				ctx, err := admitKey(m, r, keyMaxAge)
				if err != nil {
					refused.Store(&err)
				}
				return ctx, err
			}}
		}, []string{"a login heals"}},
		{"asks WeChat at every request", maxAge(0), []string{"WeChat is asked about"}},
		{"asks WeChat once and for all", maxAge(time.Hour), []string{"WeChat is asked about", "a session_key that WeChat refuses"}},
		{"lets everybody pass while WeChat does not answer", requireKey(func(m *core.Manager, r *http.Request) (context.Context, error) {
			ctx, err := admitKey(m, r, keyMaxAge)
			if core.CodeOf(err) == core.CodeWeChatUnavailable {
				err = nil
			}
			return ctx, err
		}), []string{"a WeChat that does not answer about"}},
		{"looks for a session that it has", requireKey(func(m *core.Manager, r *http.Request) (context.Context, error) {
			ctx, _, err := m.Require(r.Context(), requestOf(r))
			if err != nil {
				return ctx, err
			}
			ctx, _, err = m.RequireSessionKey(context.WithoutCancel(r.Context()), requestOf(r), keyMaxAge)
			return ctx, err
		}), []string{"a route for session_keys looks the session up once"}},
	}
}

func brokenWafer() []broken {
	return []broken{
		{"mounts one method on a path", func() *reference {
			return &reference{routes: func(r core.Route) []core.Route {
				if r.Method == "GET" && strings.HasSuffix(r.Path, "/wafer/login") {
					return nil
				}
				return []core.Route{r}
			}}
		}, []string{"a Wafer client logs in"}},
		{"does not know X-WX-Skey", guard(func(r *http.Request) { r.Header.Del("X-Wx-Skey") }),
			[]string{"X-WX-Skey carries", "a Wafer client whose session", "a Wafer client keeps"}},
		{"refuses without a look at the request", func() *reference {
			return &reference{heard: func(http.Header) http.Header { return http.Header{} }}
		}, []string{"a Wafer client whose session"}},
		{"knows X-WX-Skey whether it is configured or not", guard(func(r *http.Request) {
			if skey := r.Header.Get("X-Wx-Skey"); skey != "" {
				r.Header.Set("X-Wx-Session", skey)
			}
		}), []string{"Wafer clients are strangers"}},
	}
}

// admitKey is what a right adapter does.
func admitKey(m *core.Manager, r *http.Request, maxAge time.Duration) (context.Context, error) {
	ctx, _, err := m.RequireSessionKey(r.Context(), requestOf(r), maxAge)
	return ctx, err
}

func requireKey(fn func(*core.Manager, *http.Request) (context.Context, error)) func() *reference {
	return func() *reference { return &reference{keyed: fn} }
}

func maxAge(d time.Duration) func() *reference {
	return requireKey(func(m *core.Manager, r *http.Request) (context.Context, error) { return admitKey(m, r, d) })
}
