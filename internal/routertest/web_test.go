package routertest

import (
	"net/http"
	"strings"
	"testing"
)

// handOver goes by the URL of the reply, as a web-view does.
func (s *site) handOver(t *testing.T) {
	var ticket struct{ URL string }
	s.do(t, "POST", "/wx/ticket", s.login(t), `{"to":"/h5?x=1"}`, 200, &ticket)
	s.send(t, "HEAD", ticket.URL, "", 204) // does not use the ticket up
	header, _ := s.send(t, "GET", ticket.URL, "", 303)
	if to := header.Get("Location"); to != "/h5?x=1" {
		t.Errorf("the web-view is sent to %q", to)
	}
	s.wantUser(t, cookieOf(t, header, "wx"))
	s.send(t, "GET", ticket.URL, "", 401)
}

// websiteLogin goes by the image's URL of the reply, as a browser does.
func (s *site) websiteLogin(t *testing.T) {
	var begun struct{ ID, Image string }
	header, text := s.send(t, "POST", s.base+"/wx/scan", "", 200)
	decode(t, text, &begun)
	browser := []string{"Cookie", cookieOf(t, header, "wx-scan").String()}
	if header, _ := s.send(t, "GET", begun.Image, "", 200, browser...); !strings.HasPrefix(header.Get("Content-Type"), "image/") {
		t.Errorf("the image is %s", header.Get("Content-Type"))
	}
	s.send(t, "GET", begun.Image, "", 404) // of another browser
	token := s.login(t)
	for _, action := range []string{"scan", "confirm"} {
		s.do(t, "POST", "/wx/scan/"+begun.ID, token, `{"action":"`+action+`"}`, 200, nil)
	}
	scan := s.base + "/wx/scan/" + begun.ID
	if header, _ := s.send(t, "HEAD", scan, "", 200, browser...); header.Get("Set-Cookie") != "" {
		t.Errorf("HEAD sets %s", header.Get("Set-Cookie"))
	}
	header, _ = s.send(t, "GET", scan+"?state=pending&wait=5", "", 200, browser...)
	s.wantUser(t, cookieOf(t, header, "wx"))
}

// wantUser checks that the cookie is alice's.
func (s *site) wantUser(t *testing.T, c *http.Cookie) {
	t.Helper()
	if _, got := s.send(t, "GET", s.base+"/me", "", 200, "Cookie", c.String()); got != s.wechat.OpenID("alice") {
		t.Errorf("the browser's user is %q", got)
	}
}

func cookieOf(t *testing.T, header http.Header, name string) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: header}).Cookies() {
		if c.Name == name {
			return &http.Cookie{Name: c.Name, Value: c.Value}
		}
	}
	t.Fatalf("no cookie %s in %q", name, header.Values("Set-Cookie"))
	return nil
}
