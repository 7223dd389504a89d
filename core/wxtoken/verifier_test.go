package wxtoken_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

// forge signs any payload with any header. The library makes what an attacker
// can make, and what an issuer that has lost its mind could.
func forge(t testing.TB, alg jose.SignatureAlgorithm, key any, header map[string]any, payload string) string {
	t.Helper()
	opts := &jose.SignerOptions{}
	for name, value := range header {
		opts.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func kidOf(t testing.TB, public crypto.PublicKey) string {
	t.Helper()
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// payload is what an issuer would sign at now, with changes; nil leaves out.
func payload(t testing.TB, now time.Time, change map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"iss": issuerURL, "sub": "o-alice", "aud": "orders", "jti": "x",
		"iat": now.Unix(), "exp": now.Unix() + 300, "appid": "wx1", "sid": "s1",
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAVerifierTakesWhatAnIssuerSigns(t *testing.T) {
	for name, key := range map[string]core.Secret{"EdDSA": edKey(1), "ES256": ecKey(1)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) {
				c.SigningKeys, c.Claims = []core.Secret{key}, []string{"plan", "note", "none"}
			})
			token, s := w.login(t, "o-alice", "plan", "金 \"gold\" <&>\u2028", "note", "")
			w.clock.Advance(300 * time.Millisecond)
			c, err := w.verifier(t, nil).Verify(t.Context(), w.ask(t, token, ""))
			if err != nil {
				t.Fatal(err)
			}
			now := w.clock.Now().Truncate(time.Second)
			if c.Issuer != issuerURL || c.Subject != s.OpenID || len(c.Audience) != 1 || c.Audience[0] != "orders" || c.ID == "" ||
				c.AppID != s.AppID || c.SessionID != s.ID || !c.IssuedAt.Equal(now) || !c.ExpiresAt.Equal(now.Add(5*time.Minute)) {
				t.Errorf("got %+v", *c)
			}
			_, found := c.LookupAttr("note")
			_, missing := c.LookupAttr("none")
			if c.Attr("plan") != s.Attr("plan") || !found || missing || c.Attr("sub") != "" || c.Attr("jti") != "" {
				t.Errorf("plan %q, note %v, none %v", c.Attr("plan"), found, missing)
			}
			if _, err := w.verifier(t, func(c *wxtoken.VerifierConfig) { c.Audience = "billing" }).Verify(t.Context(), w.ask(t, token, "")); !errors.Is(err, wxtoken.ErrInvalid) {
				t.Errorf("another service takes it: %v", err)
			}
		})
	}
}

