package wxtoken

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/wxsession/wxsession/core"
)

// signingKey is a private key, and its public half as it is published.
type signingKey struct {
	private any
	public  jose.JSONWebKey
}

const makeKey = "make one with `wxsession keygen --signing ed25519`"

// parseKeys tells what is wrong with a key by its place in the list, and nothing
// of its text.
func parseKeys(secrets []core.Secret) (keys []signingKey, err error) {
	places := map[string]int{}
	var errs []error
	for i, s := range secrets {
		key, err := parseKey(s.Reveal())
		if err != nil {
			errs = append(errs, fmt.Errorf("key %d of SigningKeys (WX_SIGNING_KEYS) %w", i+1, err))
			continue
		}
		if first := places[key.public.KeyID]; first > 0 {
			errs = append(errs, fmt.Errorf("key %d of SigningKeys (WX_SIGNING_KEYS) is key %d again: leave one of them out", i+1, first))
		}
		places[key.public.KeyID] = i + 1
		keys = append(keys, key)
	}
	return keys, errors.Join(errs...)
}

// parseKey leaves out the errors of the parsers: what they say of a key is not
// ours to vouch for.
func parseKey(text string) (signingKey, error) {
	if strings.HasPrefix(text, "-----BEGIN") {
		return signingKey{}, errors.New("is PEM: it must be DER in base64, " + makeKey)
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(der) == 0 {
		return signingKey{}, errors.New("is not base64: " + makeKey)
	}
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &whole); err == nil && len(rest) > 0 { // x509 would not mind
		return signingKey{}, errors.New("has bytes after its end: " + makeKey)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return signingKey{}, otherForm(der)
	}
	switch key := private.(type) {
	case ed25519.PrivateKey:
		return newSigningKey(key, key.Public(), jose.EdDSA)
	case *ecdsa.PrivateKey:
		if key.Curve == elliptic.P256() {
			return newSigningKey(key, key.Public(), jose.ES256)
		}
	}
	return signingKey{}, errKind(private)
}

// otherForm knows what openssl genpkey writes for the older algorithms.
func otherForm(der []byte) error {
	if key, err := x509.ParseECPrivateKey(der); err == nil && key.Curve == elliptic.P256() {
		return errors.New("is a P-256 key in the older form: convert it with `openssl pkcs8 -topk8 -nocrypt -inform DER -outform DER`")
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return errKind(key)
	}
	return errors.New("is not a private key in PKCS#8 DER: " + makeKey)
}

func errKind(private any) error {
	return fmt.Errorf("is %s: only Ed25519 and P-256 are taken, %s", kindOf(private), makeKey)
}

func kindOf(private any) string {
	switch key := private.(type) {
	case *rsa.PrivateKey:
		return "an RSA key"
	case *ecdsa.PrivateKey:
		return "a key on " + key.Curve.Params().Name
	case *ecdh.PrivateKey:
		return "an X25519 key, which cannot sign"
	}
	return "a key of another kind"
}

// newSigningKey names a key by its RFC 7638 thumbprint.
func newSigningKey(private any, public crypto.PublicKey, alg jose.SignatureAlgorithm) (signingKey, error) {
	jwk := jose.JSONWebKey{Key: public, Algorithm: string(alg), Use: "sig"}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return signingKey{}, errors.New("has no thumbprint: " + makeKey)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return signingKey{private, jwk}, nil
}

// signer returns a function that signs with the key, and hides it: whoever
// prints what holds the function sees no key.
func (k signingKey) signer() (func(payload []byte) (token string, err error), error) {
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(k.public.Algorithm),
		Key:       jose.JSONWebKey{Key: k.private, KeyID: k.public.KeyID},
	}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return func(payload []byte) (string, error) {
		signed, err := signer.Sign(payload)
		if err != nil {
			return "", err
		}
		return signed.CompactSerialize()
	}, nil
}
