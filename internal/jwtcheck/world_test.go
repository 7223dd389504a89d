package jwtcheck

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

const (
	issuerURL = "https://login.example.com"
	audience  = "orders"
)

// backend is a server that signs tokens. It can be restarted with other keys,
// at the same address.
type backend struct {
	t       *testing.T
	wx      *core.Manager
	server  *httptest.Server
	handler atomic.Pointer[http.Handler]
	session string // of o-alice
	sid     string
}

func newBackend(t *testing.T, keys ...core.Secret) *backend {
	t.Helper()
	store, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	b := &backend{t: t}
	if b.wx, err = core.New(core.Config{AppID: "wx0123456789abcdef", Secret: core.NewSecret("secret"), LimitUser: core.Rate{N: -1}}, store); err != nil {
		t.Fatal(err)
	}
	b.restart(keys...)
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*b.handler.Load()).ServeHTTP(w, r) }))
	t.Cleanup(b.server.Close)

	token, s, err := b.wx.Issue(t.Context(), "", core.Identity{OpenID: "o-alice"}, "")
	if err != nil {
		t.Fatal(err)
	}
	err = b.wx.Update(t.Context(), s, func(d *core.Draft) error {
		d.SetAttr("plan", plan)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.session, b.sid = token, s.ID
	return b
}

// plan has what encoders get wrong.
const plan = "金 \"gold\" <b> & \\ \u2028 \U0001F600"

func (b *backend) restart(keys ...core.Secret) {
	b.t.Helper()
	issuer, err := wxtoken.New(b.wx, wxtoken.Config{
		SigningKeys: keys, Issuer: issuerURL, Audiences: []string{audience, "billing"}, Claims: []string{"plan"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	h := nethttpwx.Handler(b.wx, issuer.Routes()...)
	b.handler.Store(&h)
}

func (b *backend) keysURL() string { return b.server.URL + "/wx/jwks" }

// token asks for one as a mini program does.
func (b *backend) token(audience string) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), "POST", b.server.URL+"/wx/token", strings.NewReader(`{"audience":"`+audience+`"}`))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.session)
	res, err := b.server.Client().Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body.AccessToken == "" {
		b.t.Fatalf("no token: %d, %v", res.StatusCode, err)
	}
	return body.AccessToken
}

func edKey(t *testing.T) core.Secret {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return pkcs8(t, key, err)
}

func ecKey(t *testing.T) core.Secret {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return pkcs8(t, key, err)
}

func pkcs8(t *testing.T, key any, err error) core.Secret {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return core.NewSecret(base64.StdEncoding.EncodeToString(der))
}

// rotations are the changes of keys that every library goes through.
func rotations(t *testing.T) map[string][2]core.Secret {
	return map[string][2]core.Secret{
		"EdDSA to EdDSA": {edKey(t), edKey(t)}, "EdDSA to ES256": {edKey(t), ecKey(t)},
		"ES256 to EdDSA": {ecKey(t), edKey(t)}, "ES256 to ES256": {ecKey(t), ecKey(t)},
	}
}

// claims are those of a token of o-alice, as another library has read them.
type claims struct {
	Iss, Sub, Aud, Jti, Appid, Sid, Plan string
	Iat, Exp                             int64
}

func (b *backend) check(c claims) {
	b.t.Helper()
	want := claims{Iss: issuerURL, Sub: "o-alice", Aud: audience, Jti: c.Jti, Appid: "wx0123456789abcdef", Sid: b.sid, Plan: plan, Iat: c.Iat, Exp: c.Iat + 300}
	if age := time.Now().Unix() - c.Iat; c != want || c.Jti == "" || age < 0 || age > 60 {
		b.t.Errorf("got %+v, want %+v", c, want)
	}
}

// verifies has core/wxtoken check a token that somebody else has signed, with
// keys that somebody else has published.
func verifies(t *testing.T, jwks []byte, token string) (*wxtoken.Claims, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(jwks) }))
	defer server.Close()
	v, err := wxtoken.NewVerifier(wxtoken.VerifierConfig{Issuer: issuerURL, Audience: audience, JWKSURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(context.Background(), token)
}