// TestNobodyElseSignsAToken: every way that we know of to have a token taken
// that the issuer did not sign.
func TestNobodyElseSignsAToken(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.SigningKeys = []core.Secret{edKey(1), ecKey(1)} })
	v := w.verifier(t, nil)
	now := w.clock.Now()
	good := payload(t, now, nil)
	ed, ec, evil := edPrivate(1), ecPrivate(1), edPrivate(9)
	edPublic := ed.Public().(ed25519.PublicKey)
	edID, ecID := kidOf(t, edPublic), kidOf(t, ec.Public())
	der, err := x509.MarshalPKIXPublicKey(edPublic)
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	real := forge(t, jose.EdDSA, ed, map[string]any{"kid": edID}, good)
	if _, err := v.Verify(t.Context(), real); err != nil {
		t.Fatalf("the honest one: %v", err)
	}
	parts := strings.Split(real, ".")
	none := func(alg string) string {
		return enc(`{"alg":"`+alg+`","kid":"`+edID+`"}`) + "." + enc(good) + "."
	}
	cases := map[string]string{
		"alg none":                         none("none"),
		"alg None":                         none("None"),
		"alg none with a signature":        none("none") + parts[2],
		"no alg":                           enc(`{"kid":"`+edID+`"}`) + "." + enc(good) + "." + parts[2],
		"an empty signature":               parts[0] + "." + parts[1] + ".",
		"HS256 with the public key":        forge(t, jose.HS256, []byte(edPublic), map[string]any{"kid": edID}, good),
		"HS256 with the key in DER":        forge(t, jose.HS256, der, map[string]any{"kid": edID}, good),
		"HS256 with the key in PEM":        forge(t, jose.HS256, asPEM, map[string]any{"kid": edID}, good),
		"HS512 with the key in PEM":        forge(t, jose.HS512, asPEM, map[string]any{"kid": ecID}, good),
		"another key under the kid":        forge(t, jose.EdDSA, evil, map[string]any{"kid": edID}, good),
		"another curve's key":              forge(t, jose.ES256, ecPrivate(9), map[string]any{"kid": ecID}, good),
		"the kid of the other key":         forge(t, jose.EdDSA, ed, map[string]any{"kid": ecID}, good),
		"the other key's kid":              forge(t, jose.ES256, ec, map[string]any{"kid": edID}, good),
		"a kid that nobody has":            forge(t, jose.EdDSA, evil, map[string]any{"kid": kidOf(t, evil.Public())}, good),
		"no kid":                           forge(t, jose.EdDSA, ed, nil, good),
		"an empty kid":                     forge(t, jose.EdDSA, ed, map[string]any{"kid": ""}, good),
		"a kid that is a number":           forge(t, jose.EdDSA, ed, map[string]any{"kid": 1}, good),
		"a kid that is a path":             forge(t, jose.EdDSA, evil, map[string]any{"kid": "../../dev/null"}, good),
		"a key of its own in the header":   forge(t, jose.EdDSA, evil, map[string]any{"jwk": jose.JSONWebKey{Key: evil.Public()}}, good),
		"one with the kid":                 forge(t, jose.EdDSA, evil, map[string]any{"kid": edID, "jwk": jose.JSONWebKey{Key: evil.Public(), KeyID: edID}}, good),
		"a URL of keys in the header":      forge(t, jose.EdDSA, evil, map[string]any{"kid": edID, "jku": "https://evil.example/jwks"}, good),
		"claims that were changed":         parts[0] + "." + enc(payload(t, now, map[string]any{"sub": "o-bob"})) + "." + parts[2],
		"a header that was changed":        enc(`{"alg":"EdDSA","kid":"`+edID+`","x":1}`) + "." + parts[1] + "." + parts[2],
		"the signature of another token":   parts[0] + "." + parts[1] + "." + strings.Split(forge(t, jose.EdDSA, ed, map[string]any{"kid": edID}, payload(t, now, map[string]any{"jti": "y"})), ".")[2],
		"a member that must be understood": forge(t, jose.EdDSA, ed, map[string]any{"kid": edID, "crit": []string{"exp"}, "exp": 1}, good),
		"another type":                     forge(t, jose.EdDSA, ed, map[string]any{"kid": edID, "typ": "logout+jwt"}, good),
		"a type that is no text":           forge(t, jose.EdDSA, ed, map[string]any{"kid": edID, "typ": 1}, good),
		"two members of a name":            enc(`{"alg":"none","alg":"EdDSA","kid":"`+edID+`"}`) + "." + parts[1] + "." + parts[2],
		"JSON instead of text":             `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"no signature":                     parts[0] + "." + parts[1],
		"four parts":                       real + "." + parts[2],
		"five parts":                       real + ".." + parts[2],
		"nothing":                          "",
		"dots":                             "..",
		"many dots":                        strings.Repeat(".", 16<<10),
		"padding":                          real + "==",
		"a line end":                       parts[0] + "." + parts[1] + "\n." + parts[2],
		"a line end at the end":            real + "\r\n",
		"a space":                          " " + real,
		"other bits at the end":            real[:len(real)-1] + string(real[len(real)-1]+1),
		"over 16 KiB":                      forge(t, jose.EdDSA, ed, map[string]any{"kid": edID}, payload(t, now, map[string]any{"x": strings.Repeat("x", 13<<10)})),
	}
	for name, token := range cases {
		if c, err := v.Verify(t.Context(), token); !errors.Is(err, wxtoken.ErrInvalid) || c != nil {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(signature) * 8 {
		signature[i/8] ^= 1 << (i % 8)
		if _, err := v.Verify(t.Context(), parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(signature)); !errors.Is(err, wxtoken.ErrInvalid) {
			t.Errorf("bit %d of the signature does not count: %v", i, err)
		}
		signature[i/8] ^= 1 << (i % 8)
	}
}

func enc(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestNewVerifierRefusesWhatCannotWork(t *testing.T) {
	good := wxtoken.VerifierConfig{Issuer: issuerURL, Audience: "orders", JWKSURL: keysURL}
	for _, c := range []struct {
		name   string
		change func(*wxtoken.VerifierConfig)
		say    string
	}{
		{"no issuer", func(c *wxtoken.VerifierConfig) { c.Issuer = "" }, "Issuer"},
		{"an issuer over http", func(c *wxtoken.VerifierConfig) { c.Issuer = "http://login.example.com" }, "Issuer"},
		{"no audience", func(c *wxtoken.VerifierConfig) { c.Audience = "" }, "Audience"},
		{"no URL", func(c *wxtoken.VerifierConfig) { c.JWKSURL = "" }, "JWKSURL"},
		{"a URL over http", func(c *wxtoken.VerifierConfig) { c.JWKSURL = "http://login.example.com/wx/jwks" }, "JWKSURL"},
		{"a host that looks like loopback", func(c *wxtoken.VerifierConfig) { c.JWKSURL = "http://localhost.evil.example/" }, "JWKSURL"},
		{"an address that looks like loopback", func(c *wxtoken.VerifierConfig) { c.JWKSURL = "http://127.0.0.1.evil.example/" }, "JWKSURL"},
		{"an address of a network", func(c *wxtoken.VerifierConfig) { c.JWKSURL = "http://10.0.0.1/" }, "JWKSURL"},
		{"a file", func(c *wxtoken.VerifierConfig) { c.JWKSURL = "file:///etc/jwks" }, "JWKSURL"},
		{"a URL with a password", func(c *wxtoken.VerifierConfig) { c.JWKSURL = "https://u:marker@login.example.com/wx/jwks" }, "JWKSURL"},
		{"a long leeway", func(c *wxtoken.VerifierConfig) { c.Leeway = time.Minute + 1 }, "Leeway"},
	} {
		cfg := good
		c.change(&cfg)
		if _, err := wxtoken.NewVerifier(cfg); err == nil || !strings.Contains(err.Error(), "set "+c.say) || strings.Contains(err.Error(), "marker") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, url := range []string{keysURL, "https://10.0.0.1/", "http://localhost:8080/wx/jwks", "http://127.0.0.2:8080/wx/jwks", "http://[::1]/wx/jwks"} {
		cfg := good
		cfg.JWKSURL = url
		if _, err := wxtoken.NewVerifier(cfg); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestARotationOfKeys: what is signed before it is taken for as long as the old
// key is published, and the new key is found without a restart.
func TestARotationOfKeys(t *testing.T) {
	for name, pair := range map[string][2]core.Secret{"EdDSA to ES256": {edKey(1), ecKey(2)}, "ES256 to EdDSA": {ecKey(1), edKey(2)}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.SigningKeys = pair[:1] })
			source := w.keySource()
			v := w.verifier(t, func(c *wxtoken.VerifierConfig) { c.HTTPClient = source })
			token, _ := w.login(t, "o-alice")
			before := w.ask(t, token, "")
			verify := func(token string) error { _, err := v.Verify(context.Background(), token); return err }
			if err := verify(before); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(2 * time.Minute)
			w.restart(t, pair[1], pair[0])
			after := w.ask(t, token, "")
			if err := verify(after); err != nil {
				t.Errorf("the new key: %v", err)
			}
			if err := verify(before); err != nil {
				t.Errorf("the old key: %v", err)
			}
			w.restart(t, pair[1])
			w.clock.Advance(2 * time.Minute)
			if err := verify(forge(t, jose.EdDSA, edPrivate(9), map[string]any{"kid": "unknown"}, "{}")); !errors.Is(err, wxtoken.ErrInvalid) {
				t.Errorf("an unknown key: %v", err)
			}
			if err := verify(before); !errors.Is(err, wxtoken.ErrInvalid) {
				t.Errorf("the old key, withdrawn: %v", err)
			}
			if err := verify(w.ask(t, token, "")); err != nil {
				t.Errorf("the new key: %v", err)
			}
		})
	}
}
