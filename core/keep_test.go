package core_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// TestAKeptOpenIDKeepsNoRequest: an application may keep who was here, in a map of all
// who are online, and never think of what else that holds.
func TestAKeptOpenIDKeepsNoRequest(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	m := w.over(t, w.store.Store) // the store itself appends to the room that it gets
	requireHTTP := func(r *http.Request) (*core.Session, error) {
		got, err := m.RequireHTTP(r)
		if err != nil {
			return nil, err
		}
		return core.FromContext(got.Context()), nil
	}
	for name, use := range map[string]func(r *http.Request) (*core.Session, error){
		"RequireHTTP": requireHTTP,
		"RequireHTTP twice": func(r *http.Request) (*core.Session, error) {
			got, err := m.RequireHTTP(r)
			if err != nil {
				return nil, err
			}
			return requireHTTP(got)
		},
		"AuthenticateRequest": func(r *http.Request) (*core.Session, error) {
			return m.AuthenticateRequest(r.Context(), core.Request{Method: r.Method, Host: r.Host, Header: r.Header})
		},
		"Require": func(r *http.Request) (*core.Session, error) {
			_, s, err := m.Require(r.Context(), core.Request{Method: r.Method, Host: r.Host, Header: r.Header})
			return s, err
		},
	} {
		t.Run(name, func(t *testing.T) { keepOpenIDs(t, token, use) })
	}
}

// body is one whose end the garbage collector tells.
type body struct {
	io.Reader
}

func (*body) Close() error { return nil }

func keepOpenIDs(t *testing.T, token string, use func(r *http.Request) (*core.Session, error)) {
	const n = 20
	freed := make(chan struct{}, n)
	var kept []string
	for range n {
		b := &body{Reader: strings.NewReader("")}
		runtime.AddCleanup(b, func(struct{}) { freed <- struct{}{} }, struct{}{})
		r := httptest.NewRequest("POST", "/", b)
		r.Header.Set("Authorization", "Bearer "+token)
		s, err := use(r)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, s.OpenID)
	}
	for end := time.Now().Add(2 * time.Second); len(freed) < n-1 && time.Now().Before(end); { // the last may be on the stack yet
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if len(freed) < n-1 {
		t.Errorf("%d of %d bodies are kept by the openids alone", n-len(freed), n)
	}
	runtime.KeepAlive(kept)
}

// TestARequestPrintsNoOpenID: fmt goes into a request's context by reflection, and
// asks no method of it.
func TestARequestPrintsNoOpenID(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-marker")
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	byHTTP, err := w.RequireHTTP(r)
	if err != nil {
		t.Fatal(err)
	}
	ctx, _, err := w.Require(r.Context(), core.Request{Header: r.Header})
	if err != nil {
		t.Fatal(err)
	}
	nested, err := w.RequireHTTP(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	for name, known := range map[string]*http.Request{"RequireHTTP": byHTTP, "Require": r.WithContext(ctx), "both": nested} {
		if s := core.FromContext(known.Context()); s == nil || s.OpenID != "o-marker" {
			t.Errorf("%s: the session is %v", name, s)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			for _, v := range []any{known, *known, known.Context(), []any{known}, struct{ R *http.Request }{known}} {
				text := strings.ToLower(fmt.Sprintf(verb, v))
				for _, secret := range []string{"marker", fmt.Sprintf("%x", "marker"), strings.Trim(fmt.Sprint([]byte("marker")), "[]")} {
					if strings.Contains(text, secret) {
						t.Errorf("%s: %s of a %T shows the openid", name, verb, v)
					}
				}
			}
		}
	}
}
