package wxtoken_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

func TestATokenSaysWhoForWhomAndUntilWhen(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.Claims = []string{"plan", "level", "note"} })
	token, s := w.login(t, "o-alice", "plan", "gold", "level", "7", "note", "", "cart", "attr-marker")
	signed, expiresIn, err := w.issuer.Token(t.Context(), s, "billing")
	if err != nil || expiresIn != 5*time.Minute {
		t.Fatalf("expires in %v, %v", expiresIn, err)
	}
	header, claims := members(t, signed, 0), members(t, signed, 1)
	wantHeader := map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": header["kid"]}
	if kid, _ := header["kid"].(string); !reflect.DeepEqual(header, wantHeader) || len(kid) != 43 {
		t.Errorf("the header is %v", header)
	}
	jti, _ := claims["jti"].(string)
	now := float64(w.clock.Now().Unix())
	want := map[string]any{
		"iss": issuerURL, "sub": "o-alice", "aud": "billing", "iat": now, "exp": now + 300, "jti": jti,
		"appid": s.AppID, "sid": s.ID, "plan": "gold", "level": "7", "note": "",
	}
	if !reflect.DeepEqual(claims, want) || len(jti) < 22 {
		t.Errorf("the claims are %v", claims)
	}
	for name, secret := range map[string]string{"session_key": sessionKey, "token": token, "attribute": "attr-marker"} {
		if text := fmt.Sprint(claims, header); strings.Contains(text, secret) {
			t.Errorf("the %s stands in it: %s", name, text)
		}
	}
	again, _, err := w.issuer.Token(t.Context(), s, "")
	if c := members(t, again, 1); err != nil || c["jti"] == jti || c["aud"] != "orders" {
		t.Errorf("another token, for the default: %v, %v", c, err)
	}
}

// TestKeyIDIsTheThumbprint: the key and its thumbprint are those of RFC 8037,
// appendix A.
func TestKeyIDIsTheThumbprint(t *testing.T) {
	const rfc = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.SigningKeys = []core.Secret{core.NewSecret(rfc)} })
	_, body := w.send(t, "GET", "/wx/jwks", "")
	want := map[string]any{"keys": []any{map[string]any{
		"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
		"kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "use": "sig", "alg": "EdDSA",
	}}}
	if !reflect.DeepEqual(body, want) {
		t.Errorf("got %v", body)
	}
}

func TestTheFirstKeySignsAndAllArePublished(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) {
		c.SigningKeys = []core.Secret{ecKey(2), edKey(1), ecKey(3)}
	})
	_, s := w.login(t, "o-alice")
	signed, _, err := w.issuer.Token(t.Context(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	_, body := w.send(t, "GET", "/wx/jwks", "")
	keys, _ := body["keys"].([]any)
	if len(keys) != 3 {
		t.Fatalf("published: %v", body)
	}
	for i, want := range []struct {
		alg  string
		have []string
	}{
		{"ES256", []string{"alg", "crv", "kid", "kty", "use", "x", "y"}},
		{"EdDSA", []string{"alg", "crv", "kid", "kty", "use", "x"}},
		{"ES256", []string{"alg", "crv", "kid", "kty", "use", "x", "y"}},
	} {
		key, _ := keys[i].(map[string]any)
		if have := slices.Sorted(maps.Keys(key)); !slices.Equal(have, want.have) || key["alg"] != want.alg || key["use"] != "sig" {
			t.Errorf("key %d is %v", i+1, key)
		}
	}
	if h := members(t, signed, 0); h["alg"] != "ES256" || h["kid"] != keys[0].(map[string]any)["kid"] {
		t.Errorf("signed by %v", h)
	}
}

func TestATokenNeverOutlivesItsSession(t *testing.T) {
	for _, c := range []struct {
		name           string
		idle, lifetime time.Duration
		wait           time.Duration // from login to the token
		want           time.Duration // 0: none
	}{
		{"a long session", time.Hour, 2 * time.Hour, 0, 5 * time.Minute},
		{"a short idle timeout", 2 * time.Minute, time.Hour, 0, 2 * time.Minute},
		{"a lifetime that ends", time.Hour, time.Hour, 58 * time.Minute, 2 * time.Minute},
		{"five minutes, to the second", time.Hour, time.Hour, 55 * time.Minute, 5 * time.Minute},
		{"a fraction of a second", time.Hour, time.Hour, time.Hour - 2500*time.Millisecond, 2 * time.Second},
		{"one second", time.Hour, time.Hour, time.Hour - time.Second, time.Second},
		{"under a second", time.Hour, time.Hour, time.Hour - 999*time.Millisecond, 0},
		{"over", time.Hour, time.Hour, time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(cfg *core.Config, _ *wxtoken.Config) { cfg.IdleTimeout, cfg.Lifetime = c.idle, c.lifetime })
			_, s := w.login(t, "o-alice")
			w.clock.Advance(c.wait)
			signed, expiresIn, err := w.issuer.Token(t.Context(), s, "")
			if c.want == 0 {
				wantCode(t, err, core.CodeInvalidSession)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			claims := members(t, signed, 1)
			iat, exp := int64(claims["iat"].(float64)), int64(claims["exp"].(float64))
			if time.Duration(exp-iat)*time.Second != expiresIn || !near(expiresIn, c.want) || iat > w.clock.Now().Unix() {
				t.Errorf("valid for %v, expires in %ds", expiresIn, exp-iat)
			}
			if end := s.ExpiresAt(); time.Unix(exp, 0).After(end) || !time.Unix(exp, 0).After(w.clock.Now()) {
				t.Errorf("it is %v, the token ends at %v, the session at %v", w.clock.Now(), time.Unix(exp, 0), end)
			}
		})
	}
}

