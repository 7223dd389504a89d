package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/cmd/wxsession/internal/doctor"
	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/weblogin"
	"github.com/wxsession/wxsession/core/wxtoken"
	"github.com/wxsession/wxsession/stores"
)

// startService starts what a service with all packages starts, as the examples
// do, and returns why it does not.
func startService(t *testing.T) error {
	cfg, envErr := core.ConfigFromEnv()
	cfg.Logger = slog.New(slog.DiscardHandler)
	store, storeErr := stores.Open(t.Context(), cfg.Store)
	if err := errors.Join(envErr, storeErr); err != nil {
		return err
	}
	defer store.Close()
	wx, err := core.New(cfg, store)
	if err != nil {
		return err
	}
	web, webErr := weblogin.ConfigFromEnv()
	login, err := weblogin.New(wx, web)
	if err := errors.Join(webErr, err); err != nil {
		return err
	}
	login.Close()
	tokens, tokenErr := wxtoken.ConfigFromEnv()
	_, err = wxtoken.New(wx, tokens)
	return errors.Join(tokenErr, err)
}

// failedSettings are the checks that say that a service does not start, and how.
func failedSettings(t *testing.T) map[string][]string {
	t.Helper()
	var report doctorReport
	if err := json.Unmarshal([]byte(run(t, "doctor", "--json").out), &report); err != nil {
		t.Fatal(err)
	}
	said := map[string][]string{}
	for _, c := range report.Checks {
		if c.Status == doctor.Fail && slices.Contains([]string{"environment", "configuration", "scan-login", "signed-tokens", "store.dsn"}, c.Name) {
			said[c.Name] = append(said[c.Name], c.Message)
		}
	}
	return said
}

// startCase is an environment, and the check that says why no service starts in
// it.
type startCase struct {
	env   map[string]string
	check string // "": it starts
}

// TestTheDoctorFailsWhereAServiceDoesNotStart, and nowhere else, by the check that
// the variable belongs to.
func TestTheDoctorFailsWhereAServiceDoesNotStart(t *testing.T) {
	for name, tt := range startCases(t) {
		t.Run(name, func(t *testing.T) {
			service(t, tt.env)
			err, said := startService(t), failedSettings(t)
			if (err != nil) != (tt.check != "") {
				t.Fatalf("the service starts with %v, want %q", err, tt.check)
			}
			if (tt.check == "") != (len(said) == 0) || tt.check != "" && said[tt.check] == nil {
				t.Errorf("the service starts with %v; the doctor says %q", err, said)
			}
			for check, texts := range said {
				for _, text := range texts {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("%s: %q is not what the service says: %v", check, text, err)
					}
				}
			}
		})
	}
}

