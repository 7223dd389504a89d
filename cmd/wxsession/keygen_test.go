package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

func cancelled(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// shell runs a script, and returns what it prints.
func shell(t *testing.T, script string) string {
	t.Helper()
	out, err := exec.Command("sh", "-euc", script).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, script)
	}
	return string(out)
}

func TestKeygen(t *testing.T) {
	setEnv(t, nil)
	seen := map[string]bool{}
	for range 3 {
		line := run(t, "keygen").want(t, exitOK).out
		value := shell(t, line+`printf %s "$WX_KEYS"`)
		key, err := base64.StdEncoding.DecodeString(value)
		if err != nil || len(key) != 32 || line != "WX_KEYS="+value+"\n" || seen[value] {
			t.Errorf("%q: %v", line, err)
		}
		seen[value] = true
	}
	if value := run(t, "keygen", "--quiet").out; strings.Contains(value, "WX_") || len(value) != 45 {
		t.Errorf("--quiet: %q", value)
	}
}

// steps are the three values that a rotation prints.
func steps(t *testing.T, variable, out string) []string {
	t.Helper()
	var values []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		values = append(values, shell(t, line+`printf %s "$`+variable+`"`))
	}
	if len(values) != 3 || strings.Count(out, "\n#")+1 != 3 {
		t.Fatalf("want three steps, each with a comment:\n%s", out)
	}
	return values
}

// TestNoInstanceMissesAKey: of two instances that stand at neighbouring steps,
// each opens what the other seals.
func TestNoInstanceMissesAKey(t *testing.T) {
	const old = "a key's text of 32 bytes: $HOME!"
	for _, present := range []string{strings.Repeat("a", 42) + "E=", strings.Repeat("a", 42) + "E=, " + strings.Repeat("b", 42) + "E=", old} {
		setEnv(t, map[string]string{"WX_KEYS": present, "WX_IDLE_TIMEOUT": "5h"})
		out := run(t, "keygen", "--rotate").want(t, exitOK, "one idle timeout (5h0m0s)").out
		values := steps(t, "WX_KEYS", out)
		roll := append([]string{present}, values[:2]...)
		for i := 1; i < len(roll); i++ {
			for _, pair := range [][2]string{{roll[i-1], roll[i]}, {roll[i], roll[i-1]}} {
				seals, opens := keyList(pair[0])[0], keyList(pair[1])
				if !contains(opens, seals) {
					t.Errorf("step %d: %q does not open what %q seals", i, pair[1], pair[0])
				}
			}
		}
		fresh := values[2]
		if contains(keyList(present), fresh) || keyList(values[1])[0] != fresh || keyList(values[0])[0] != keyList(present)[0] || keyList(values[0])[len(keyList(present))] != fresh {
			t.Errorf("the new key stands in the wrong places:\n%s", out)
		}
		for _, value := range values {
			var cfg core.Config
			for _, key := range keyList(value) {
				cfg.Keys = append(cfg.Keys, core.NewSecret(key))
			}
			if _, err := core.NewInspector(cfg, "wx:"); err != nil {
				t.Errorf("%q: %v", value, err)
			}
		}
		if quiet := run(t, "keygen", "--rotate", "--quiet").want(t, exitOK).out; !strings.HasPrefix(strings.ReplaceAll(quiet, " ", ""), strings.ReplaceAll(present, " ", "")+",") || strings.Count(quiet, "\n") != 1 {
			t.Errorf("--quiet: %q", quiet)
		}
	}
}

func keyList(value string) (keys []string) {
	for key := range strings.SplitSeq(value, ",") {
		keys = append(keys, strings.TrimSpace(key))
	}
	return keys
}

func contains(all []string, one string) bool {
	for _, x := range all {
		if x == one {
			return true
		}
	}
	return false
}

func TestRotationsThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		args string
		env  map[string]string
		want []string
	}{
		{"keygen --rotate", nil, []string{"WX_KEYS is not set", "`wxsession keygen`"}},
		{"keygen --rotate", map[string]string{"WX_KEYS": password}, []string{"WX_KEYS", "32 bytes"}},
		{"keygen --signing ed25519 --rotate", nil, []string{"WX_SIGNING_KEYS is not set", "--signing ed25519"}},
		{"keygen --signing p256 --rotate", map[string]string{"WX_SIGNING_KEYS": password}, []string{"key 1 of SigningKeys (WX_SIGNING_KEYS)", "not base64"}},
		{"keygen --signing p256 --rotate", map[string]string{"WX_SIGNING_KEYS": base64.StdEncoding.EncodeToString([]byte(password))}, []string{"key 1", "PKCS#8"}},
	} {
		setEnv(t, tt.env)
		if r := run(t, strings.Fields(tt.args)...).want(t, exitFailed, tt.want...); r.out != "" {
			t.Errorf("%s: on the standard output: %s", tt.args, r.out)
		}
	}
}