// near allows for the second that whole seconds may gain or lose.
func near(a, b time.Duration) bool { return a-b <= time.Second && b-a <= time.Second }

func TestOfWhatNoTokenIsMade(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.Subject, c.Claims = "uid", []string{"note"} })
	_, named := w.login(t, "o-alice", "uid", "42")
	_, nameless := w.login(t, "o-bob", "note", "x")
	_, empty := w.login(t, "o-carol", "uid", "")
	_, binary := w.login(t, "o-dave", "uid", "\xff")
	_, big := w.login(t, "o-eve", "uid", strings.Repeat("\x01", 1800), "note", strings.Repeat("\x01", 1800))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name     string
		ctx      context.Context
		s        *core.Session
		audience string
		want     core.Code
	}{
		{"the subject's attribute is missing", t.Context(), nameless, "", core.CodeLoginDenied},
		{"it is empty", t.Context(), empty, "", core.CodeLoginDenied},
		{"it is no text", t.Context(), binary, "", core.CodeLoginDenied},
		{"the audience is another", t.Context(), named, "Orders", core.CodeBadRequest},
		{"the attributes are too much", t.Context(), big, "", core.CodeBadRequest},
		{"there is no session", t.Context(), nil, "", core.CodeNoSession},
		{"somebody made it up", t.Context(), &core.Session{AppID: named.AppID, OpenID: "o-alice", ID: named.ID}, "", core.CodeNoSession},
	} {
		token, expiresIn, err := w.issuer.Token(c.ctx, c.s, c.audience)
		if core.CodeOf(err) != c.want || token != "" || expiresIn != 0 {
			t.Errorf("%s: %q, %v, %v", c.name, token, expiresIn, err)
		}
	}
	if _, _, err := w.issuer.Token(cancelled, named, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("the request has gone: %v", err)
	}
	signed, _, err := w.issuer.Token(t.Context(), named, "orders")
	if err != nil || members(t, signed, 1)["sub"] != "42" {
		t.Errorf("the subject is not the attribute: %v", err)
	}
}

func TestWithoutKeysNothingIsSigned(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { *c = wxtoken.Config{} })
	token, s := w.login(t, "o-alice")
	if routes := w.issuer.Routes(); len(routes) != 0 {
		t.Errorf("there are routes: %v", routes)
	}
	for _, c := range [][2]string{{"POST", "/wx/token"}, {"GET", "/wx/jwks"}} {
		if res, _ := w.send(t, c[0], c[1], "", "Authorization", "Bearer "+token); res.Code != 404 {
			t.Errorf("%s %s: %d", c[0], c[1], res.Code)
		}
	}
	_, _, err := w.issuer.Token(t.Context(), s, "")
	wantCode(t, err, core.CodeMisconfigured)
	if !strings.Contains(err.Error(), "WX_SIGNING_KEYS") {
		t.Errorf("it does not say what to set: %v", err)
	}
}

// TestTheConfigurationIsNotReadAgain: what New was given may be changed, or
// forgotten.
func TestTheConfigurationIsNotReadAgain(t *testing.T) {
	var given *wxtoken.Config
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.Claims = []string{"plan"}; given = c })
	given.Audiences[0], given.Claims[0], given.SigningKeys[0] = "evil", "cart", edKey(9)
	_, s := w.login(t, "o-alice", "cart", "x")
	if _, _, err := w.issuer.Token(t.Context(), s, "evil"); core.CodeOf(err) != core.CodeBadRequest {
		t.Errorf("the audience was added afterwards: %v", err)
	}
	signed, _, err := w.issuer.Token(t.Context(), s, "")
	if err != nil || members(t, signed, 1)["cart"] != nil {
		t.Errorf("the claim was added afterwards: %v", err)
	}
}

func TestManySignAtOnce(t *testing.T) {
	for name, key := range map[string]core.Secret{"EdDSA": edKey(1), "ES256": ecKey(1)} {
		w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.SigningKeys = []core.Secret{key} })
		_, s := w.login(t, "o-alice")
		v := w.verifier(t, nil)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				signed, _, err := w.issuer.Token(context.Background(), s, "")
				if err == nil {
					_, err = v.Verify(context.Background(), signed)
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		group.Wait()
	}
}

func TestAnIssuerShowsNoKey(t *testing.T) {
	for _, key := range []core.Secret{edKey(1), ecKey(1)} {
		w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.SigningKeys = []core.Secret{key} })
		var out bytes.Buffer
		for _, v := range []any{w.issuer, *w.issuer, struct{ i *wxtoken.Issuer }{w.issuer}, struct{ i wxtoken.Issuer }{*w.issuer}, w.issuer.Routes()} {
			fmt.Fprintf(&out, "%v %+v %#v %s %x\n", v, v, v, v, v)
		}
		showsNoKey(t, out.String(), key)
		if out.Len() < 1000 {
			t.Errorf("only %d bytes came out: nothing was looked at", out.Len())
		}
	}
}
