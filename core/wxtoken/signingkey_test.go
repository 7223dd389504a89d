package wxtoken_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

func TestNewRefusesKeysThatCannotSignHere(t *testing.T) {
	// Both made with openssl 3.0: genpkey writes a P-256 key in the older form.
	const (
		ed448 = "MEcCAQAwBQYDK2VxBDsEOUVPBMAHunlUzGySm9GlaZpar/PCqlSHnuCcvG/8m+5IGJLyQH7O/jRsLK07hoxkscpGekdB+1g6Kw=="
		sec1  = "MHcCAQEEIIZJ452GzyYzk4PM2teU9zIhIdEbwhR0PQG10S/PO6LUoAoGCCqGSM49AwEHoUQDQgAEnav+m5YqKAxZlykKnsU+1JY3WEMBDu6rT9f2mNTAWVJ1GM0MmEvj4GXqXe43aj1uCEFL9NGFtX28PGsJVJ8VuA=="
	)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(edPrivate(1).Public())
	if err != nil {
		t.Fatal(err)
	}
	der := derOf(t, edKey(1))
	for _, c := range []struct{ name, text, say string }{
		{"empty", "", "base64"},
		{"garbage", "marker!", "base64"},
		{"base64 of garbage", b64([]byte("garbage in base64")), "PKCS#8"},
		{"base64 for URLs", "MC4CAQAwBQYDK2VwBCIEIGFh-_8hYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh", "base64"},
		{"PEM", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "PEM"},
		{"truncated", b64(der[:len(der)-1]), "PKCS#8"},
		{"bytes after it", b64(append(slices.Clone(der), 0)), "after its end"},
		{"another key after it", b64(append(slices.Clone(der), derOf(t, ecKey(2))...)), "after its end"},
		{"a public key", b64(public), "PKCS#8"},
		{"RSA", pkcs8(rsaKey).Reveal(), "RSA"},
		{"RSA, older form", b64(x509.MarshalPKCS1PrivateKey(rsaKey)), "RSA"},
		{"P-384", pkcs8(p384).Reveal(), "P-384"},
		{"P-256, older form", sec1, "openssl pkcs8 -topk8"},
		{"X25519", pkcs8(x25519).Reveal(), "X25519"},
		{"Ed448", ed448, "PKCS#8"},
		{"the same key", edKey(1).Reveal(), "is key 1 again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := goodConfig()
			cfg.SigningKeys = append(cfg.SigningKeys, core.NewSecret(c.text))
			_, err := wxtoken.New(newWorld(t, nil).Manager, cfg)
			if err == nil || !strings.Contains(err.Error(), c.say) || !strings.Contains(err.Error(), "key 2 of SigningKeys (WX_SIGNING_KEYS)") {
				t.Fatalf("got %v, want something about %s", err, c.say)
			}
			for i := 0; i+8 <= len(c.text); i++ {
				if part := c.text[i : i+8]; strings.Contains(err.Error(), part) && !strings.Contains("-----BEGIN", part) {
					t.Fatalf("the error tells %q of the key: %v", part, err)
				}
			}
		})
	}
}

// TestKeysOfOpenSSLAreTaken: what the documented commands write.
func TestKeysOfOpenSSLAreTaken(t *testing.T) {
	for name, key := range map[string]string{
		"Ed25519": "MC4CAQAwBQYDK2VwBCIEIMUu6FwTil1BaURFrRyuI4YBD+sziaffFFLco7lim2LF",
		"P-256":   "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghknjnYbPJjOTg8za15T3MiEh0RvCFHQ9AbXRL887otShRANCAASdq/6bliooDFmXKQqexT7UljdYQwEO7qtP1/aY1MBZUnUYzQyYS+PgZepd7jdqPW4IQUv00YW1fbw8awlUnxW4",
	} {
		w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.SigningKeys = []core.Secret{core.NewSecret(key)} })
		token, _ := w.login(t, "o-alice")
		if _, err := w.verifier(t, nil).Verify(t.Context(), w.ask(t, token, "")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// showsNoKey looks for a key in its forms: as text, and as the bytes and the
// numbers that fmt would print.
func showsNoKey(t *testing.T, out string, key core.Secret) {
	t.Helper()
	private, err := x509.ParsePKCS8PrivateKey(derOf(t, key))
	if err != nil {
		t.Fatal(err)
	}
	var secret []byte
	switch k := private.(type) {
	case ed25519.PrivateKey:
		secret = k.Seed()
	case *ecdsa.PrivateKey:
		if secret, err = k.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	numbers := strings.Trim(fmt.Sprint(secret[:8]), "[]")
	commas := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", secret[:8]), "[]byte{"), "}")
	for _, form := range []string{
		key.Reveal(), b64(secret)[:16], string(secret), numbers, commas, fmt.Sprintf("%x", secret), new(big.Int).SetBytes(secret).String(),
	} {
		if i := strings.Index(out, form); i >= 0 {
			t.Errorf("the key comes out: …%s…", out[max(0, i-100):min(len(out), i+100)])
		}
	}
}

func derOf(t testing.TB, key core.Secret) []byte {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(key.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