func TestSigningKeys(t *testing.T) {
	for _, algorithm := range []string{"ed25519", "p256"} {
		setEnv(t, nil)
		line := run(t, "keygen", "--signing", algorithm).want(t, exitOK).out
		first := shell(t, line+`printf %s "$WX_SIGNING_KEYS"`)
		if got := algorithmOf(t, first); got != algorithm {
			t.Errorf("--signing %s makes %s", algorithm, got)
		}
		setEnv(t, map[string]string{"WX_SIGNING_KEYS": first})
		values := steps(t, "WX_SIGNING_KEYS", run(t, "keygen", "--signing", "ed25519", "--rotate").want(t, exitOK, "Ten minutes").out)
		fresh := values[2]
		if values[0] != first+","+fresh || values[1] != fresh+","+first || algorithmOf(t, fresh) != "ed25519" {
			t.Errorf("the steps are %q", values)
		}
	}
}

// TestTheStepsOfASigningKeyAreLongEnough: whoever tells how long to wait tells the
// same, and it covers what the issuer and its verifiers do.
func TestTheStepsOfASigningKeyAreLongEnough(t *testing.T) {
	const told = 10 * time.Minute
	setEnv(t, nil)
	key := run(t, "keygen", "--signing", "ed25519", "--quiet").want(t, exitOK).out
	issuer, err := wxtoken.New(new(core.Manager), wxtoken.Config{
		Issuer: "https://localhost", Audiences: []string{"any"}, SigningKeys: []core.Secret{core.NewSecret(strings.TrimSpace(key))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if cached := 2 * maxAge(t, issuer); cached > told {
		t.Errorf("a cache and a verifier behind it keep the keys for %v", cached)
	}
	cfg := wxtoken.VerifierConfig{Issuer: "https://localhost", Audience: "any", JWKSURL: "https://localhost/wx/jwks", Leeway: told - wxtoken.Lifetime}
	if _, err := wxtoken.NewVerifier(cfg); err == nil {
		t.Errorf("a verifier takes a token for longer than %v", told)
	}
	setEnv(t, map[string]string{"WX_SIGNING_KEYS": strings.TrimSpace(key)})
	texts := map[string]string{
		"keygen --rotate": run(t, "keygen", "--signing", "ed25519", "--rotate").want(t, exitOK).out,
		"keygen --help":   run(t, "keygen", "--help").want(t, exitOK).out,
	}
	for _, file := range []string{"docs/OPERATIONS.md", "core/wxtoken/doc.go"} {
		b, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(b), map[bool]string{true: "# Changing keys", false: "**Signing keys**"}[strings.HasSuffix(file, ".go")])
		texts[file], _, _ = strings.Cut(text, "After a theft")
	}
	for name, text := range texts {
		text = strings.ToLower(text)
		if !strings.Contains(text, "ten minutes") || regexp.MustCompile(`\b(hour|six minutes)`).MatchString(text) {
			t.Errorf("%s tells another time than ten minutes:\n%s", name, text)
		}
	}
}

// maxAge is for how long the issuer lets its keys be kept.
func maxAge(t *testing.T, issuer *wxtoken.Issuer) time.Duration {
	t.Helper()
	for _, route := range issuer.Routes() {
		if !strings.HasSuffix(route.Path, "/jwks") {
			continue
		}
		for _, h := range route.Serve(t.Context(), core.Request{Method: "GET", Path: route.Path}).Header {
			if m := regexp.MustCompile(`max-age=(\d+)`).FindStringSubmatch(h.Value); m != nil {
				age, err := time.ParseDuration(m[1] + "s")
				if err != nil {
					t.Fatal(err)
				}
				return age
			}
		}
	}
	t.Fatal("the keys have no max-age")
	return 0
}

func algorithmOf(t *testing.T, text string) string {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return "ed25519"
	case *ecdsa.PrivateKey:
		return strings.ToLower(strings.ReplaceAll(key.Params().Name, "-", ""))
	}
	return "something else"
}
