package wxtoken

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/wxsession/wxsession/core"
)

// Lifetime is how long a token is valid, unless its session ends before. A
// Verifier takes none that is valid for longer.
const Lifetime = 5 * time.Minute

// maxToken bounds a token: longer ones do not pass the header limits of many
// servers.
const maxToken = 16 << 10

// Issuer signs tokens for the users of a manager. It keeps nothing, and its
// methods are safe for concurrent use.
type Issuer struct {
	wx   *core.Manager
	cfg  Config                               // without its keys
	sign func(payload []byte) (string, error) // nil: without keys
	keys []byte                               // the public ones, as they are published
}

// New checks cfg and returns an Issuer of tokens for the users of wx. Without
// SigningKeys it has no routes, and Token fails: a program can always make one,
// and leave it to its configuration whether there are signed tokens.
func New(wx *core.Manager, cfg Config) (*Issuer, error) {
	i, err := newIssuer(wx, cfg)
	if err != nil {
		return nil, fmt.Errorf("cannot sign tokens with this configuration: %w", err)
	}
	return i, nil
}

func newIssuer(wx *core.Manager, cfg Config) (*Issuer, error) {
	if wx == nil {
		return nil, errors.New("no manager: pass what core.New returns")
	}
	keys, err := parseKeys(cfg.SigningKeys)
	if err := errors.Join(err, cfg.check()); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.SigningKeys = nil
	cfg.Audiences, cfg.Claims = slices.Clone(cfg.Audiences), slices.Clone(cfg.Claims)
	i := &Issuer{wx: wx, cfg: cfg}
	if len(keys) == 0 {
		return i, nil
	}
	if i.sign, err = keys[0].signer(); err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, k.public)
	}
	i.keys, err = json.Marshal(set)
	return i, err
}

// Token signs a token for the user of s and one of Config.Audiences; "" is the
// first. s is the session of a request under way: whether it has been ended
// since is not asked again.
//
// expiresIn is Lifetime, or what the session has left if nobody uses it.
// Errors: CodeBadRequest for another audience, and for attributes that make a
// token of over 16 KiB; CodeLoginDenied for a session without the attribute
// Config.Subject; CodeInvalidSession for one that ends within a second;
// CodeNoSession for one that no manager has made; CodeMisconfigured without
// SigningKeys; and that of ctx.
func (i *Issuer) Token(ctx context.Context, s *core.Session, audience string) (token string, expiresIn time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return "", 0, err
	}
	if i.sign == nil {
		return "", 0, &core.Error{Code: core.CodeMisconfigured, Message: "no token can be signed here: set SigningKeys (WX_SIGNING_KEYS)"}
	}
	if s.CreatedAt().IsZero() {
		return "", 0, &core.Error{Code: core.CodeNoSession, Message: "a signed token is made for a session: log in, and send the 3rd_session"}
	}
	if audience == "" {
		audience = i.cfg.Audiences[0]
	} else if !slices.Contains(i.cfg.Audiences, audience) {
		return "", 0, errAudience()
	}
	claims, expiresIn, err := i.claims(ctx, s, audience)
	if err != nil {
		return "", 0, err
	}
	if token, err = i.signed(claims); err != nil {
		return "", 0, err
	}
	return token, expiresIn, nil
}

// claims counts in whole seconds, as the standard's dates do. A session that
// ends within one is left no token: it would be dead on arrival.
func (i *Issuer) claims(ctx context.Context, s *core.Session, audience string) (map[string]any, time.Duration, error) {
	sub, err := i.subject(ctx, s)
	if err != nil {
		return nil, 0, err
	}
	now, end := i.cfg.Now(), s.ExpiresAt()
	if end.Sub(now) < time.Second {
		return nil, 0, &core.Error{Code: core.CodeInvalidSession, Message: "the session is about to end, call wx.login and log in again"}
	}
	iat := now.Unix()
	exp := min(iat+int64(Lifetime/time.Second), end.Unix())
	claims := map[string]any{
		"iss": i.cfg.Issuer, "sub": sub, "aud": audience,
		"iat": iat, "exp": exp, "jti": rand.Text(),
		"appid": s.AppID, "sid": s.ID,
	}
	for _, name := range i.cfg.Claims {
		if value, found := s.LookupAttr(name); found {
			claims[name] = value
		}
	}
	return claims, time.Duration(exp-iat) * time.Second, nil
}

// subject refuses what is no text: JSON would make the same sub of different
// users. The client is not told which attribute it is, the log is: it may be that
// nobody has it.
func (i *Issuer) subject(ctx context.Context, s *core.Session) (string, error) {
	sub := s.OpenID
	if i.cfg.Subject != "" {
		sub = s.Attr(i.cfg.Subject)
	}
	if sub != "" && utf8.ValidString(sub) {
		return sub, nil
	}
	if i.cfg.Subject != "" {
		i.wx.Log(ctx, slog.LevelWarn, "a user gets no signed token, for want of the attribute that Subject (WX_SUBJECT) names: set it in OnLogin, or name another",
			slog.String("code", string(core.CodeLoginDenied)), slog.String("attribute", i.cfg.Subject))
	}
	return "", core.Deny("there are no signed tokens for this user: the session lacks what names the user to other services")
}

func (i *Issuer) signed(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", errSigning()
	}
	token, err := i.sign(payload)
	switch {
	case err != nil:
		return "", errSigning()
	case len(token) > maxToken:
		return "", &core.Error{Code: core.CodeBadRequest, Message: "the attributes of this session make a signed token of over 16 KiB"}
	}
	return token, nil
}

// Format prints the issuer's name for every verb.
func (i Issuer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Issuer{Issuer:%s}", i.cfg.Issuer) }

func errSigning() error {
	return &core.Error{Code: core.CodeMisconfigured, Message: "the token could not be signed"}
}

func errAudience() error {
	return &core.Error{Code: core.CodeBadRequest, Message: "there are no signed tokens for this audience"}
}
