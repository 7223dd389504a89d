package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/core/wxtest"
)

// secretPassword stands in the DSNs of the tests. No check may show it.
const secretPassword = "Hunter2-marker"

// environment is all that a visit goes by.
type environment map[string]string

// healthy is the environment of a service with a WeChat that works, and whatever
// is added.
func healthy(t *testing.T, more environment) environment {
	t.Helper()
	wx := wxtest.NewServer(wxtest.Options{Errorf: t.Errorf})
	t.Cleanup(wx.Close)
	return with(environment{
		"WX_APPID": wx.AppID, "WX_SECRET": wx.Secret, "WX_API_BASE": wx.URL,
		"WX_KEYS": storeKey('k'),
	}, more)
}

func with(env, more environment) environment {
	all := environment{}
	for _, e := range []environment{env, more} {
		for name, value := range e {
			all[name] = value
		}
	}
	return all
}

// storeKey is a key of 32 bytes that base64 writes with one letter.
func storeKey(letter byte) string { return strings.Repeat(string(letter), 42) + "E=" }

// set makes env the environment, and nothing else of ours.
func (env environment) set(t *testing.T) {
	t.Helper()
	for _, item := range os.Environ() {
		name, _, _ := strings.Cut(item, "=")
		if upper := strings.ToUpper(name); strings.HasPrefix(upper, "WX_") || strings.HasSuffix(upper, "_PROXY") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
}

// found is what a visit has found.
type found []doctor.Check

// visit runs the doctor in env. It also checks what must hold of every visit: no
// secret shows, names are known, texts stand on one line, and what has failed or
// warns says what to do.
func visit(t *testing.T, env environment, extensions ...doctor.Extension) found {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return visitWithin(ctx, t, env, extensions...)
}

func visitWithin(ctx context.Context, t *testing.T, env environment, extensions ...doctor.Extension) found {
	t.Helper()
	env.set(t)
	var all found
	doctor.Run(ctx, os.Getenv, extensions, func(c doctor.Check) { all = append(all, c) })
	for _, c := range all {
		checkForm(t, env, c)
	}
	return all
}

func checkForm(t *testing.T, env environment, c doctor.Check) {
	t.Helper()
	text := fmt.Sprintf("%+v", c)
	for _, secret := range env.secrets() {
		if strings.Contains(text, secret) {
			t.Errorf("a secret shows: %s", text)
		}
	}
	if !slices.ContainsFunc(doctor.Topics(), func(x doctor.Topic) bool { return x.Name == c.Name }) {
		t.Errorf("%s is not among the topics", c.Name)
	}
	if c.Message == "" || strings.ContainsAny(text, "\n\r\t\x1b") {
		t.Errorf("not one line of text: %q", text)
	}
	// What core and the stores say of a setting tells in one sentence what to do.
	whole := c.Name == "environment" || c.Name == "configuration" || c.Name == "scan-login" || c.Name == "signed-tokens"
	if (c.Status == doctor.Fail || c.Status == doctor.Warn) && c.Advice == "" && !whole {
		t.Errorf("it does not say what to do: %s", text)
	}
	if c.Status == doctor.OK && c.Advice != "" {
		t.Errorf("all is well, and there is advice: %s", text)
	}
}

// secrets are the parts of env that must not show.
func (env environment) secrets() []string {
	all := []string{secretPassword}
	for _, name := range []string{"WX_SECRET", "WX_KEYS", "WX_APPS", "WX_SIGNING_KEYS"} {
		for item := range strings.SplitSeq(env[name], ",") {
			if _, secret, found := strings.Cut(item, ":"); found {
				item = secret
			}
			if len(item) > 8 {
				all = append(all, item)
			}
		}
	}
	return all
}

// want checks that there is a check of that name and status whose message and
// advice hold all the texts.
func (all found) want(t *testing.T, name string, s doctor.Status, texts ...string) {
	t.Helper()
	for _, c := range all {
		if c.Name == name && c.Status == s && containsAll(c.Message+" — "+c.Advice, texts) {
			return
		}
	}
	t.Errorf("want %s %s with %q; there is:\n%s", s, name, texts, all)
}

// none checks that no check is of that status, but for those named.
func (all found) none(t *testing.T, s doctor.Status, but ...string) {
	t.Helper()
	for _, c := range all {
		if c.Status == s && !slices.Contains(but, c.Name) {
			t.Errorf("want no %s here: %s — %s (%s)", s, c.Message, c.Advice, c.Name)
		}
	}
}

func (all found) lacks(t *testing.T, name string) {
	t.Helper()
	if slices.ContainsFunc(all, func(c doctor.Check) bool { return c.Name == name }) {
		t.Errorf("want no %s; there is:\n%s", name, all)
	}
}

func (all found) String() string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "  %-4s %-18s %s — %s\n", c.Status, c.Name, c.Message, c.Advice)
	}
	return b.String()
}

func containsAll(text string, all []string) bool {
	for _, part := range all {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// certificate makes one that signs itself, for 127.0.0.1, after change.
func certificate(t *testing.T, change func(*x509.Certificate)) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Corporate Proxy"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, "CERTIFICATE", der), writePEM(t, "PRIVATE KEY", keyDER)
}

func writePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
