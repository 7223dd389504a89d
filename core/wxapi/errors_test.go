package wxapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
)

func TestErrorText(t *testing.T) {
	wx := newWeChat(t)
	_, err := newClient(t, wx).Code2Session(t.Context(), "unknown")
	e := wantError(t, err, wxapi.KindInvalidCode)
	want := `code2Session: invalid code: errcode 40029 "invalid code", rid ` + e.RID
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = newClient(t, wx).Code2Session(ctx, "c"); err.Error() != "code2Session: unavailable: context canceled" {
		t.Error(err)
	}
}

// No error of any endpoint under any fault shows what the request carried, not
// even if the server, a proxy or the transport repeats it.
func TestErrorsShowNoSecret(t *testing.T) {
	hosts := map[string]*httptest.Server{
		"errmsg repeats the request": echo(func(w http.ResponseWriter, request string) {
			json.NewEncoder(w).Encode(map[string]any{"errcode": 40029, "errmsg": request})
		}),
		"page repeats the request": echo(func(w http.ResponseWriter, request string) {
			w.WriteHeader(http.StatusBadGateway)
			io.WriteString(w, request)
		}),
		"redirect repeats the request": echo(func(w http.ResponseWriter, request string) {
			w.Header().Set("Location", "/x?"+url.QueryEscape(request))
			w.WriteHeader(http.StatusFound)
		}),
		"status line repeats the request": httptest.NewServer(http.HandlerFunc(malformed)),
	}
	for name, srv := range hosts {
		defer srv.Close()
		failAll(t, name, wxapi.Config{Bases: []string{srv.URL}})
	}
	for name, fault := range map[string]wxtest.Fault{
		"busy": {ErrCode: -1}, "bad token": {ErrCode: 40001}, "hang": {Hang: true}, "reset": {Reset: true},
		"lost": {LoseReply: true}, "HTML": {Status: 500}, "truncated": {Body: `{"openid":`}, "huge": {Huge: true, ErrCode: 40029},
	} {
		wx := newWeChat(t)
		wx.Fail("", fault, wxtest.Always)
		failAll(t, name, wxapi.Config{Bases: []string{wx.URL}})
	}
	failAll(t, "nobody listens", wxapi.Config{Bases: []string{closedPort(t)}})
	failAll(t, "a transport that tells all", wxapi.Config{HTTPClient: &http.Client{Transport: talkative{}}})
}

// failAll wants an error of every endpoint, and reads all that it says.
func failAll(t *testing.T, what string, cfg wxapi.Config) {
	t.Helper()
	cfg.AppID, cfg.Secret, cfg.Tokens = "wx1", plantedSecret, fixed(plantedToken)
	cfg.Timeout = 200 * time.Millisecond
	if what == "hang" {
		cfg.Timeout = 10 * time.Millisecond
	}
	cfg.SetPause(func(context.Context, time.Duration) error { return nil })
	cfg.OnCall = func(_ context.Context, c wxapi.Call) { wantNothingShown(t, what+": hook", c) }
	c, err := wxapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for op, call := range endpoints {
		_, err := call(t.Context(), c)
		e, ok := errors.AsType[*wxapi.Error](err)
		if !ok || e.Op != op {
			t.Errorf("%s: %s: %v", what, op, err)
			continue
		}
		for err != nil {
			wantNothingShown(t, what+": "+op, err)
			err = errors.Unwrap(err)
		}
		wantNothingShown(t, what+": "+op, *e)
	}
}

// echo answers with all that it got, escaped and not.
func echo(answer func(w http.ResponseWriter, request string)) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		plain, _ := url.QueryUnescape(r.URL.RawQuery)
		answer(w, string(body)+" "+plain+" "+r.URL.String())
	}))
}

// malformed makes net/http quote the request in its own error.
func malformed(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	flushed(buf, "HTTP/1.1 "+r.URL.String()+string(body)+"\r\n\r\n")
}

func flushed(buf *bufio.ReadWriter, s string) {
	buf.WriteString(s)
	buf.Flush()
}

// talkative is a transport, as applications write them, that puts the request
// into its errors.
type talkative struct{}

func (talkative) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	inner := &url.Error{Op: "Get", URL: r.URL.String(), Err: fmt.Errorf("cannot send %s with %s", r.URL, body)}
	return nil, fmt.Errorf("giving up on %s: %w", r.URL, inner)
}