func startCases(t *testing.T) map[string]startCase {
	t.Helper()
	signing := strings.TrimSpace(run(t, "keygen", "--signing", "ed25519", "--quiet").out)
	signed := func(more map[string]string) map[string]string {
		env := map[string]string{"WX_SIGNING_KEYS": signing, "WX_ISSUER": "https://login.example.com", "WX_AUDIENCES": "orders"}
		maps.Copy(env, more)
		return env
	}
	twice := strings.Repeat("a", 42) + "E=," + strings.Repeat("a", 42) + "E="
	return map[string]startCase{
		"nothing special":                       {nil, ""},
		"a misspelt name":                       {map[string]string{"WX_SCANLOGIN": "true"}, "environment"},
		"a limit that is none":                  {map[string]string{"WX_LIMIT_USER": "many"}, "environment"},
		"a proxy's network that is none":        {map[string]string{"WX_TRUSTED_PROXIES": "10/8"}, "environment"},
		"proxies that are everybody":            {map[string]string{"WX_TRUSTED_PROXIES": "0.0.0.0/0"}, "configuration"},
		"one proxy, in a name of one":           {map[string]string{"WX_TRUSTED_PROXY": "10.0.0.1"}, "environment"},
		"a lifetime under the idle timeout":     {map[string]string{"WX_LIFETIME": "1h", "WX_IDLE_TIMEOUT": "2h"}, "configuration"},
		"an origin that is none":                {map[string]string{"WX_COOKIE": "__Host-wx", "WX_TRUSTED_ORIGINS": "example"}, "configuration"},
		"an address of WeChat's that is none":   {map[string]string{"WX_API_BASE": "wechat"}, "configuration"},
		"an app that is configured twice":       {map[string]string{"WX_APPS": "wx0123456789abcdef:x"}, "configuration"},
		"one key twice":                         {map[string]string{"WX_KEYS": twice, "WX_STORE": "redis://127.0.0.1:1"}, "configuration"},
		"one key twice, which nobody uses":      {map[string]string{"WX_KEYS": twice}, ""},
		"a scheme that there is not":            {map[string]string{"WX_STORE": "postgres://h"}, "store.dsn"},
		"an option that there is not":           {map[string]string{"WX_STORE": "memcached://h?tls=1"}, "store.dsn"},
		"a server that is down":                 {map[string]string{"WX_STORE": "redis://127.0.0.1:1"}, ""},
		"a website login":                       {map[string]string{"WX_SCAN_LOGIN": "true", "WX_COOKIE": "__Host-wx"}, ""},
		"a website login without cookie":        {map[string]string{"WX_SCAN_LOGIN": "true"}, "scan-login"},
		"a website login that may be":           {map[string]string{"WX_SCAN_LOGIN": "perhaps", "WX_COOKIE": "__Host-wx"}, "scan-login"},
		"a page with a slash":                   {map[string]string{"WX_SCAN_PAGE": "/pages/scan"}, "scan-login"},
		"signed tokens":                         {signed(nil), ""},
		"signed tokens for nobody":              {signed(map[string]string{"WX_AUDIENCES": ""}), "signed-tokens"},
		"signed tokens of nobody":               {signed(map[string]string{"WX_ISSUER": ""}), "signed-tokens"},
		"signed tokens, in clear":               {signed(map[string]string{"WX_ISSUER": "http://login.example.com"}), "signed-tokens"},
		"a claim that is reserved":              {signed(map[string]string{"WX_CLAIMS": "sub"}), "signed-tokens"},
		"a signing key that is none":            {signed(map[string]string{"WX_SIGNING_KEYS": "Hunter2-marker"}), "signed-tokens"},
		"one signing key twice":                 {signed(map[string]string{"WX_SIGNING_KEYS": signing + "," + signing}), "signed-tokens"},
		"an issuer that is none, and no key":    {map[string]string{"WX_ISSUER": "login"}, "signed-tokens"},
		"a variable of the application's own":   {map[string]string{"WX_STORE_URL": "x"}, ""},
		"a subject, and nothing that is signed": {map[string]string{"WX_SUBJECT": "account"}, ""},
	}
}

// TestExtensionsKnowTheirVariables: those in the env tags of their packages.
func TestExtensionsKnowTheirVariables(t *testing.T) {
	for name, config := range map[string]any{"scan-login": weblogin.Config{}, "signed-tokens": wxtoken.Config{}} {
		var tags []string
		for field := range reflect.TypeOf(config).Fields() {
			if tag := field.Tag.Get("env"); tag != "" {
				tags = append(tags, tag)
			}
		}
		i := slices.IndexFunc(extensions(), func(x doctor.Extension) bool { return x.Name == name })
		if i < 0 || !slices.Equal(slices.Sorted(slices.Values(extensions()[i].Vars)), slices.Sorted(slices.Values(tags))) {
			t.Errorf("%s: the package has %q", name, tags)
		}
		if x := extensions()[max(i, 0)]; !slices.Contains(tags, x.Switch) || x.Off == "" {
			t.Errorf("%s is switched on by %q, without which %q", name, x.Switch, x.Off)
		}
		if !slices.ContainsFunc(doctor.Topics(), func(topic doctor.Topic) bool { return topic.Name == name }) {
			t.Errorf("%s has no topic", name)
		}
	}
}
