package wxapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

// disguised is an application's type with the methods of a runtime.Error.
type disguised struct{ text string }

func (d disguised) Error() string { return d.text }
func (disguised) RuntimeError()   {}

// panics are what a transport may panic with, and what an error may tell of it.
var panics = map[string]struct {
	panics func(url string)
	tells  string
}{
	"a text":            {func(url string) { panic(url) }, ": string"},
	"an error":          {func(url string) { panic(errors.New(url)) }, ": *errors.errorString"},
	"a struct":          {func(url string) { panic(struct{ URL string }{url}) }, ": struct { URL string }"},
	"nil":               {func(string) { panic(nil) }, ": panic called with nil argument"},
	"an index":          {func(url string) { _ = url[len(url):][0] }, ": runtime error: index out of range [0] with length 0"},
	"a nil pointer":     {func(string) { var r *http.Request; _ = r.URL }, ": runtime error: invalid memory address or nil pointer dereference"},
	"a type":            {func(url string) { _ = any(url).(int) }, ": interface conversion: interface {} is string, not int"},
	"a disguised error": {func(url string) { panic(disguised{url}) }, ": wxapi_test.disguised"},
}

// wantPanic wants err to tell of a panic in this file, and no planted value.
func wantPanic(t *testing.T, err error, tells string) {
	t.Helper()
	e := wantError(t, err, wxapi.KindUnavailable)
	if text := e.Error(); !strings.Contains(text, "panic in ") || !strings.Contains(text, "(panic_test.go:") || !strings.Contains(text, tells) {
		t.Errorf("got %s, want %s", text, tells)
	}
	for err != nil {
		wantNothingShown(t, "the error", err)
		err = errors.Unwrap(err)
	}
}

// A transport that panics fails the call that used it, and no more.
func TestTransportPanics(t *testing.T) {
	for name, test := range panics {
		for op, call := range endpoints {
			hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				test.panics(r.URL.String())
				return nil, nil
			})}
			var told []error
			cfg := wxapi.Config{AppID: "wx1", Secret: plantedSecret, Tokens: fixed(plantedToken), HTTPClient: hc,
				OnCall: func(_ context.Context, c wxapi.Call) { told = append(told, c.Err) }}
			c, err := wxapi.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = call(t.Context(), c)
			wantPanic(t, err, test.tells)
			if len(told) != 1 || told[0] != err {
				t.Errorf("%s, %s: the hook heard %v", name, op, told)
			}
		}
	}
}

// A BeforeCall that panics fails the call, too.
func TestBeforeCallPanics(t *testing.T) {
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: plantedSecret, BeforeCall: func(context.Context, wxapi.Call) context.Context { panic("x") }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Code2Session(t.Context(), "code")
	wantPanic(t, err, "string")
}

// panickyBody panics when it is read.
type panickyBody struct{ text string }

func (b panickyBody) Read([]byte) (int, error) { panic(b.text) }
func (panickyBody) Close() error               { return nil }

func TestReplyBodyPanics(t *testing.T) {
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: plantedSecret, HTTPClient: &http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: panickyBody{r.URL.String()}, Request: r}, nil
		}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Code2Session(t.Context(), plantedCode)
	wantPanic(t, err, ": string")
}

// tokenFunc is a function as a TokenSource.
type tokenFunc func() (wxapi.Secret, error)

func (f tokenFunc) Token(context.Context, wxapi.Secret) (wxapi.Secret, error) { return f() }

func TestTokenSourcePanics(t *testing.T) {
	panicking := func() (wxapi.Secret, error) { panic(plantedToken) }
	cfg := wxapi.Config{AppID: "wx1", Secret: plantedSecret, Tokens: tokenFunc(panicking)}
	c, err := wxapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.PhoneNumber(t.Context(), plantedCode, "o1")
	wantPanic(t, err, ": string")
	p, err := wxapi.NewComponent(cfg, func(context.Context) (wxapi.Secret, error) { return panicking() })
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Code2Session(t.Context(), "wx2", plantedCode)
	wantPanic(t, err, ": string")
}

// A hook that panics fails the call: nobody would notice it otherwise. What the
// call itself failed with goes first.
func TestHookPanics(t *testing.T) {
	reply := `{"openid":"o1","session_key":"` + vectorKey + `"}`
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: plantedSecret,
		OnCall: func(context.Context, wxapi.Call) { panic(plantedCode) },
		HTTPClient: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(reply)), Request: r}, nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Code2Session(t.Context(), plantedCode)
	if wantPanic(t, err, ": string"); s != (wxapi.CodeSession{}) {
		t.Error("a session with an error")
	}
	reply = `{"errcode":40029,"errmsg":"invalid code"}`
	_, err = c.Code2Session(t.Context(), plantedCode)
	wantError(t, err, wxapi.KindInvalidCode)
}

// nilError is an error by pointer that needs its value.
type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

// An error that cannot be printed is an error all the same.
func TestTransportReturnsANilError(t *testing.T) {
	c, err := wxapi.New(wxapi.Config{AppID: "wx1", Secret: plantedSecret, HTTPClient: &http.Client{
		Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			var e *nilError
			return nil, e
		}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Code2Session(t.Context(), plantedCode)
	if e := wantError(t, err, wxapi.KindUnavailable); e.Error() == "" {
		t.Error("no text")
	}
}
