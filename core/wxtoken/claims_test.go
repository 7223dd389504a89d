package wxtoken_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/goccy/go-yaml"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

// TestSignedIsNotEnough: tokens with the issuer's signature that are not for
// here or not for now.
func TestSignedIsNotEnough(t *testing.T) {
	w := newWorld(t, nil)
	v := w.verifier(t, nil)
	now := w.clock.Now()
	at := func(seconds int64) int64 { return now.Unix() + seconds }
	header := map[string]any{"kid": kidOf(t, edPrivate(1).Public()), "typ": "jwt"}
	raw := func(text string) string { return forge(t, jose.EdDSA, edPrivate(1), header, text) }
	for _, c := range []struct {
		name   string
		change map[string]any
		takes  bool
	}{
		{"as it should be", nil, true},
		{"no exp", map[string]any{"exp": nil}, false},
		{"an exp that is text", map[string]any{"exp": fmt.Sprint(at(300))}, false},
		{"an exp that is text and a date", map[string]any{"exp": now.Add(time.Minute).Format(time.RFC3339)}, false},
		{"an exp that is a list", map[string]any{"exp": []int64{at(300)}}, false},
		{"an exp that is true", map[string]any{"exp": true}, false},
		{"an exp with a fraction", map[string]any{"exp": float64(at(300)) - 0.5}, true},
		{"an exp beyond all dates", map[string]any{"exp": 1e300}, false},
		{"an exp at the end of int64", map[string]any{"exp": int64(1)<<62 - 1<<20}, false},
		{"an exp of 0", map[string]any{"exp": 0}, false},
		{"an exp below 0", map[string]any{"exp": -1}, false},
		{"expired within the leeway", map[string]any{"iat": at(-300), "exp": at(-9)}, true},
		{"expired by the leeway", map[string]any{"iat": at(-300), "exp": at(-10)}, false},
		{"valid for five minutes and a second", map[string]any{"exp": at(301)}, false},
		{"an end before its beginning", map[string]any{"iat": at(5), "exp": at(4)}, false},
		{"no iat", map[string]any{"iat": nil}, false},
		{"an iat that is text", map[string]any{"iat": fmt.Sprint(at(0))}, false},
		{"from the future within the leeway", map[string]any{"iat": at(10)}, true},
		{"from the future", map[string]any{"iat": at(11)}, false},
		{"not valid yet", map[string]any{"nbf": at(11)}, false},
		{"valid since now", map[string]any{"nbf": at(0)}, true},
		{"another issuer", map[string]any{"iss": "https://evil.example"}, false},
		{"an issuer with a slash more", map[string]any{"iss": issuerURL + "/"}, false},
		{"an issuer in other letters", map[string]any{"iss": strings.ToUpper(issuerURL)}, false},
		{"no issuer", map[string]any{"iss": nil}, false},
		{"issuers", map[string]any{"iss": []string{issuerURL}}, false},
		{"another audience", map[string]any{"aud": "billing"}, false},
		{"an audience in other letters", map[string]any{"aud": "Orders"}, false},
		{"no audience", map[string]any{"aud": nil}, false},
		{"an empty list of audiences", map[string]any{"aud": []string{}}, false},
		{"other audiences", map[string]any{"aud": []string{"billing", "orders2"}}, false},
		{"several audiences, ours too", map[string]any{"aud": []string{"billing", "orders"}}, true},
		{"a number among the audiences", map[string]any{"aud": []any{1, "orders"}}, false},
		{"an audience in an object", map[string]any{"aud": map[string]string{"orders": "orders"}}, false},
		{"no subject", map[string]any{"sub": nil}, false},
		{"an empty subject", map[string]any{"sub": ""}, false},
		{"a subject that is a number", map[string]any{"sub": 42}, false},
		{"a session id that is a number", map[string]any{"sid": 42}, false},
		{"Exp for exp", map[string]any{"exp": nil, "Exp": at(300)}, false},
		{"another Sub", map[string]any{"Sub": "o-bob", "AUD": "billing"}, true},
	} {
		claims, err := v.Verify(t.Context(), raw(payload(t, now, c.change)))
		if c.takes && (err != nil || claims.Subject != "o-alice") || !c.takes && !errors.Is(err, wxtoken.ErrInvalid) {
			t.Errorf("%s: %v, %v", c.name, claims, err)
		}
	}
	good := payload(t, now, nil)
	for name, text := range map[string]string{
		"null": "null", "a list": "[" + good + "]", "a text": `"` + "x" + `"`, "nothing": "", "half": good[:len(good)-1],
		"something after it": good + "{}", "an exp twice": strings.TrimSuffix(good, "}") + fmt.Sprintf(`,"exp":%d}`, at(300)),
		"a subject twice": strings.TrimSuffix(good, "}") + `,"sub":"o-bob"}`,
	} {
		if claims, err := v.Verify(t.Context(), raw(text)); !errors.Is(err, wxtoken.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, claims, err)
		}
	}
}

func TestLeeway(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	signed := w.ask(t, token, "")
	for _, c := range []struct{ leeway, tolerated time.Duration }{
		{0, 10 * time.Second}, {-1, 0}, {time.Minute, time.Minute}, {3 * time.Second, 3 * time.Second},
	} {
		now := w.clock.Now()
		v := w.verifier(t, func(cfg *wxtoken.VerifierConfig) { cfg.Leeway, cfg.Now = c.leeway, func() time.Time { return now } })
		now = w.clock.Now().Add(5*time.Minute + c.tolerated - time.Millisecond)
		if _, err := v.Verify(t.Context(), signed); err != nil {
			t.Errorf("leeway %v, a millisecond before the end: %v", c.leeway, err)
		}
		now = now.Add(time.Millisecond)
		if _, err := v.Verify(t.Context(), signed); !errors.Is(err, wxtoken.ErrInvalid) {
			t.Errorf("leeway %v, at the end: %v", c.leeway, err)
		}
	}
}

func TestClaimsShowNoUser(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.Claims = []string{"plan"} })
	token, s := w.login(t, "o-alice", "plan", "plan-marker")
	c, err := w.verifier(t, nil).Verify(t.Context(), w.ask(t, token, ""))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(map[string]any{"pointer": c, "value": *c})
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(map[string]any{"pointer": c, "value": *c})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "claims", c, "value", *c)
	out := format(c) + format(*c) + string(asJSON) + string(asYAML) + log.String()
	if strings.Contains(out, "o-alice") || strings.Contains(out, "plan-marker") || strings.Count(out, s.ID) != 16 || !strings.Contains(log.String(), "claims.sid="+s.ID) {
		t.Errorf("got %s", out)
	}
}
