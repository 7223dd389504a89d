package wxtoken_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

func TestTheTokenRoute(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.Subject = "uid" })
	token, _ := w.login(t, "o-alice", "uid", "42")
	nameless, _ := w.login(t, "o-bob")
	ended, s := w.login(t, "o-carol")
	if err := w.LogoutUser(t.Context(), s.AppID, s.OpenID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, token, body string
		status            int
		want              string // the audience, or the error
	}{
		{"no body", token, "", 200, "orders"},
		{"white space", token, " \n", 200, "orders"},
		{"an empty object", token, "{}", 200, "orders"},
		{"null", token, `{"audience":null}`, 200, "orders"},
		{"the default by name", token, `{"audience":"orders"}`, 200, "orders"},
		{"another one", token, `{"audience":"billing"}`, 200, "billing"},
		{"members that nobody knows", token, `{"audience":"billing","scope":"all","exp":9999999999,"sub":"o-bob"}`, 200, "billing"},
		{"one that is not listed", token, `{"audience":"evil"}`, 400, "bad_request"},
		{"one that begins alike", token, `{"audience":"orders "}`, 400, "bad_request"},
		{"an empty one", token, `{"audience":""}`, 400, "bad_request"},
		{"several", token, `{"audience":["orders"]}`, 400, "bad_request"},
		{"a number", token, `{"audience":1}`, 400, "bad_request"},
		{"an array", token, `["orders"]`, 400, "bad_request"},
		{"a text", token, `"orders"`, 400, "bad_request"},
		{"half an object", token, `{"audience":"orders"`, 400, "bad_request"},
		{"a form", token, `audience=orders`, 400, "bad_request"},
		{"too much", token, `{"audience":"orders","x":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "request_too_large"},
		{"no subject", nameless, "", 403, "login_denied"},
		{"no session", "", "", 401, "no_session"},
		{"no token's shape", "x", "", 401, "no_session"},
		{"an unknown session", strings.Repeat("A", 43), "", 401, "invalid_session"},
		{"an ended session", ended, "", 401, "session_revoked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body := w.send(t, "POST", "/wx/token", c.body, "Authorization", "Bearer "+c.token)
			if res.Code != c.status || res.Header().Get("Cache-Control") != "no-store" || res.Header().Get("Content-Type") != "application/json; charset=utf-8" {
				t.Fatalf("got %d %v %s", res.Code, res.Header(), res.Body)
			}
			if c.status != 200 {
				if body["error"] != c.want || body["access_token"] != nil {
					t.Errorf("got %v, want %s", body, c.want)
				}
				return
			}
			signed, _ := body["access_token"].(string)
			if len(body) != 3 || body["token_type"] != "Bearer" || body["expires_in"] != 300.0 {
				t.Errorf("got %v", body)
			}
			if claims := members(t, signed, 1); claims["aud"] != c.want || claims["sub"] != "42" {
				t.Errorf("the claims are %v", claims)
			}
		})
	}
}

func TestTheTokenRouteTakesTheCookieOfItsOwnSite(t *testing.T) {
	w := newWorld(t, func(c *core.Config, _ *wxtoken.Config) {
		c.Cookie, c.TrustedOrigins = "__Host-wx", []string{"https://h5.example.com"}
	})
	token, _ := w.login(t, "o-alice")
	for _, c := range []struct {
		name   string
		header []string
		status int
	}{
		{"same origin", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"a trusted origin", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://h5.example.com"}, 200},
		{"another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"another origin, an old browser", []string{"Origin", "https://evil.example"}, 403},
	} {
		res, body := w.send(t, "POST", "/wx/token", "", append(c.header, "Cookie", "__Host-wx="+token)...)
		if res.Code != c.status || c.status == 403 && body["error"] != "cross_origin" {
			t.Errorf("%s: %d %s", c.name, res.Code, res.Body)
		}
		if c.status == 200 && body["access_token"] == nil || res.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %v %s", c.name, res.Header(), res.Body)
		}
	}
}

func TestTheTokenRouteIsLimitedPerUser(t *testing.T) {
	w := newWorld(t, func(c *core.Config, _ *wxtoken.Config) { c.LimitUser = core.Rate{N: 3, Per: time.Minute} })
	token, s := w.login(t, "o-alice")
	second, _ := w.login(t, "o-alice")
	other, _ := w.login(t, "o-bob")
	for i := range 6 {
		w.ask(t, []string{token, second}[i%2], "")
	}
	res, body := w.send(t, "POST", "/wx/token", "", "Authorization", "Bearer "+token)
	if res.Code != 429 || body["error"] != "rate_limited" || res.Header().Get("Retry-After") == "" {
		t.Errorf("the seventh: %d %v %s", res.Code, res.Header(), res.Body)
	}
	w.ask(t, other, "")
	if _, _, err := w.issuer.Token(t.Context(), s, ""); err != nil {
		t.Errorf("the application's own calls are limited: %v", err)
	}
}

func TestAStoreThatIsDownIsNoRefusal(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	w.store.down = errors.New("no connection")
	res, body := w.send(t, "POST", "/wx/token", "", "Authorization", "Bearer "+token)
	if res.Code != 503 || body["error"] != "store_unavailable" {
		t.Errorf("got %d %s", res.Code, res.Body)
	}
	if res, _ := w.send(t, "GET", "/wx/jwks", ""); res.Code != 200 {
		t.Errorf("the keys need the store: %d", res.Code)
	}
}

func TestTheKeysAreForEverybodyAndForCaches(t *testing.T) {
	w := newWorld(t, func(c *core.Config, _ *wxtoken.Config) {
		c.Prefix = "/login"
		c.Reply = func(_ context.Context, _ core.Request, r core.Reply) core.Reply {
			r.Body = []byte(`{"code":0,"data":` + string(r.Body) + `}`)
			return r
		}
	})
	res, body := w.send(t, "GET", "/login/jwks", "", "Authorization", "Bearer x")
	h := res.Header()
	if res.Code != 200 || h.Get("Cache-Control") != "public, max-age=300" || h.Get("Content-Type") != "application/json" || h.Get("Set-Cookie") != "" {
		t.Errorf("got %d %v", res.Code, h)
	}
	if keys, _ := body["keys"].([]any); len(body) != 1 || len(keys) != 1 {
		t.Errorf("Config.Reply reshaped it: %s", res.Body)
	}
	if strings.Contains(res.Body.String(), `"d"`) {
		t.Errorf("a private key is published: %s", res.Body)
	}
	token, _ := w.login(t, "o-alice")
	if res, body := w.send(t, "POST", "/login/token", "", "Authorization", "Bearer "+token); res.Code != 200 || body["data"] == nil {
		t.Errorf("the token's reply goes through Config.Reply: %d %s", res.Code, res.Body)
	}
}

// TestNothingSecretIsLoggedOrReplied sends requests that succeed and fail, and
// looks for secrets in all that comes out.
func TestNothingSecretIsLoggedOrReplied(t *testing.T) {
	w := newWorld(t, func(_ *core.Config, c *wxtoken.Config) { c.Claims = []string{"plan"} })
	token, s := w.login(t, "o-alice", "plan", "gold")
	signed := w.ask(t, token, "")
	v := w.verifier(t, nil)
	var out strings.Builder
	show := func(values ...any) {
		for _, value := range values {
			text, _ := json.Marshal(value)
			out.WriteString(strings.Join([]string{format(value), string(text), "\n"}, " "))
		}
	}
	for _, body := range []string{"", `{"audience":"` + signed + `"}`, `{"audience":"` + sessionKey + `"}`, `{"audience":1}`, "{"} {
		res, members := w.send(t, "POST", "/wx/token", body, "Authorization", "Bearer "+token)
		delete(members, "access_token") // where it belongs
		show(res.Header(), members)
	}
	claims, err := v.Verify(t.Context(), signed)
	show(w.issuer, v, claims, *claims, err, s)
	for i := 1; i < len(signed); i += 7 {
		for _, bad := range []string{signed[:i], signed[i:], signed[:i] + "." + signed[i:], signed[:i] + "A" + signed[i+1:]} {
			_, err := v.Verify(t.Context(), bad)
			show(err)
		}
	}
	w.clock.Advance(time.Hour)
	_, err = v.Verify(t.Context(), signed)
	show(err)
	_, _, err = w.issuer.Token(t.Context(), s, signed)
	show(err)
	w.store.down = errors.New("no connection")
	w.send(t, "POST", "/wx/token", "", "Authorization", "Bearer "+token)
	out.WriteString(w.log.String())

	parts := strings.Split(signed, ".")
	for name, secret := range map[string]string{
		"session_key": sessionKey, "3rd_session": token, "claims of the token": parts[1][:40], "signature": parts[2][:40],
		"header of the token": parts[0][:40], "openid": "o-alice", "AppSecret": "app-secret-marker",
	} {
		if i := strings.Index(out.String(), secret); i >= 0 {
			t.Errorf("the %s comes out: …%s…", name, out.String()[max(0, i-200):min(out.Len(), i+80)])
		}
	}
	showsNoKey(t, out.String(), edKey(1))
	if out.Len() < 10_000 {
		t.Errorf("only %d bytes came out: nothing was looked at", out.Len())
	}
}
