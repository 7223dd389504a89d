package wxtoken_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtoken"
)

func clearEnv(t *testing.T) (names []string) {
	t.Helper()
	for f := range reflect.TypeFor[wxtoken.Config]().Fields() {
		if name := f.Tag.Get("env"); name != "" {
			names = append(names, name)
			t.Setenv(name, "")
		}
	}
	return names
}

func TestEveryEnvironmentVariableIsRead(t *testing.T) {
	names := clearEnv(t)
	values := map[string]string{
		"WX_SIGNING_KEYS": edKey(1).Reveal() + ", " + ecKey(2).Reveal(), "WX_ISSUER": issuerURL,
		"WX_AUDIENCES": "orders, billing", "WX_CLAIMS": "plan,role", "WX_SUBJECT": "uid",
	}
	for _, name := range names {
		if values[name] == "" {
			t.Errorf("no value for %s: the tag names a variable that this test does not know", name)
		}
	}
	for name, value := range values {
		if !slices.Contains(names, name) {
			t.Errorf("no field has a tag for %s", name)
		}
		t.Setenv(name, value)
	}
	got, err := wxtoken.ConfigFromEnv()
	if err != nil || len(got.SigningKeys) != 2 || got.SigningKeys[0].Reveal() != edKey(1).Reveal() || got.SigningKeys[1].Reveal() != ecKey(2).Reveal() {
		t.Errorf("the keys are %d, %v", len(got.SigningKeys), err)
	}
	got.SigningKeys = nil
	want := wxtoken.Config{Issuer: issuerURL, Audiences: []string{"orders", "billing"}, Claims: []string{"plan", "role"}, Subject: "uid"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestAnEmptyEnvironmentIsAZeroConfig(t *testing.T) {
	clearEnv(t)
	if got, err := wxtoken.ConfigFromEnv(); err != nil || !reflect.DeepEqual(got, wxtoken.Config{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestASlipInANameStopsTheServer: core.ConfigFromEnv looks after the names of
// this package too.
func TestASlipInANameStopsTheServer(t *testing.T) {
	for _, name := range clearEnv(t) {
		slip := name + "X"
		t.Setenv(slip, "1")
		if _, err := core.ConfigFromEnv(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", slip, err)
		}
		os.Unsetenv(slip)
	}
}

func TestKeysInTheEnvironmentAreCheckedAndNotRepeated(t *testing.T) {
	clearEnv(t)
	t.Setenv("WX_SIGNING_KEYS", edKey(1).Reveal()+",key-marker,")
	_, err := wxtoken.ConfigFromEnv()
	for _, want := range []string{"WX_SIGNING_KEYS", "key 2", "key 3", "wxsession keygen"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "marker") {
		t.Errorf("the key is repeated: %v", err)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*wxtoken.Config)
		say    string
	}{
		{"no issuer", func(c *wxtoken.Config) { c.Issuer = "" }, "WX_ISSUER"},
		{"an issuer over http", func(c *wxtoken.Config) { c.Issuer = "http://marker.example" }, "WX_ISSUER"},
		{"an issuer on localhost", func(c *wxtoken.Config) { c.Issuer = "http://localhost" }, "WX_ISSUER"},
		{"an issuer without a scheme", func(c *wxtoken.Config) { c.Issuer = "marker.example" }, "WX_ISSUER"},
		{"an issuer without a host", func(c *wxtoken.Config) { c.Issuer = "https:///marker" }, "WX_ISSUER"},
		{"an issuer with a port alone", func(c *wxtoken.Config) { c.Issuer = "https://:443" }, "WX_ISSUER"},
		{"an issuer with a query", func(c *wxtoken.Config) { c.Issuer = "https://a.example/?marker" }, "WX_ISSUER"},
		{"an issuer with an empty fragment", func(c *wxtoken.Config) { c.Issuer = "https://a.example/#" }, "WX_ISSUER"},
		{"an issuer with a password", func(c *wxtoken.Config) { c.Issuer = "https://u:marker@a.example" }, "WX_ISSUER"},
		{"an issuer with a space", func(c *wxtoken.Config) { c.Issuer = "https://a.example/marker " }, "WX_ISSUER"},
		{"a bad issuer without keys", func(c *wxtoken.Config) { c.SigningKeys, c.Issuer = nil, "marker" }, "WX_ISSUER"},
		{"no audiences", func(c *wxtoken.Config) { c.Audiences = nil }, "WX_AUDIENCES"},
		{"an empty audience", func(c *wxtoken.Config) { c.Audiences = []string{"marker", ""} }, "audience 2"},
		{"an audience twice", func(c *wxtoken.Config) { c.Audiences = []string{"marker", "b", "marker"} }, "audience 3"},
		{"an audience that is no text", func(c *wxtoken.Config) { c.Audiences = []string{"marker\xff"} }, "WX_AUDIENCES"},
		{"an empty claim", func(c *wxtoken.Config) { c.Claims = []string{"marker", ""} }, "name 2"},
		{"a claim twice", func(c *wxtoken.Config) { c.Claims = []string{"marker", "Marker"} }, "WX_CLAIMS"},
		{"a claim that is no text", func(c *wxtoken.Config) { c.Claims = []string{"marker\xff"} }, "WX_CLAIMS"},
		{"a reserved claim without keys", func(c *wxtoken.Config) { c.SigningKeys, c.Claims = nil, []string{"sub"} }, "WX_CLAIMS"},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, c.change, c.say) })
	}
	for _, name := range []string{"iss", "sub", "aud", "iat", "exp", "nbf", "jti", "appid", "sid", "session_key", "3rd_session", "act", "Sub", "\u017fub"} {
		t.Run("the claim "+name, func(t *testing.T) {
			refused(t, func(c *wxtoken.Config) { c.Claims = []string{"plan", name} }, "name 2 of Claims (WX_CLAIMS) is reserved")
		})
	}
	w := newWorld(t, nil)
	if _, err := wxtoken.New(nil, wxtoken.Config{}); err == nil || !strings.Contains(err.Error(), "core.New") {
		t.Errorf("without a manager: %v", err)
	}
	if _, err := wxtoken.New(w.Manager, goodConfig()); err != nil {
		t.Errorf("the good configuration: %v", err)
	}
}

func goodConfig() wxtoken.Config {
	return wxtoken.Config{SigningKeys: []core.Secret{edKey(1)}, Issuer: issuerURL, Audiences: []string{"orders"}, Claims: []string{"plan"}}
}

func refused(t *testing.T, change func(*wxtoken.Config), say string) {
	t.Helper()
	cfg := goodConfig()
	change(&cfg)
	_, err := wxtoken.New(newWorld(t, nil).Manager, cfg)
	if err == nil || !strings.Contains(err.Error(), say) {
		t.Fatalf("got %v, want something about %s", err, say)
	}
	if strings.Contains(strings.ToLower(err.Error()), "marker") {
		t.Errorf("the error repeats a value: %v", err)
	}
}

func TestConfigIsShownWithoutItsKeys(t *testing.T) {
	cfg := goodConfig()
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "cfg", cfg)
	type holder struct{ cfg wxtoken.Config }
	out := fmt.Sprintf("%v %+v %#v %v %+v %s %s %s", cfg, cfg, cfg, holder{cfg}, &holder{cfg}, asJSON, asYAML, &log)
	showsNoKey(t, out, edKey(1))
	for _, want := range []string{issuerURL, `"audiences":["orders"]`, "claims:"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not shown in %s", want, out)
		}
	}
	var read wxtoken.Config
	if err := json.Unmarshal([]byte(`{"signing_keys":["`+edKey(1).Reveal()+`"],"issuer":"https://a.example","audiences":["x"],"subject":"uid"}`), &read); err != nil ||
		read.SigningKeys[0].Reveal() != edKey(1).Reveal() || read.Subject != "uid" {
		t.Errorf("read %+v, %v", read, err)
	}
}
