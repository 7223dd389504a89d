package main

import (
	"crypto/x509"
	"encoding/base64"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
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

// checkSigningKeys refuses what the service refuses, in its words. Those tell a
// key by its place, and nothing of its text.
func checkSigningKeys(all []string) error {
	cfg := wxtoken.Config{Issuer: "https://localhost", Audiences: []string{"any"}}
	for _, key := range all {
		cfg.SigningKeys = append(cfg.SigningKeys, core.NewSecret(key))
	}
	_, err := wxtoken.New(new(core.Manager), cfg) // nobody is asked for a token
	return err
}
