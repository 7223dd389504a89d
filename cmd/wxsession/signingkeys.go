package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"fmt"
)

// signingKind is WX_SIGNING_KEYS, whose new keys generate makes.
func signingKind(algorithm string, generate func() (any, error)) keyKind {
	return keyKind{
		variable: "WX_SIGNING_KEYS", first: "`wxsession keygen --signing " + algorithm + "`",
		make: func() (string, error) {
			key, err := generate()
			if err != nil {
				return "", err
			}
			der, err := x509.MarshalPKCS8PrivateKey(key)
			return base64.StdEncoding.EncodeToString(der), err
		},
		check: checkSigningKeys,
		steps: [3]string{
			"Set this on all instances, one after the other. The new key is published, and signs nothing yet.",
			"Ten minutes after all instances run with that, set this on all of them. The new key signs.",
			"Ten minutes after all instances run with that, set this. The older keys are gone.",
		},
	}
}

// checkSigningKeys tells a key by its place, and nothing of its text.
func checkSigningKeys(all []string) error {
	for i, text := range all {
		der, err := base64.StdEncoding.DecodeString(text)
		var key any
		if err == nil {
			key, err = x509.ParsePKCS8PrivateKey(der)
		}
		ec, isEC := key.(*ecdsa.PrivateKey)
		_, isEd := key.(ed25519.PrivateKey)
		if err != nil || !isEd && !(isEC && ec.Curve == elliptic.P256()) {
			return fmt.Errorf("key %d of WX_SIGNING_KEYS is none: it must be base64 of PKCS#8 DER, Ed25519 or P-256", i+1)
		}
	}
	return nil
}
