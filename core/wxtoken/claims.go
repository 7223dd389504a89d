package wxtoken

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	josejson "github.com/go-jose/go-jose/v4/json" // tells case apart, and refuses a member that comes twice
	"github.com/go-jose/go-jose/v4/jwt"
)

// Claims are what a verified token says.
//
// They print, log and marshal as app and session id only, as a core.Session
// does: who somebody is belongs in no log.
type Claims struct {
	Issuer    string
	Subject   string // the user: an openid, or what Config.Subject names
	Audience  []string
	ID        string // of the token
	AppID     string
	SessionID string // public id of the session; no credential
	IssuedAt  time.Time
	ExpiresAt time.Time

	attrs map[string]string
}

// Attr returns the attribute of that name, one of Config.Claims, and "" if the
// token has none.
func (c *Claims) Attr(name string) string { return c.attrs[name] }

// LookupAttr also tells an empty attribute from one that is not there.
func (c *Claims) LookupAttr(name string) (value string, found bool) {
	value, found = c.attrs[name]
	return value, found
}

// Format prints app and session id for every verb.
func (c Claims) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Claims{AppID:%s SessionID:%s}", c.AppID, c.SessionID)
}

// LogValue is for slog: app and session id.
func (c Claims) LogValue() slog.Value {
	return slog.GroupValue(slog.String("appid", c.AppID), slog.String("sid", c.SessionID))
}

// MarshalJSON writes app and session id. What else somebody should see, the
// application sends by name.
func (c Claims) MarshalJSON() ([]byte, error) {
	return json.Marshal(shownClaims{c.AppID, c.SessionID})
}

// MarshalYAML writes app and session id; yaml.v2, v3 and goccy/go-yaml ask for it.
func (c Claims) MarshalYAML() (any, error) { return shownClaims{c.AppID, c.SessionID}, nil }

// shownClaims is what others see of Claims.
type shownClaims struct {
	AppID     string `json:"appid" yaml:"appid"`
	SessionID string `json:"sid" yaml:"sid"`
}

// wireClaims are the claims that have a form of their own.
type wireClaims struct {
	jwt.Claims
	AppID     string `json:"appid"`
	SessionID string `json:"sid"`
}

func parseClaims(payload []byte) (w wireClaims, attrs map[string]string, err error) {
	var all map[string]any
	if err := josejson.Unmarshal(payload, &w); err != nil {
		return w, nil, errMalformed
	}
	if err := josejson.Unmarshal(payload, &all); err != nil {
		return w, nil, errMalformed
	}
	attrs = map[string]string{}
	for name, value := range all {
		if text, ok := value.(string); ok && !slices.Contains(reservedClaims, name) {
			attrs[name] = text
		}
	}
	return w, attrs, nil
}

// checkClaims says whether a token with these claims, and an issuer's signature,
// is for us and for now. Whoever has it can use it until its end, so nothing is
// taken that lives longer than an Issuer lets it.
func (v *Verifier) checkClaims(w *wireClaims) error {
	now := v.cfg.Now()
	switch {
	case w.Issuer != v.cfg.Issuer:
		return invalid("it is of another issuer")
	case !w.Audience.Contains(v.cfg.Audience):
		return invalid("it is for another audience")
	case w.Subject == "":
		return invalid("it names no user")
	case w.Expiry == nil || w.IssuedAt == nil:
		return invalid("it has no exp or no iat")
	case !now.Before(w.Expiry.Time().Add(v.cfg.Leeway)):
		return invalid("it has expired")
	case w.IssuedAt.Time().After(now.Add(v.cfg.Leeway)):
		return invalid("it is from the future")
	case w.NotBefore != nil && w.NotBefore.Time().After(now.Add(v.cfg.Leeway)):
		return invalid("it is not valid yet")
	case *w.Expiry <= *w.IssuedAt || *w.Expiry-*w.IssuedAt > jwt.NumericDate(Lifetime/time.Second):
		return invalid("its times cannot be")
	}
	return nil
}
