package wxtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// publicKey is a key of the issuer. Its algorithm is the only one that a token
// signed with it may name.
type publicKey struct {
	alg    string
	public interface{ Equal(crypto.PublicKey) bool }
}

var errNoKeys = errors.New("the answer holds no key that can be used")

// parseKeySet takes from a JWK set (RFC 7517) what an Issuer would publish, by
// kid. Keys of other kinds and for other uses are skipped, as the standard asks
// for, and so are those of a kid that stands for two. A set without any is an
// error: who publishes nothing signs nothing.
func parseKeySet(body []byte) (map[string]publicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, errors.New("the answer is not a JWK set")
	}
	keys, ambiguous := map[string]publicKey{}, map[string]bool{}
	for _, text := range set.Keys {
		kid, key, ok := parsePublicKey(text)
		if !ok {
			continue
		}
		if other, known := keys[kid]; known && !other.public.Equal(key.public) {
			ambiguous[kid] = true
		}
		keys[kid] = key
	}
	for kid := range ambiguous {
		delete(keys, kid)
	}
	if len(keys) == 0 {
		return nil, errNoKeys
	}
	return keys, nil
}

// jwk holds the members that are looked at. Certificates, say, are not.
type jwk struct {
	Kty    string          `json:"kty"`
	Crv    string          `json:"crv"`
	X      string          `json:"x"`
	Y      string          `json:"y,omitempty"`
	Kid    string          `json:"kid,omitempty"`
	Use    string          `json:"use,omitempty"`
	Alg    string          `json:"alg,omitempty"`
	KeyOps []string        `json:"key_ops,omitempty"`
	D      json.RawMessage `json:"d,omitempty"` // the private key: whoever reads the set could sign
}

func parsePublicKey(text []byte) (kid string, key publicKey, ok bool) {
	var k jwk
	if err := json.Unmarshal(text, &k); err != nil || k.Kid == "" || k.D != nil ||
		k.Use != "" && k.Use != "sig" || len(k.KeyOps) > 0 && !slices.Contains(k.KeyOps, "verify") {
		return "", key, false
	}
	switch {
	case k.Kty == "OKP" && k.Crv == "Ed25519" && (k.Alg == "" || k.Alg == string(jose.EdDSA)):
		key.alg = string(jose.EdDSA)
	case k.Kty == "EC" && k.Crv == "P-256" && (k.Alg == "" || k.Alg == string(jose.ES256)):
		key.alg = string(jose.ES256)
	default:
		return "", key, false
	}
	bare, err := json.Marshal(jwk{Kty: k.Kty, Crv: k.Crv, X: k.X, Y: k.Y})
	var decoded jose.JSONWebKey
	if err != nil || decoded.UnmarshalJSON(bare) != nil || !decoded.Valid() {
		return "", key, false
	}
	switch public := decoded.Key.(type) {
	case ed25519.PublicKey:
		key.public = public
	case *ecdsa.PublicKey:
		key.public = public
	}
	return k.Kid, key, key.public != nil
}
