package wxtoken

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What Verify fails with; every error of it is one of the two.
var (
	// ErrInvalid: the token is not to be trusted. Answer 401, so that the client asks
	// for another one.
	ErrInvalid = errors.New("wxtoken: invalid token")
	// ErrUnavailable: whether the token is to be trusted cannot be said, as the
	// issuer's keys cannot be had. Answer 503, so that the client tries again.
	ErrUnavailable = errors.New("wxtoken: the issuer's keys cannot be had")
)

var errMalformed = invalid("it is malformed")

// invalid never gets a text of a token, or of a parser that quotes it.
func invalid(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }

// VerifierConfig says whose tokens a service takes. The fields of the first
// group are required.
type VerifierConfig struct {
	// Issuer and Audience are what the token must name: Config.Issuer, and this
	// service's one of Config.Audiences.
	Issuer, Audience string
	// JWKSURL is where the issuer's keys are: https://login.example.com/wx/jwks. Plain
	// http is for the loopback interface only.
	JWKSURL string

	// HTTPClient fetches the keys; nil: one of its own. It is given 5 s, and follows
	// no redirects.
	HTTPClient *http.Client
	// Leeway is how far the clocks of issuer and service may be apart, a minute at
	// most; 0: 10 s, below 0: none. A token is taken for so much longer.
	Leeway time.Duration
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

const (
	defaultLeeway = 10 * time.Second
	maxLeeway     = time.Minute
)

// Verifier checks tokens of an Issuer, with the keys that this publishes. Its
// methods are safe for concurrent use; a service needs one, for as long as it
// runs. It has nothing to close.
type Verifier struct {
	cfg  VerifierConfig
	keys *remoteKeys
}

// NewVerifier checks cfg. It fetches nothing: an issuer that is down at start
// shows in Verify, which recovers by itself.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("cannot verify tokens with this configuration: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Leeway == 0:
		cfg.Leeway = defaultLeeway
	case cfg.Leeway < 0:
		cfg.Leeway = 0
	}
	return &Verifier{cfg, newRemoteKeys(cfg.JWKSURL, cfg.HTTPClient, cfg.Now)}, nil
}

func (c *VerifierConfig) check() error {
	switch {
	case !issuerShaped(c.Issuer):
		return errors.New("set Issuer to the issuer's WX_ISSUER, an https URL")
	case c.Audience == "":
		return errors.New("set Audience to this service's name among the issuer's WX_AUDIENCES")
	case !keysURLShaped(c.JWKSURL):
		return errors.New("set JWKSURL to an https URL like https://login.example.com/wx/jwks; http is for localhost only")
	case c.Leeway > maxLeeway:
		return errors.New("set Leeway to a minute at most: a clock that is further off should be set")
	}
	return nil
}

func keysURLShaped(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// algorithms are those that an Issuer signs with.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256}
}

// Verify returns what a token says, if it is to be trusted: signed by the
// issuer, for this audience, and valid now. Whether its session still lives it
// does not say: a log-out shows when the token has expired, after up to
// Lifetime and Leeway.
//
// It costs one check of a signature, and asks the issuer only for keys that are
// not known or old; see the package documentation. Errors: ErrInvalid,
// ErrUnavailable; that of ctx comes as an ErrUnavailable too.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	signed, err := parseToken(token)
	if err != nil {
		return nil, err
	}
	header := signed.Signatures[0].Header
	key, err := v.keys.find(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	if header.Algorithm != key.alg {
		return nil, invalid("its key is for another algorithm")
	}
	payload, err := signed.Verify(key.public)
	if err != nil {
		return nil, invalid("its signature is wrong")
	}
	wire, attrs, err := parseClaims(payload)
	if err != nil {
		return nil, err
	}
	if err := v.checkClaims(&wire); err != nil {
		return nil, err
	}
	return &Claims{
		Issuer: wire.Issuer, Subject: wire.Subject, Audience: slices.Clone(wire.Audience), ID: wire.ID,
		AppID: wire.AppID, SessionID: wire.SessionID,
		IssuedAt: wire.IssuedAt.Time(), ExpiresAt: wire.Expiry.Time(), attrs: attrs,
	}, nil
}

// Format prints issuer and audience for every verb.
func (v Verifier) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Verifier{Issuer:%s Audience:%s}", v.cfg.Issuer, v.cfg.Audience)
}

// parseToken takes a token apart, and believes nothing that it says.
func parseToken(token string) (*jose.JSONWebSignature, error) {
	if len(token) > maxToken {
		return nil, invalid("it is over 16 KiB")
	}
	if !canonical(token) {
		return nil, errMalformed
	}
	signed, err := jose.ParseSignedCompact(token, algorithms())
	if err != nil {
		return nil, errMalformed // the parser's own error quotes the token
	}
	header := signed.Signatures[0].Header
	typ, given := header.ExtraHeaders[jose.HeaderType]
	if text, ok := typ.(string); given && (!ok || !strings.EqualFold(text, "JWT")) {
		return nil, invalid("it is of another type")
	}
	if header.KeyID == "" {
		return nil, invalid("it does not name its key")
	}
	return signed, nil
}

// canonical reports whether token is written in the one way that its bytes are
// encoded in: the decoder would skip line ends, and take another last character.
func canonical(token string) bool {
	for part := range strings.SplitSeq(token, ".") {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodedLen(len(raw)) != len(part) {
			return false
		}
	}
	return true
}
