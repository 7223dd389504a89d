package wxtoken_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxtoken"
)

// TestTheMiddlewareHandsTheFormBack: a server removes the files of uploads by its own
// request's form.
func TestTheMiddlewareHandsTheFormBack(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	signed := w.ask(t, token, "")
	for _, panics := range []bool{false, true} {
		form := new(multipart.Form)
		h := w.verifier(t, nil).Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			r.MultipartForm = form
			if panics {
				panic(http.ErrAbortHandler)
			}
		}))
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Authorization", "Bearer "+signed)
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), r)
		}()
		if r.MultipartForm != form {
			t.Errorf("the request of the server does not have the form (the handler panics: %t)", panics)
		}
	}
}

func TestTheMiddlewareLetsTokensThrough(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	signed := w.ask(t, token, "")
	up := true
	keys := w.keySource().Transport
	v := w.verifier(t, func(c *wxtoken.VerifierConfig) {
		c.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if !up {
				return nil, errors.New("connection refused")
			}
			return keys.RoundTrip(r)
		})}
	})
	h := v.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"sub":"`+wxtoken.FromContext(r.Context()).Subject+`"}`)
	}))
	for _, c := range []struct {
		name, header string
		up           bool
		status       int
		challenge    string
		code         string
	}{
		{"the keys cannot be had", "Bearer " + signed, false, 503, "", "keys_unavailable"},
		{"no token", "", true, 401, "Bearer", "invalid_token"},
		{"another scheme", "Basic " + signed, true, 401, "Bearer", "invalid_token"},
		{"a scheme that begins alike", "Bearers " + signed, true, 401, "Bearer", "invalid_token"},
		{"the scheme alone", "Bearer ", true, 401, "Bearer", "invalid_token"},
		{"a session's token", "Bearer " + token, true, 401, `Bearer error="invalid_token"`, "invalid_token"},
		{"a token", "Bearer " + signed, true, 200, "", ""},
		{"the scheme in other letters", "bearer  " + signed, true, 200, "", ""},
	} {
		up = c.up
		w.clock.Advance(2 * time.Second) // after a failure the keys are fetched again
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", c.header)
		res := httptest.NewRecorder()
		h.ServeHTTP(res, r)
		var body struct{ Sub, Error, Message string }
		if err := json.Unmarshal(res.Body.Bytes(), &body); err != nil {
			t.Errorf("%s: %s", c.name, res.Body)
		}
		head := res.Header()
		if res.Code != c.status || head.Get("WWW-Authenticate") != c.challenge || body.Error != c.code || (head.Get("Retry-After") != "") != (c.status == 503) {
			t.Errorf("%s: %d %v %s", c.name, res.Code, head, res.Body)
		}
		if c.status == 200 && body.Sub != "o-alice" || c.status != 200 && (body.Message == "" || head.Get("Cache-Control") != "no-store") {
			t.Errorf("%s: %v %s", c.name, head, res.Body)
		}
	}
	if wxtoken.FromContext(context.Background()) != nil {
		t.Error("there are claims without the middleware")
	}
}
