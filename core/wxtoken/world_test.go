package wxtoken_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

const (
	issuerURL  = "https://login.example.com"
	keysURL    = issuerURL + "/wx/jwks"
	sessionKey = "c2Vzc2lvbi1rZXktbWFya2Vy"
)

// world is a backend that signs tokens: its clock, its log, and its routes.
type world struct {
	*core.Manager
	issuer *wxtoken.Issuer
	routes http.Handler
	tokens wxtoken.Config
	store  *switchStore
	clock  *clock
	log    *strings.Builder
}

func newWorld(t testing.TB, change func(*core.Config, *wxtoken.Config)) *world {
	t.Helper()
	w := &world{clock: &clock{now: time.Unix(1_700_000_000, 0)}, log: new(strings.Builder)}
	mem, err := memory.New(memory.Options{Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mem.Close() })
	w.store = &switchStore{Store: mem}
	cfg := core.Config{
		AppID: "wx0123456789abcdef", Secret: core.NewSecret("app-secret-marker"), Now: w.clock.Now,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	tokens := wxtoken.Config{
		SigningKeys: []core.Secret{edKey(1)}, Issuer: issuerURL, Audiences: []string{"orders", "billing"}, Now: w.clock.Now,
	}
	if change != nil {
		change(&cfg, &tokens)
	}
	if w.Manager, err = core.New(cfg, w.store); err != nil {
		t.Fatal(err)
	}
	w.tokens = tokens
	w.restart(t, tokens.SigningKeys...)
	return w
}

// restart makes the issuer anew, with these keys.
func (w *world) restart(t testing.TB, keys ...core.Secret) {
	t.Helper()
	w.tokens.SigningKeys = keys
	var err error
	if w.issuer, err = wxtoken.New(w.Manager, w.tokens); err != nil {
		t.Fatal(err)
	}
	w.routes = nethttpwx.Handler(w.Manager, w.issuer.Routes()...)
}

// login starts a session with these attributes, names and values in turn.
func (w *world) login(t testing.TB, openID string, attrs ...string) (string, *core.Session) {
	t.Helper()
	ctx := context.Background()
	token, s, err := w.Issue(ctx, "", core.Identity{OpenID: openID, SessionKey: sessionKey}, "")
	if err != nil {
		t.Fatal(err)
	}
	err = w.Update(ctx, s, func(d *core.Draft) error {
		for pair := range slices.Chunk(attrs, 2) {
			d.SetAttr(pair[0], pair[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = w.Authenticate(ctx, token); err != nil {
		t.Fatal(err)
	}
	return token, s
}

// send asks a route over an adapter; header is names and values in turn.
func (w *world) send(t testing.TB, method, path, body string, header ...string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	res := httptest.NewRecorder()
	w.routes.ServeHTTP(res, r)
	var members map[string]any
	_ = json.Unmarshal(res.Body.Bytes(), &members) // the mux's own 404 is no JSON
	return res, members
}

// ask asks for a signed token, which it must get.
func (w *world) ask(t testing.TB, session, body string) string {
	t.Helper()
	res, members := w.send(t, "POST", "/wx/token", body, "Authorization", "Bearer "+session)
	token, _ := members["access_token"].(string)
	if res.Code != 200 || token == "" {
		t.Fatalf("no token: %d %s", res.Code, res.Body)
	}
	return token
}

// keySource returns an HTTP client that gets the world's keys, whatever it asks
// for.
func (w *world) keySource() *http.Client {
	return &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		res := httptest.NewRecorder()
		w.routes.ServeHTTP(res, httptest.NewRequest("GET", "/wx/jwks", nil))
		return res.Result(), nil
	})}
}

func (w *world) verifier(t testing.TB, change func(*wxtoken.VerifierConfig)) *wxtoken.Verifier {
	t.Helper()
	cfg := wxtoken.VerifierConfig{Issuer: issuerURL, Audience: "orders", JWKSURL: keysURL, HTTPClient: w.keySource(), Now: w.clock.Now}
	if change != nil {
		change(&cfg)
	}
	return newVerifier(t, cfg)
}

func newVerifier(t testing.TB, cfg wxtoken.VerifierConfig) *wxtoken.Verifier {
	t.Helper()
	v, err := wxtoken.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// switchStore can be down.
type switchStore struct {
	core.Store
	down error
}

func (s *switchStore) Get(ctx context.Context, key string) ([]byte, error) {
	if s.down != nil {
		return nil, s.down
	}
	return s.Store.Get(ctx, key)
}

// edKey returns a signing key; the same n gives the same one.
func edKey(n byte) core.Secret { return pkcs8(edPrivate(n)) }

func edPrivate(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('a'+n)), ed25519.SeedSize)))
}

func ecKey(n byte) core.Secret { return pkcs8(ecPrivate(n)) }

func ecPrivate(n byte) *ecdsa.PrivateKey {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte(strings.Repeat(string(rune('a'+n)), 32)))
	if err != nil {
		panic(err)
	}
	return key
}

func pkcs8(key any) core.Secret {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return core.NewSecret(base64.StdEncoding.EncodeToString(der))
}

// members returns a part of a token, as a reader without any library would.
func members(t testing.TB, token string, part int) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func wantCode(t testing.TB, err error, want core.Code) {
	t.Helper()
	if got := core.CodeOf(err); got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// format prints a value with every verb that matters.
func format(v any) string { return fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v) }
