package wxtoken

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wxsession/wxsession/core"
)

// Config says what is signed, with which keys and for whom. Its fields are not
// read again after New, and it prints and marshals without its keys.
type Config struct {
	// SigningKeys are private keys, newest first: base64 of PKCS#8 DER, Ed25519
	// (EdDSA) or P-256 (ES256). The first signs, all are published. Without any
	// there are no routes, and nothing is signed.
	SigningKeys []core.Secret `env:"WX_SIGNING_KEYS" json:"signing_keys,omitempty" yaml:"signing_keys,omitempty"`
	// Issuer names this backend in every token: an https URL, which nobody needs to
	// be able to open. It is compared character by character.
	Issuer string `env:"WX_ISSUER" json:"issuer,omitempty" yaml:"issuer,omitempty"`
	// Audiences are the services that tokens may be asked for; the first is the
	// default.
	Audiences []string `env:"WX_AUDIENCES" json:"audiences,omitempty" yaml:"audiences,omitempty"`
	// Claims are the attributes of the session that become claims of the same name:
	// text, and left out where the session has none. The client can read them.
	Claims []string `env:"WX_CLAIMS" json:"claims,omitempty" yaml:"claims,omitempty"`
	// Subject is the attribute that becomes sub; "": the openid, which the client
	// then can read. Openids of two apps have nothing to do with each other: where
	// there are several, a user is sub and appid together.
	Subject string `env:"WX_SUBJECT" json:"subject,omitempty" yaml:"subject,omitempty"`

	// Now is the clock; nil: the system's. Where core.Config.Now is set, set the
	// same one.
	Now func() time.Time `json:"-" yaml:"-"`
}

// ConfigFromEnv reads the variables named in the env tags of Config's fields;
// lists are comma separated. It refuses keys that are none; what else cannot
// work New refuses. That the names are written right core.ConfigFromEnv checks.
func ConfigFromEnv() (Config, error) {
	c := Config{
		Issuer:    os.Getenv("WX_ISSUER"),
		Audiences: listFromEnv("WX_AUDIENCES"),
		Claims:    listFromEnv("WX_CLAIMS"),
		Subject:   os.Getenv("WX_SUBJECT"),
	}
	for _, text := range listFromEnv("WX_SIGNING_KEYS") {
		c.SigningKeys = append(c.SigningKeys, core.NewSecret(text))
	}
	_, err := parseKeys(c.SigningKeys)
	return c, err
}

func listFromEnv(name string) (items []string) {
	text := os.Getenv(name)
	if text == "" {
		return nil
	}
	for item := range strings.SplitSeq(text, ",") {
		items = append(items, strings.TrimSpace(item))
	}
	return items
}

// check looks at everything but the keys themselves. No message repeats a value:
// a key may have landed in the wrong variable.
func (c *Config) check() error {
	return errors.Join(c.checkIssuer(), c.checkAudiences(), c.checkClaims())
}

func (c *Config) checkIssuer() error {
	switch {
	case c.Issuer == "" && len(c.SigningKeys) == 0:
		return nil
	case c.Issuer == "":
		return errors.New("set Issuer (WX_ISSUER) to an https URL that names this backend: SigningKeys (WX_SIGNING_KEYS) need it")
	case !issuerShaped(c.Issuer):
		return errors.New("set Issuer (WX_ISSUER) to an https URL without query and fragment, like https://login.example.com")
	}
	return nil
}

// issuerShaped reports whether s is an https URL, written as one would write it:
// verifiers compare it as text.
func issuerShaped(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil &&
		!strings.ContainsAny(s, "?#") && u.String() == s
}

func (c *Config) checkAudiences() error {
	if len(c.Audiences) == 0 && len(c.SigningKeys) > 0 {
		return errors.New("set Audiences (WX_AUDIENCES) to the services that take the tokens: SigningKeys (WX_SIGNING_KEYS) need at least one")
	}
	for i, a := range c.Audiences {
		if a == "" || !utf8.ValidString(a) {
			return fmt.Errorf("audience %d of Audiences (WX_AUDIENCES) is empty or no text: write a name there", i+1)
		}
		if slices.Contains(c.Audiences[:i], a) {
			return fmt.Errorf("audience %d of Audiences (WX_AUDIENCES) stands there twice: leave it out", i+1)
		}
	}
	return nil
}

// reservedClaims are set by New, have a meaning and a form in a standard that
// an attribute cannot have, or are the names of what must never be in a token.
var reservedClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "appid", "sid",
	"auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "s_hash", "act", "may_act", "cnf", "events", "client_id",
	"3rd_session", "session_key", "access_token",
}

// checkClaims does not tell case apart: many JSON readers do not either, and
// would take a Sub for the sub.
func (c *Config) checkClaims() error {
	for i, name := range c.Claims {
		same := func(s string) bool { return strings.EqualFold(s, name) }
		switch {
		case name == "" || !utf8.ValidString(name):
			return fmt.Errorf("name %d of Claims (WX_CLAIMS) is empty or no text: write the name of an attribute there", i+1)
		case slices.ContainsFunc(reservedClaims, same):
			return fmt.Errorf("name %d of Claims (WX_CLAIMS) is reserved: give the attribute a name other than %s", i+1, strings.Join(reservedClaims, ", "))
		case slices.ContainsFunc(c.Claims[:i], same):
			return fmt.Errorf("name %d of Claims (WX_CLAIMS) stands there twice: leave it out", i+1)
		}
	}
	return nil
}
