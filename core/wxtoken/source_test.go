package wxtoken_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/wxsession/wxsession/core/wxtoken"
)

// source is an issuer's GET /wx/jwks as a script has it: which keys it has,
// whether it answers, and after how long. It counts what it is asked.
type source struct {
	asked atomic.Int32
	mu    sync.Mutex
	keys  []byte // of edPrivate
	age   string // Cache-Control
	delay time.Duration
	fails error
}

func (s *source) set(change func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *source) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	s.mu.Lock()
	keys, age, delay, fails := s.keys, s.age, s.delay, s.fails
	s.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if fails != nil {
		return nil, fails
	}
	return answer(200, age, string(setOf(keys...))), nil
}

func answer(status int, age, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Cache-Control": {age}}, Body: io.NopCloser(strings.NewReader(body))}
}

func setOf(keys ...byte) []byte {
	var set jose.JSONWebKeySet
	for _, n := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: edPrivate(n).Public(), KeyID: fmt.Sprint("key-", n), Use: "sig", Algorithm: "EdDSA"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	return text
}

// client is a verifier in a bubble, where time passes when everybody waits.
type client struct {
	*source
	v *wxtoken.Verifier
	t *testing.T
}

func newClient(t *testing.T) *client {
	s := &source{keys: []byte{1}, age: "public, max-age=300"}
	return &client{s, newVerifier(t, wxtoken.VerifierConfig{
		Issuer: issuerURL, Audience: "orders", JWKSURL: keysURL + "?url-marker", HTTPClient: &http.Client{Transport: s},
	}), t}
}

// verify checks a fresh token that is signed with key n.
func (c *client) verify(n byte) error {
	_, err := c.v.Verify(c.t.Context(), c.token(n))
	return err
}

func (c *client) token(n byte) string {
	c.t.Helper()
	return forge(c.t, jose.EdDSA, edPrivate(n), map[string]any{"kid": fmt.Sprint("key-", n)}, payload(c.t, time.Now(), nil))
}

// wants checks an outcome, how often the source was asked for it, and how long
// it took.
func (c *client) wants(what string, n byte, want error, asked int32, within time.Duration) {
	c.t.Helper()
	before, start := c.asked.Load(), time.Now()
	err := c.verify(n)
	took := time.Since(start)
	synctest.Wait() // for a fetch beside it to begin
	if !errors.Is(err, want) {
		c.t.Errorf("%s: %v, want %v", what, err, want)
	}
	if got := c.asked.Load() - before; got != asked {
		c.t.Errorf("%s: the issuer was asked %d times, want %d", what, got, asked)
	}
	if took > within {
		c.t.Errorf("%s took %v, want %v", what, took, within)
	}
}
