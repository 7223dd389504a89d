package demo

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func tapped(t *testing.T, h http.HandlerFunc) (*tap, *exchange, *httptest.Server, http.RoundTripper) {
	t.Helper()
	tp := newTap()
	tp.journal.enter()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return tp, &exchange{id: 1, tap: tp}, srv, newWeChatClient(tp).Transport
}

func TestWeChatIsAskedAsWithoutTheTap(t *testing.T) {
	long := `{"padding":"` + strings.Repeat("x", maxReply) + `"}`
	tp, x, srv, rt := tapped(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Asked", r.Method+" "+r.URL.String()+" ["+string(body)+"]")
		if r.URL.Path == "/picture" {
			w.Header().Set("Content-Type", "image/png")
		}
		if r.URL.Path == "/long" {
			_, _ = io.WriteString(w, long)
			return
		}
		_, _ = io.WriteString(w, `{"session_key":"SESSIONKEY","access_token":"ACCESSTOKEN"}`)
	})
	ctx := (watched{x: x}).ctx(t.Context())
	for _, c := range []struct{ method, path, body, reply string }{
		{"GET", "/a?secret=1&x=2", "", `{"session_key":"SESSIONKEY","access_token":"ACCESSTOKEN"}`},
		{"POST", "/b", `{"secret":"S"}`, `{"session_key":"SESSIONKEY","access_token":"ACCESSTOKEN"}`},
		{"GET", "/long", "", long},
		{"GET", "/picture", "", `{"session_key":"SESSIONKEY","access_token":"ACCESSTOKEN"}`},
	} {
		before := tp.journal.since(-1).last
		req, err := http.NewRequestWithContext(ctx, c.method, srv.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		body, getBody := req.Body, req.GetBody
		res, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(got) != c.reply || res.Header.Get("X-Asked") != c.method+" "+c.path+" ["+c.body+"]" {
			t.Errorf("%s %s arrived as %q, and %d bytes came back: %v", c.method, c.path, res.Header.Get("X-Asked"), len(got), err)
		}
		if req.Body != body || (req.GetBody == nil) != (getBody == nil) {
			t.Errorf("the request of %s was changed", c.path)
		}
		all := tp.journal.since(before).events
		if len(all) != 2 || all[0].Body != c.body || all[1].Status != 200 {
			t.Fatalf("%s is drawn as %+v", c.path, all)
		}
		if c.path == "/picture" && (all[1].Body != "" || all[1].Cut != len(c.reply)) {
			t.Errorf("a picture is drawn as %+v", all[1])
		}
	}
	if kinds := kindsIn(event{Marks: tp.secrets.known}); kinds[sessionKey] != "SESSIONKEY" || kinds[accessToken] != "ACCESSTOKEN" {
		t.Errorf("learnt was %v", kinds)
	}
}

// A session_key from before may turn up in a value of the store.
func TestSecretsAreLearntWhileNobodyWatches(t *testing.T) {
	tp, _, srv, rt := tapped(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"session_key":"SESSIONKEY"}`) })
	tp.journal.leave()
	req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(tp.secrets.known) != 1 {
		t.Errorf("learnt was %v", tp.secrets.known)
	}
}

// stubborn is a body that must not be read twice; see package wxapi.
type stubborn struct {
	io.Reader
	closed bool
}

func (s *stubborn) Close() error { s.closed = true; return nil }

func TestABodyIsReadByTheTransportAlone(t *testing.T) {
	_, x, srv, rt := tapped(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	body := &stubborn{Reader: bytes.NewReader([]byte("{}"))}
	req, err := http.NewRequestWithContext((watched{x: x}).ctx(t.Context()), "POST", srv.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 2
	req.GetBody = func() (io.ReadCloser, error) {
		t.Error("GetBody was called")
		return nil, errors.New("once only")
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if !body.closed {
		t.Error("the body was not closed")
	}
}

func TestAnOutageOfWeChatIsDrawn(t *testing.T) {
	tp, x, srv, rt := tapped(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	req, err := http.NewRequestWithContext((watched{x: x}).ctx(t.Context()), "GET", srv.URL+"/sns/x?secret=S", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := rt.RoundTrip(req); err == nil {
		res.Body.Close()
		t.Fatal("there was an answer")
	}
	all := tp.journal.since(0).events
	if len(all) != 2 || all[0].Title != "GET /sns/x" || all[1].Code != "failed" || all[1].Status != 0 {
		t.Errorf("the outage is drawn as %+v", all)
	}
}
