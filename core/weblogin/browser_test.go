package weblogin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request; header are pairs.
func (s *site) do(ctx context.Context, method, target, body string, header ...string) answer {
	r := httptest.NewRequestWithContext(ctx, method, "https://shop.example.com", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	r.RemoteAddr = "192.0.2.7:1234"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if address := r.Header.Get("Test-Address"); address != "" {
		r.RemoteAddr = address
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), bytes.Clone(w.Body.Bytes())}
}

// member is a text in the answer's JSON; "" if there is none.
func (a answer) member(name string) string {
	var members map[string]any
	_ = json.Unmarshal(a.body, &members)
	text, _ := members[name].(string)
	return text
}

// cookie is what the answer sets; nil if it does not.
func (a answer) cookie(name string) *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (a answer) want(t testing.TB, what string, status int, code string) {
	t.Helper()
	if a.status != status || a.member("error") != code {
		t.Errorf("%s: status %d, body %.200s; want %d %s", what, a.status, a.body, status, code)
	}
	if a.status >= 400 && a.header.Get("Set-Cookie") != "" {
		t.Errorf("%s: the refusal sets %s", what, a.header.Get("Set-Cookie"))
	}
}

// browser is one that keeps cookies, and the secret of a login also when it is told
// to forget it: as one does whose answer was lost, and one of an attacker's. What a
// login that was used gives is for the server to say.
type browser struct {
	*site
	jar    map[string]string
	id     string // of the login that it has begun last
	header []string
}

func (s *site) newBrowser(header ...string) *browser {
	return &browser{site: s, jar: map[string]string{}, header: header}
}

func (b *browser) send(ctx context.Context, method, target string) answer {
	var cookies []string
	for name, value := range b.jar {
		cookies = append(cookies, name+"="+value)
	}
	header := append([]string{"Cookie", strings.Join(cookies, "; ")}, b.header...)
	a := b.do(ctx, method, target, "", header...)
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.MaxAge >= 0 || c.Name != "__Host-wx-scan" {
			b.jar[c.Name] = c.Value
		}
	}
	return a
}

// begin begins a login.
func (b *browser) begin(t testing.TB) {
	t.Helper()
	a := b.send(t.Context(), "POST", "/wx/scan")
	a.want(t, "POST /wx/scan", 200, "")
	b.id = a.member("id")
}

func (b *browser) poll(ctx context.Context, query string) answer {
	return b.send(ctx, "GET", "/wx/scan/"+b.id+query)
}

// image gets the code, as the page shows it.
func (b *browser) image(t testing.TB) []byte {
	t.Helper()
	a := b.send(t.Context(), "GET", "/wx/scan/"+b.id+"/code")
	a.want(t, "the code", 200, "")
	return a.body
}

// loggedIn returns the openid of the browser's session; "" if it has none.
func (b *browser) loggedIn(t testing.TB) string {
	t.Helper()
	s, err := b.wx.AuthenticateRequest(t.Context(), core.Request{
		Method: "GET", Header: http.Header{"Cookie": {"__Host-wx=" + b.jar["__Host-wx"]}},
	})
	if err != nil {
		return ""
	}
	return s.OpenID
}

// act sends an action of the mini program.
func (s *site) act(ctx context.Context, token, id, action string) answer {
	return s.do(ctx, "POST", "/wx/scan/"+id, `{"action":"`+action+`"}`, "Authorization", "Bearer "+token)
}
