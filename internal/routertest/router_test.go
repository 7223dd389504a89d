package routertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/stores/memory"
)

func TestRouters(t *testing.T) {
	for name, c := range mounts {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.prefix, c.base, c.mount)
			t.Run("login routes", s.loginRoutes)
			t.Run("routes of the application's own", s.ownRoutes)
			t.Run("hand-over", s.handOver)
			t.Run("website login", s.websiteLogin)
		})
	}
}

// site is an application that runs.
type site struct {
	wechat *wxtest.Server
	host   string // its URL without a path
	base   string // the path at which the application stands
	client *http.Client
}

func newSite(t *testing.T, prefix, base string, mount func(*core.Manager, []core.Route) http.Handler) *site {
	t.Helper()
	sim := wxtest.NewServer()
	t.Cleanup(sim.Close)
	store, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	wx, err := core.New(core.Config{
		AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL, Prefix: prefix, Cookie: "wx", CookieInsecure: true,
	}, store)
	if err != nil {
		t.Fatal(err)
	}
	login, err := weblogin.New(wx, weblogin.Config{ScanLogin: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(login.Close)
	srv := httptest.NewServer(mount(wx, append(login.Routes(), ownRoutes(wx)...)))
	t.Cleanup(srv.Close)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &site{sim, srv.URL, base, client}
}

// ownRoutes stand under the prefix, where the routers hand everything on.
func ownRoutes(wx *core.Manager) []core.Route {
	tell := func(_ context.Context, req core.Request) (any, error) {
		return map[string]string{"method": req.Method, "path": req.Path, "id": req.ID, "query": req.Query}, nil
	}
	var routes []core.Route
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		routes = append(routes, wx.Route(method, "/orders/{id}", tell))
	}
	return routes
}

func (s *site) login(t *testing.T) (token string) {
	t.Helper()
	var reply struct {
		Token string `json:"3rd_session"`
	}
	s.do(t, "POST", "/wx/login", "", `{"code":"`+s.wechat.Code(s.wechat.OpenID("alice"))+`"}`, 200, &reply)
	return reply.Token
}

func (s *site) loginRoutes(t *testing.T) {
	token, other := s.login(t), s.login(t)
	if got := s.do(t, "GET", "/me", token, "", 200, nil); got != s.wechat.OpenID("alice") {
		t.Errorf("me is %q", got)
	}
	s.do(t, "GET", "/me", "", "", 401, nil)
	s.do(t, "HEAD", "/wx/check", token, "", 200, nil)
	s.do(t, "HEAD", "/wx/check", "", "", 401, nil)
	s.do(t, "PUT", "/wx/check", token, "", 405, nil)
	var list struct {
		Sessions []struct {
			ID      string `json:"id"`
			Current bool   `json:"current"`
		} `json:"sessions"`
	}
	s.do(t, "GET", "/wx/sessions", token, "", 200, &list)
	for _, l := range list.Sessions {
		if !l.Current {
			s.do(t, "DELETE", "/wx/sessions/"+l.ID, token, "", 204, nil)
		}
	}
	s.do(t, "GET", "/me", other, "", 401, nil)
	s.do(t, "GET", "/wx/nothing", token, "", 404, nil)
	s.do(t, "POST", "/wx/logout?all=1", token, "", 204, nil)
	s.do(t, "GET", "/me", token, "", 401, nil)
}

func (s *site) ownRoutes(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		var got map[string]string
		s.do(t, method, "/wx/orders/%41%20b%2F7?x=%20", "", "", 200, &got)
		if got["method"] != method || got["id"] != "A b/7" || got["query"] != "x=%20" || got["path"] != s.base+"/wx/orders/A b/7" {
			t.Errorf("%s: the route sees %q", method, got)
		}
	}
	s.do(t, "HEAD", "/wx/orders/7", "", "", 200, nil)
	s.do(t, "POST", "/wx/orders/7", "", "", 405, nil)
}

// do sends a request to a path of the application, and returns the body.
func (s *site) do(t *testing.T, method, path, token, body string, want int, v any) string {
	t.Helper()
	var headers []string
	if token != "" {
		headers = []string{"Authorization", "Bearer " + token}
	}
	_, text := s.send(t, method, s.base+path, body, want, headers...)
	if v != nil {
		decode(t, text, v)
	}
	return text
}

func decode(t *testing.T, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatal(err)
	}
}

// send sends a request to a path of the host.
func (s *site) send(t *testing.T, method, path, body string, want int, headers ...string) (http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.host+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: status %d, want %d: %s, %v", method, path, resp.StatusCode, want, text, err)
	}
	return resp.Header, string(text)
}
