package wxtoken_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/nethttpwx"
	"github.com/wxsession/wxsession/stores/memory"
)

// exampleKey is what `openssl genpkey -algorithm ed25519 -outform DER | base64
// -w0` prints.
func exampleKey() string {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		log.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		log.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// newManager is what a program does at its start, with a simulated WeChat. alice
// has logged in and got the session's token.
func newManager() (wx *core.Manager, session string, stop func()) {
	sim := wxtest.NewServer()
	store, err := memory.New(memory.Options{})
	if err != nil {
		log.Fatal(err)
	}
	wx, err = core.New(core.Config{AppID: sim.AppID, Secret: core.NewSecret(sim.Secret), APIBase: sim.URL}, store)
	if err != nil {
		log.Fatal(err)
	}
	session, _, err = wx.Login(context.Background(), core.LoginRequest{Code: sim.Code("o-alice")})
	if err != nil {
		log.Fatal(err)
	}
	return wx, session, func() { sim.Close(); _ = store.Close() }
}

// startBackend is a backend that signs tokens for its users.
func startBackend(cfg wxtoken.Config) (url, session string, stop func()) {
	wx, session, closeManager := newManager()
	issuer, err := wxtoken.New(wx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	nethttpwx.Mount(mux, wx)
	nethttpwx.MountRoutes(mux, issuer.Routes()...)
	server := httptest.NewServer(mux)
	return server.URL, session, func() { server.Close(); closeManager() }
}

// askForToken is what the mini program does.
func askForToken(url, session, audience string) (token string) {
	r, err := http.NewRequest("POST", url+"/wx/token", strings.NewReader(`{"audience":"`+audience+`"}`))
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+session)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.StatusCode, body.ExpiresIn)
	return body.AccessToken
}

// A backend signs, a service elsewhere verifies.
func Example() {
	url, session, stop := startBackend(wxtoken.Config{
		SigningKeys: []core.Secret{core.NewSecret(exampleKey())},
		Issuer:      "https://login.example.com",
		Audiences:   []string{"orders", "billing"},
	})
	defer stop()

	verifier, err := wxtoken.NewVerifier(wxtoken.VerifierConfig{
		Issuer:   "https://login.example.com",
		Audience: "orders",
		JWKSURL:  url + "/wx/jwks",
	})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := verifier.Verify(context.Background(), askForToken(url, session, "orders"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Subject)

	_, err = verifier.Verify(context.Background(), askForToken(url, session, "billing"))
	fmt.Println(err)
	// Output:
	// 200 300
	// o-alice
	// 200 300
	// wxtoken: invalid token: it is for another audience
}

func ExampleConfigFromEnv() {
	for name, value := range map[string]string{
		"WX_SIGNING_KEYS": exampleKey(), "WX_ISSUER": "https://login.example.com", "WX_AUDIENCES": "orders,billing",
	} {
		os.Setenv(name, value)
		defer os.Unsetenv(name)
	}

	cfg, err := wxtoken.ConfigFromEnv()
	fmt.Println(cfg.SigningKeys, cfg.Issuer, cfg.Audiences, err)
	// Output: [[redacted]] https://login.example.com [orders billing] <nil>
}

func ExampleNew() {
	wx, _, stop := newManager()
	defer stop()

	issuer, err := wxtoken.New(wx, wxtoken.Config{SigningKeys: []core.Secret{core.NewSecret(exampleKey())}})
	fmt.Println(issuer, err)
	// Output:
	// <nil> cannot sign tokens with this configuration: set Issuer (WX_ISSUER) to an https URL that names this backend: SigningKeys (WX_SIGNING_KEYS) need it
	// set Audiences (WX_AUDIENCES) to the services that take the tokens: SigningKeys (WX_SIGNING_KEYS) need at least one
}

// A handler needs a token for a call of its own.
func ExampleIssuer_Token() {
	wx, session, stop := newManager()
	defer stop()
	issuer, err := wxtoken.New(wx, wxtoken.Config{
		SigningKeys: []core.Secret{core.NewSecret(exampleKey())}, Issuer: "https://login.example.com", Audiences: []string{"orders"},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	auth := nethttpwx.Mount(mux, wx)
	mux.Handle("GET /api/orders", auth(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, expiresIn, err := issuer.Token(r.Context(), nethttpwx.Session(r), "orders")
		if err != nil {
			nethttpwx.Refuse(w, r, wx, err)
			return
		}
		fmt.Fprintln(w, strings.Count(token, "."), expiresIn) // send it to the orders service
	})))

	r := httptest.NewRequest("GET", "/api/orders", nil)
	r.Header.Set("Authorization", "Bearer "+session)
	res := httptest.NewRecorder()
	mux.ServeHTTP(res, r)
	fmt.Print(res.Body)
	// Output: 2 5m0s
}

func ExampleVerifier_Verify() {
	verifier, err := wxtoken.NewVerifier(wxtoken.VerifierConfig{
		Issuer: "https://login.example.com", Audience: "orders", JWKSURL: "https://login.example.com/wx/jwks",
		HTTPClient: &http.Client{Timeout: time.Second},
	})
	if err != nil {
		log.Fatal(err)
	}

	_, err = verifier.Verify(context.Background(), "eyJhbGciOiJub25lIn0.e30.")
	switch {
	case errors.Is(err, wxtoken.ErrInvalid):
		fmt.Println(401)
	case errors.Is(err, wxtoken.ErrUnavailable):
		fmt.Println(503)
	}
	// Output: 401
}

func ExampleVerifier_Require() {
	url, session, stop := startBackend(wxtoken.Config{
		SigningKeys: []core.Secret{core.NewSecret(exampleKey())}, Issuer: "https://login.example.com", Audiences: []string{"orders"},
	})
	defer stop()
	verifier, err := wxtoken.NewVerifier(wxtoken.VerifierConfig{
		Issuer: "https://login.example.com", Audience: "orders", JWKSURL: url + "/wx/jwks",
	})
	if err != nil {
		log.Fatal(err)
	}

	orders := verifier.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "orders of", wxtoken.FromContext(r.Context()).Subject)
	}))

	for _, header := range []string{"Bearer " + askForToken(url, session, "orders"), ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		res := httptest.NewRecorder()
		orders.ServeHTTP(res, r)
		fmt.Println(res.Code, strings.TrimSpace(res.Body.String()))
	}
	// Output:
	// 200 300
	// 200 orders of o-alice
	// 401 {"error":"invalid_token","message":"send a signed token as \"Authorization: Bearer <token>\""}
}
