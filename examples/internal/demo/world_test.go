package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// world is a server with a simulated WeChat, over HTTP.
type world struct {
	t   *testing.T
	sim *simulation
	url string
}

func newWorld(t *testing.T, change ...func(*core.Config, *http.ServeMux)) *world {
	t.Helper()
	cfg := core.Config{Logger: slog.New(slog.DiscardHandler), PhoneRoute: true}
	mux := http.NewServeMux()
	for _, f := range change {
		f(&cfg, mux)
	}
	s := NewServer(&cfg)
	store, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	wx, err := core.New(cfg, s.Watch(store))
	if err != nil {
		t.Fatal(err)
	}
	auth := nethttpwx.Mount(mux, wx)
	mux.Handle("GET /api/me", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, 200, map[string]string{"openid": nethttpwx.Session(r).OpenID})
	})))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := wx.Ping(r.Context()); err != nil {
			nethttpwx.Refuse(w, r, wx, err)
		}
	})
	hs, err := s.newHTTPServer(mux)
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: listen(t), Config: hs}
	srv.Start()
	t.Cleanup(func() {
		s.sim.close() // ends the streams, on which Close would wait
		srv.Close()
	})
	return &world{t, s.sim, srv.URL}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) value(name string) string {
	var members map[string]any
	_ = json.Unmarshal([]byte(r.body), &members)
	if members[name] == nil {
		return ""
	}
	return fmt.Sprint(members[name])
}

// send sends a request; header holds names and values in turn.
func (w *world) send(method, path, body string, header ...string) reply {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

func (w *world) login(user string, header ...string) (token string) {
	w.t.Helper()
	code := w.send("GET", "/devtools/code?user="+user, "", header...).value("code")
	r := w.send("POST", "/wx/login", `{"code":"`+code+`"}`, header...)
	if r.status != 200 {
		w.t.Fatalf("the login is answered %d %s", r.status, r.body)
	}
	return r.value("3rd_session")
}

// spectator reads the stream.
type spectator struct {
	t      *testing.T
	arrows chan event
	states chan state
	ids    chan string
	ended  chan struct{}
	leave  func()
}

// watch begins to read the stream, and returns when the first state has come.
func (w *world) watch(query string) *spectator {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", w.url+"/devtools/events"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("the stream is answered %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	s := &spectator{w.t, make(chan event, 4096), make(chan state, 64), make(chan string, 4096), make(chan struct{}), cancel}
	go s.read(res.Body)
	w.t.Cleanup(cancel)
	s.state()
	return s
}

func (s *spectator) read(body io.ReadCloser) {
	defer close(s.ended)
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	name, id := "", ""
	for lines.Scan() {
		switch key, value, _ := strings.Cut(lines.Text(), ": "); key {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			if name == "state" {
				var st state
				_ = json.Unmarshal([]byte(value), &st)
				s.states <- st
				continue
			}
			var e event
			_ = json.Unmarshal([]byte(value), &e)
			s.arrows <- e
			s.ids <- id
		}
	}
}

func (s *spectator) state() state {
	s.t.Helper()
	select {
	case st := <-s.states:
		return st
	case <-time.After(10 * time.Second):
		s.t.Fatal("no state has come")
		return state{}
	}
}

// next returns the next arrow.
func (s *spectator) next() event {
	s.t.Helper()
	select {
	case e := <-s.arrows:
		return e
	case <-time.After(10 * time.Second):
		s.t.Fatal("no arrow has come")
		return event{}
	}
}

// exchange returns the arrows up to the reply to the client.
func (s *spectator) exchange() (all []event) {
	s.t.Helper()
	for {
		e := s.next()
		all = append(all, e)
		if e.Reply && e.To == clientLane {
			return all
		}
	}
}

// drawn writes arrows as a person would.
func drawn(all []event) string {
	var text strings.Builder
	for _, e := range all {
		sign := ">"
		if e.Reply {
			sign = "<"
		}
		title, _, _ := strings.Cut(e.Title, ":")
		if e.From == storeLane {
			title = e.Code
		}
		fmt.Fprintf(&text, "%s %s %s %s\n", e.From, sign, e.To, title)
	}
	return text.String()
}

func kindsIn(e event) map[kind]string {
	found := map[kind]string{}
	for _, m := range e.Marks {
		found[m.Kind] = m.Text
	}
	return found
}
