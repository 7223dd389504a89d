package wxtoken_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/wxsession/wxsession/core/wxtoken"
)

func TestHowLongKeysAreKept(t *testing.T) {
	for age, want := range map[string]time.Duration{
		"":                                       5 * time.Minute,
		"public":                                 5 * time.Minute,
		"max-age=600":                            10 * time.Minute,
		"Max-Age=600, must-revalidate":           10 * time.Minute,
		"max-age=0":                              time.Minute,
		"max-age=1":                              time.Minute,
		"no-store":                               time.Minute,
		"max-age=600, no-cache":                  time.Minute,
		"max-age=31536000, immutable":            time.Hour,
		"max-age=2147483647":                     time.Hour,
		"max-age=99999999999999999999":           5 * time.Minute,
		"max-age=-1":                             5 * time.Minute,
		"max-age=\"600\"":                        5 * time.Minute,
		"x-max-age=9, s-maxage=9, max-age =9, =": 5 * time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t)
			c.set(func(s *source) { s.age = age })
			c.wants("the first", 1, nil, 1, 0)
			time.Sleep(want - time.Millisecond)
			c.wants(age+": before", 1, nil, 0, 0)
			time.Sleep(time.Millisecond)
			c.wants(age+": after", 1, nil, 1, 0)
		})
	}
}

// TestAnswersThatAreNone: they are failures, which leave the keys as they are;
// their errors say what is wrong, and repeat neither them nor the URL.
func TestAnswersThatAreNone(t *testing.T) {
	good := string(setOf(1))
	for name, c := range map[string]struct {
		reply func() (*http.Response, error)
		say   string
	}{
		"an error":      {func() (*http.Response, error) { return answer(500, "", good), nil }, "500"},
		"not found":     {func() (*http.Response, error) { return answer(404, "", good), nil }, "404"},
		"no content":    {func() (*http.Response, error) { return answer(204, "", ""), nil }, "204"},
		"no answer":     {func() (*http.Response, error) { return nil, errors.New("connection refused") }, "refused"},
		"a page":        {func() (*http.Response, error) { return answer(200, "", "<html>body-marker</html>"), nil }, "JWK set"},
		"nothing":       {func() (*http.Response, error) { return answer(200, "", ""), nil }, "JWK set"},
		"half":          {func() (*http.Response, error) { return answer(200, "", good[:len(good)-2]), nil }, "JWK set"},
		"two":           {func() (*http.Response, error) { return answer(200, "", good+good), nil }, "JWK set"},
		"a list":        {func() (*http.Response, error) { return answer(200, "", "["+good+"]"), nil }, "JWK set"},
		"no keys":       {func() (*http.Response, error) { return answer(200, "", `{"keys":[]}`), nil }, "no key"},
		"null":          {func() (*http.Response, error) { return answer(200, "", `null`), nil }, "no key"},
		"other members": {func() (*http.Response, error) { return answer(200, "", `{"error":"body-marker"}`), nil }, "no key"},
		"too much": {func() (*http.Response, error) {
			return answer(200, "", strings.Repeat(" ", 256<<10)+good), nil
		}, "256 KiB"},
		"without end": {func() (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(endless{})}, nil
		}, "256 KiB"},
		"a body that breaks off": {func() (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader(good[:9]), broken{}))}, nil
		}, "unexpected EOF"},
		"a panic": {func() (*http.Response, error) { panic("panic-marker") }, "panicked"},
	} {
		synctest.Test(t, func(t *testing.T) {
			fails := false
			v := newVerifier(t, wxtoken.VerifierConfig{
				Issuer: issuerURL, Audience: "orders", JWKSURL: keysURL + "?url-marker",
				HTTPClient: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					if fails {
						return c.reply()
					}
					return answer(200, "", good), nil
				})},
			})
			sign := func(n byte) string {
				return forge(t, jose.EdDSA, edPrivate(n), map[string]any{"kid": fmt.Sprint("key-", n)}, payload(t, time.Now(), nil))
			}
			if _, err := v.Verify(t.Context(), sign(1)); err != nil {
				t.Fatal(err)
			}
			fails = true
			time.Sleep(time.Minute)
			_, err := v.Verify(t.Context(), sign(2))
			if !errors.Is(err, wxtoken.ErrUnavailable) || !strings.Contains(err.Error(), c.say) || strings.Contains(err.Error(), "marker") {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := v.Verify(t.Context(), sign(1)); err != nil {
				t.Errorf("%s: the keys are forgotten: %v", name, err)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestARedirectIsNotFollowed, by whatever client: it could lead to plain http.
func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wx/jwks" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		elsewhere++
		_, _ = w.Write(setOf(1))
	}))
	defer server.Close()
	for _, client := range []*http.Client{nil, {}, {CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}} {
		v := newVerifier(t, wxtoken.VerifierConfig{Issuer: issuerURL, Audience: "orders", JWKSURL: server.URL + "/wx/jwks", HTTPClient: client})
		_, err := v.Verify(t.Context(), forge(t, jose.EdDSA, edPrivate(1), map[string]any{"kid": "key-1"}, payload(t, time.Now(), nil)))
		if !errors.Is(err, wxtoken.ErrUnavailable) || !strings.Contains(err.Error(), "302") || elsewhere > 0 {
			t.Errorf("%v, followed %d times", err, elsewhere)
		}
	}
}
