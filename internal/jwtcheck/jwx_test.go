package jwtcheck

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// published fetches the keys, and checks that each is named by its thumbprint.
func (b *backend) published() jwk.Set {
	b.t.Helper()
	set, err := jwk.Fetch(b.t.Context(), b.keysURL(), jwk.WithHTTPClient(b.server.Client()))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range set.Len() {
		key, _ := set.Key(i)
		sum, err := key.Thumbprint(crypto.SHA256)
		if err != nil {
			b.t.Fatal(err)
		}
		kid, _ := key.KeyID()
		use, _ := key.KeyUsage()
		if private, err := jwk.IsPrivateKey(key); kid != base64.RawURLEncoding.EncodeToString(sum) || use != "sig" || private || err != nil {
			b.t.Errorf("key %d is named %q, for %q, private %v: %v", i, kid, use, private, err)
		}
	}
	return set
}

func parse(set jwk.Set, token string) (jwt.Token, error) {
	return jwt.Parse([]byte(token), jwt.WithKeySet(set), jwt.WithIssuer(issuerURL), jwt.WithAudience(audience),
		jwt.WithRequiredClaim("exp"), jwt.WithRequiredClaim("iat"), jwt.WithRequiredClaim("sub"))
}

func (b *backend) parses(set jwk.Set, token string) {
	b.t.Helper()
	parsed, err := parse(set, token)
	if err != nil {
		b.t.Error(err)
		return
	}
	text, err := json.Marshal(parsed)
	if err != nil {
		b.t.Fatal(err)
	}
	var c struct {
		claims
		Aud []string // jwx writes them as a list
	}
	if err := json.Unmarshal(text, &c); err != nil || len(c.Aud) != 1 {
		b.t.Fatalf("%s: %v", text, err)
	}
	c.claims.Aud = c.Aud[0]
	b.check(c.claims)
}

func TestJWXTakesOurTokensAcrossARotation(t *testing.T) {
	for name, keys := range rotations(t) {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, keys[0])
			before := b.token(audience)
			first := b.published()
			b.parses(first, before)

			b.restart(keys[1], keys[0])
			after := b.token(audience)
			both := b.published()
			b.parses(both, before)
			b.parses(both, after)
			if _, err := parse(first, after); err == nil {
				t.Error("the new key has the name of the old one")
			}

			b.restart(keys[1])
			last := b.published()
			b.parses(last, after)
			if _, err := parse(last, before); err == nil {
				t.Error("the old key is published still")
			}
			if _, err := parse(last, b.token("billing")); err == nil {
				t.Error("a token for another audience is taken")
			}
		})
	}
}

func TestWeTakeTokensOfJWX(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for alg, private := range map[jwa.SignatureAlgorithm]any{jwa.EdDSA(): ed, jwa.ES256(): ec} {
		key, err := jwk.Import(private)
		if err != nil {
			t.Fatal(err)
		}
		if err := jwk.AssignKeyID(key); err != nil {
			t.Fatal(err)
		}
		public, err := key.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		set := jwk.NewSet()
		if err := set.AddKey(public); err != nil {
			t.Fatal(err)
		}
		jwks, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		token, err := jwt.NewBuilder().Issuer(issuerURL).Subject("o-bob").Audience([]string{"billing", audience}).
			IssuedAt(now).Expiration(now.Add(time.Minute)).Claim("plan", plan).Build()
		if err != nil {
			t.Fatal(err)
		}
		signed, err := jwt.Sign(token, jwt.WithKey(alg, key))
		if err != nil {
			t.Fatal(err)
		}
		if c, err := verifies(t, jwks, string(signed)); err != nil || c.Subject != "o-bob" || c.Attr("plan") != plan {
			t.Errorf("%s: %v, %v", alg, c, err)
		}
	}
}
