package wxtoken

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// needCorpus: a fuzz test whose seeds got lost would pass, and try nothing.
func needCorpus(f *testing.F) {
	f.Helper()
	corpus := filepath.Join("testdata", "fuzz", f.Name())
	if files, err := os.ReadDir(corpus); err != nil || len(files) < 5 {
		f.Fatalf("no seed corpus in %s: %v", corpus, err)
	}
}

// The keys of the seeds: RFC 8037 has published the first, openssl has made the
// other.
const (
	fuzzEd = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
	fuzzEC = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghknjnYbPJjOTg8za15T3MiEh0RvCFHQ9AbXRL887otShRANCAASdq/6bliooDFmXKQqexT7UljdYQwEO7qtP1/aY1MBZUnUYzQyYS+PgZepd7jdqPW4IQUv00YW1fbw8awlUnxW4"
)

// fuzzPayloads are all that the issuer of FuzzVerify has ever signed, at
// fuzzNow.
func fuzzPayloads() []string {
	return []string{
		`{"aud":"orders","exp":1700000300,"iat":1700000000,"iss":"https://login.example.com","sub":"o-alice"}`,
		`{"appid":"wx1","aud":["orders","b"],"exp":1700000100,"iat":1700000000,"iss":"https://login.example.com","jti":"x","plan":"gold","sid":"s","sub":"o-bob"}`,
		`{"aud":"billing","exp":1700000300,"iat":1700000000,"iss":"https://login.example.com","sub":"o-carol"}`,
	}
}

func fuzzNow() time.Time { return time.Unix(1_700_000_060, 0) }

// FuzzVerify: what is taken has been signed, and was meant for us. ES256 knows
// two signatures for each, so it goes by what is signed.
func FuzzVerify(f *testing.F) {
	needCorpus(f)
	signed := map[string]bool{}
	var set jose.JSONWebKeySet
	for _, text := range []string{fuzzEd, fuzzEC} {
		key, err := parseKey(text)
		if err != nil {
			f.Fatal(err)
		}
		sign, err := key.signer()
		if err != nil {
			f.Fatal(err)
		}
		set.Keys = append(set.Keys, key.public)
		for i, payload := range fuzzPayloads() {
			token, err := sign([]byte(payload))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(token)
			if i < 2 { // for our audience
				signed[token[:strings.LastIndex(token, ".")]] = true
			}
		}
	}
	body, err := json.Marshal(set)
	if err != nil {
		f.Fatal(err)
	}
	v := fuzzVerifier(f, body)
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), token)
		if (err == nil) != (c != nil) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatalf("%v, %v", c, err)
		}
		dot := strings.LastIndex(token, ".")
		if err == nil && !signed[token[:dot]] {
			t.Errorf("taken, and nobody signed it: %q", token)
		}
		if err != nil && len(token) > 40 {
			for part := range strings.SplitSeq(token, ".") {
				if len(part) > 20 && strings.Contains(err.Error(), part[:20]) {
					t.Errorf("the error quotes the token: %v", err)
				}
			}
		}
	})
}

func fuzzVerifier(f *testing.F, body []byte) *Verifier {
	f.Helper()
	v, err := NewVerifier(VerifierConfig{
		Issuer: "https://login.example.com", Audience: "orders", JWKSURL: "https://login.example.com/wx/jwks", Now: fuzzNow,
		HTTPClient: &http.Client{Transport: transport(func() *http.Response {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body))}
		})},
	})
	if err != nil {
		f.Fatal(err)
	}
	return v
}

type transport func() *http.Response

func (t transport) RoundTrip(*http.Request) (*http.Response, error) { return t(), nil }

// FuzzParseKeySet: every key that comes out can be used, and is public.
func FuzzParseKeySet(f *testing.F) {
	needCorpus(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeySet(body)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		for kid, key := range keys {
			switch public := key.public.(type) {
			case ed25519.PublicKey:
				if key.alg != "EdDSA" || len(public) != ed25519.PublicKeySize {
					t.Errorf("%d bytes for %s", len(public), key.alg)
				}
			case *ecdsa.PublicKey:
				if _, err := public.ECDH(); key.alg != "ES256" || public.Curve != elliptic.P256() || err != nil {
					t.Errorf("no point of P-256 for %s: %v", key.alg, err)
				}
			default:
				t.Errorf("a %T", key.public)
			}
			if kid == "" {
				t.Error("a key without a name")
			}
		}
	})
}

// FuzzParseKey: what is taken signs what its published half verifies; what is
// not comes with an error that tells nothing of it.
func FuzzParseKey(f *testing.F) {
	needCorpus(f)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseKey(text)
		if err != nil {
			for i := 0; i+12 <= len(text); i++ {
				part := text[i : i+12]
				if strings.Contains(err.Error(), part) && !strings.Contains(makeKey, part) {
					t.Fatalf("the error tells %q of the key: %v", part, err)
				}
			}
			return
		}
		sign, err := key.signer()
		if err != nil {
			t.Fatal(err)
		}
		token, err := sign([]byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		published, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.public}})
		if err != nil || bytes.Contains(published, []byte(`"d"`)) {
			t.Fatalf("published: %s, %v", published, err)
		}
		keys, err := parseKeySet(published)
		if err != nil {
			t.Fatalf("no verifier can use %s: %v", published, err)
		}
		signed, err := parseToken(token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signed.Verify(keys[key.public.KeyID].public); err != nil {
			t.Errorf("it signs what it does not verify: %v", err)
		}
	})
}
