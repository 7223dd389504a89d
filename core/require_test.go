package core_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// TestRequireHTTPHandsOnTheSameRequest: but for the session in its context, and
// without a change to the one that it got.
func TestRequireHTTPHandsOnTheSameRequest(t *testing.T) {
	w := newWorld(t, nil)
	token, s := w.login(t, "o-alice")
	type mark struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), mark{}, "the caller's"))
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/orders/7?page=2", strings.NewReader("body"))
	r.SetPathValue("id", "7")
	r.Pattern = "POST /orders/{id}"
	r.Header.Set("Authorization", "Bearer "+token)

	got, err := w.RequireHTTP(r)
	if err != nil {
		t.Fatal(err)
	}
	if found := core.FromContext(got.Context()); found == nil || found.ID != s.ID {
		t.Error("its context has no session")
	}
	if core.FromContext(r.Context()) != nil {
		t.Error("the request that it got has a session now")
	}
	body, _ := io.ReadAll(got.Body)
	if got.PathValue("id") != "7" || got.Pattern != r.Pattern || got.URL != r.URL || got.Method != "POST" || string(body) != "body" {
		t.Errorf("%s %s with %q and %q", got.Method, got.URL, got.PathValue("id"), body)
	}
	if got.Context().Value(mark{}) != "the caller's" || got.Context().Err() != nil {
		t.Error("its context is not the caller's")
	}
	cancel()
	if got.Context().Err() == nil {
		t.Error("it does not end with the caller's")
	}
}

// TestRequireHTTPRefusesAsRequireDoes, by header, by cookie and without a token.
func TestRequireHTTPRefusesAsRequireDoes(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.Cookie = "__Host-wx" })
	token, _ := w.login(t, "o-alice")
	dead, _ := w.login(t, "o-bob")
	if err := w.Logout(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	for name, header := range map[string]http.Header{
		"alive":             {"X-Wx-Session": {token}},
		"none":              {},
		"no token":          {"Authorization": {"Bearer x"}},
		"dead":              {"Authorization": {"Bearer " + dead}},
		"cookie":            {"Cookie": {"__Host-wx=" + token}},
		"dead cookie":       {"Cookie": {"__Host-wx=" + dead}},
		"of another origin": {"Cookie": {"__Host-wx=" + token}, "Origin": {"https://evil.example"}},
	} {
		r := httptest.NewRequest("POST", "https://api.example.com/", nil)
		r.Header = header
		req := core.Request{Method: r.Method, Host: r.Host, Header: header}
		known, err := w.RequireHTTP(r)
		_, _, want := w.Require(t.Context(), req)
		if core.CodeOf(err) != core.CodeOf(want) || (known == nil) != (want != nil) {
			t.Errorf("%s: %v, it should be %v", name, err, want)
		}
		if err == nil {
			continue
		}
		refusal, wanted := w.Refuse(t.Context(), req, err), w.Refuse(t.Context(), req, want)
		if len(refusal.Header) != len(wanted.Header) || refusal.Status != wanted.Status {
			t.Errorf("%s: %v, it should be %v", name, refusal.Header, wanted.Header)
		}
	}
}
