package core

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func clearEnv(t *testing.T) []string {
	t.Helper()
	var names []string
	for f := range reflect.TypeFor[Config]().Fields() {
		if name := f.Tag.Get("env"); name != "" {
			names = append(names, name)
			t.Setenv(name, "")
		}
	}
	return names
}

func TestEveryEnvironmentVariableIsRead(t *testing.T) {
	key := bytes.Repeat([]byte{9}, 32)
	values := map[string]string{
		"WX_APPID": "wxa", "WX_SECRET": "s1", "WX_APPS": "wxb:s2, wxc:s3",
		"WX_STORE": "redis://localhost", "WX_KEYS": base64.StdEncoding.EncodeToString(key),
		"WX_IDLE_TIMEOUT": "1h", "WX_LIFETIME": "2h", "WX_ROTATE_GRACE": "3s", "WX_MAX_SESSIONS": "4",
		"WX_API_BASE": "http://localhost:1", "WX_PREFIX": "/login",
		"WX_EXPOSE_OPENID": "true", "WX_PHONE_ROUTE": "1", "WX_WAFER": "true", "WX_ACCEPT_CLEAR": "true",
		"WX_COOKIE": "__Host-wx", "WX_COOKIE_INSECURE": "true", "WX_TRUSTED_ORIGINS": "https://a.example, https://b.example",
		"WX_LIMIT_ADDRESS": "20/s", "WX_LIMIT_USER": "off", "WX_LIMIT_EXCHANGES": "9",
		"WX_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1",
	}
	want := Config{
		AppID: "wxa", Secret: NewSecret("s1"), Apps: []App{{AppID: "wxb", Secret: NewSecret("s2")}, {AppID: "wxc", Secret: NewSecret("s3")}},
		Store: "redis://localhost", Keys: []Secret{NewSecret(values["WX_KEYS"])}, AcceptClear: true,
		IdleTimeout: time.Hour, Lifetime: 2 * time.Hour, RotateGrace: 3 * time.Second, MaxSessions: 4,
		APIBase: "http://localhost:1", Prefix: "/login",
		ExposeOpenID: true, PhoneRoute: true, Wafer: true,
		LimitAddress: Rate{20, time.Second}, LimitUser: Rate{N: -1}, LimitExchanges: 9,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")},
		Cookie:         "__Host-wx", CookieInsecure: true, TrustedOrigins: []string{"https://a.example", "https://b.example"},
	}
	for _, name := range clearEnv(t) {
		value, ok := values[name]
		if !ok {
			t.Errorf("no value for %s: the tag names a variable that this test does not know", name)
		}
		t.Setenv(name, value)
		delete(values, name)
	}
	if len(values) > 0 {
		t.Errorf("no field has a tag for %v", values)
	}
	got, err := ConfigFromEnv()
	if err != nil || !reflect.DeepEqual(secretsOf(&got), secretsOf(&want)) || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// secretsOf takes the secrets out of c, which then can be compared.
func secretsOf(c *Config) []string {
	all := []string{c.Secret.Reveal()}
	c.Secret = Secret{}
	for i := range c.Apps {
		all = append(all, c.Apps[i].Secret.Reveal())
		c.Apps[i].Secret = Secret{}
	}
	for _, k := range c.Keys {
		all = append(all, k.Reveal())
	}
	c.Keys = nil
	return all
}

func TestAnEmptyEnvironmentIsAZeroConfig(t *testing.T) {
	clearEnv(t)
	got, err := ConfigFromEnv()
	if err != nil || !reflect.DeepEqual(got, Config{}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestUnreadableVariablesAreNamedAndNotRepeated(t *testing.T) {
	clearEnv(t)
	bad := []string{"WX_APPS", "WX_KEYS", "WX_IDLE_TIMEOUT", "WX_LIFETIME", "WX_ROTATE_GRACE", "WX_MAX_SESSIONS", "WX_EXPOSE_OPENID", "WX_PHONE_ROUTE", "WX_WAFER", "WX_ACCEPT_CLEAR", "WX_COOKIE_INSECURE", "WX_LIMIT_ADDRESS", "WX_LIMIT_USER", "WX_LIMIT_EXCHANGES", "WX_TRUSTED_PROXIES"}
	for _, name := range bad {
		t.Setenv(name, "marker")
	}
	_, err := ConfigFromEnv()
	for _, name := range bad {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "marker") {
		t.Errorf("the value is repeated: %v", err)
	}
}

// TestARefusalNamesTheWholeRange: else whoever goes beyond one end sets it right by
// going beyond the other.
func TestARefusalNamesTheWholeRange(t *testing.T) {
	for want, settings := range map[string][]Config{
		"1 to 1048576, it is ": {{LimitExchanges: -1}, {LimitExchanges: 1<<20 + 1}},
		"1 to 1000, it is ":    {{MaxSessions: -1}, {MaxSessions: 1001}},
		"at least 1s and at most ten years": {
			{IdleTimeout: time.Millisecond}, {IdleTimeout: 200_000 * time.Hour},
		},
		"raise Lifetime (WX_LIFETIME), which is 1h0m0s, to at least IdleTimeout (WX_IDLE_TIMEOUT), which is 72h0m0s, or lower IdleTimeout": {
			{Lifetime: time.Hour},
		},
		"which is 720h0m0s, to at least IdleTimeout (WX_IDLE_TIMEOUT), which is 1000h0m0s, or lower IdleTimeout": {
			{IdleTimeout: 1000 * time.Hour},
		},
		"at least IdleTimeout (WX_IDLE_TIMEOUT) and at most ten years": {
			{Lifetime: 200_000 * time.Hour},
		},
	} {
		for _, c := range settings {
			c.AppID, c.Secret = "wx1", NewSecret("x")
			if _, err := New(c, noStore{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	}
	clearEnv(t)
	for name, text := range map[string]string{"WX_LIMIT_ADDRESS": "1000001/s", "WX_LIMIT_USER": "0/m"} {
		t.Setenv(name, text)
		if _, err := ConfigFromEnv(); err == nil || !strings.Contains(err.Error(), "from 1 to 1000000") {
			t.Errorf("%s=%s: %v", name, text, err)
		}
		t.Setenv(name, "")
	}
	if err := new(Rate).UnmarshalText([]byte("1000001/s")); err == nil || !strings.Contains(err.Error(), "from 1 to 1000000") {
		t.Errorf("a rate: %v", err)
	}
}

// TestARefusalOfDaysSaysThatTheyAreNoUnit of Go's durations.
func TestARefusalOfDaysSaysThatTheyAreNoUnit(t *testing.T) {
	for _, name := range []string{"WX_IDLE_TIMEOUT", "WX_LIFETIME"} {
		clearEnv(t)
		t.Setenv(name, "3d")
		if _, err := ConfigFromEnv(); err == nil || !strings.Contains(err.Error(), "no unit for days") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"lifetime":"3d"}`), new(Config)); err == nil || !strings.Contains(err.Error(), "no unit for days") {
		t.Errorf("in JSON: %v", err)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	good := Config{AppID: "wx1", Secret: NewSecret("secret-marker"), Logger: slog.New(slog.DiscardHandler)}
	for _, c := range []struct {
		name   string
		change func(*Config)
		say    string
	}{
		{"no app", func(c *Config) { c.AppID, c.Secret = "", Secret{} }, "WX_APPID"},
		{"a secret alone", func(c *Config) { c.AppID = "" }, "AppID is missing: set it (WX_APPID)"},
		{"a secret without an app", func(c *Config) { c.AppID = ""; c.Apps = []App{{AppID: "wx2", Secret: NewSecret("x")}} }, "WX_APPID"},
		{"an appid that is none", func(c *Config) { c.AppID = "wx 1&secret=" }, "WX_APPID"},
		{"a secret in place of the appid", func(c *Config) { c.AppID = "appid marker" }, "WX_APPID"},
		{"an AppSecret in place of the appid", func(c *Config) { c.AppID = "0123456789abcdef0123456789abcdef" }, "WX_APPID"},
		{"no secret", func(c *Config) { c.Secret = Secret{} }, "WX_SECRET"},
		{"no secret of an app that has a name", func(c *Config) { c.AppID, c.Secret = "wx0123456789abcdef", Secret{} }, "app 1 (wx0123456789abcdef) has no secret"},
		{"no secret, and one in place of the appid", func(c *Config) { c.AppID, c.Secret = "wxmarker0marker00", Secret{} }, "app 1 has no secret"},
		{"a secret with white space in it", func(c *Config) { c.Secret = NewSecret("x marker") }, "WX_SECRET"},
		{"a secret that is no ASCII", func(c *Config) { c.Secret = NewSecret("markér") }, "WX_SECRET"},
		{"a secret that is a file", func(c *Config) { c.Secret = NewSecret(strings.Repeat("marker", 43)) }, "WX_SECRET"},
		{"another app's secret with white space in it", func(c *Config) { c.Apps = []App{{AppID: "wx2", Secret: NewSecret("x marker")}} }, "WX_APPS"},
		{"an app twice", func(c *Config) { c.Apps = []App{{AppID: "wx1", Secret: NewSecret("x")}} }, "twice: leave it out of Apps (WX_APPS)"},
		{"an app with a name twice", func(c *Config) {
			c.Apps = slices.Repeat([]App{{AppID: "wx0123456789abcdef", Secret: NewSecret("x")}}, 2)
		}, "app 3 (wx0123456789abcdef) is configured twice"},
		{"lifetime below idle timeout", func(c *Config) { c.IdleTimeout, c.Lifetime = 2*time.Hour, time.Hour }, "WX_LIFETIME"},
		{"lifetime below the default idle timeout", func(c *Config) { c.Lifetime = time.Hour }, "WX_IDLE_TIMEOUT"},
		{"a negative idle timeout", func(c *Config) { c.IdleTimeout = -time.Hour }, "WX_IDLE_TIMEOUT"},
		{"a lifetime of a century", func(c *Config) { c.Lifetime = 100 * 365 * 24 * time.Hour }, "WX_LIFETIME"},
		{"a negative grace", func(c *Config) { c.RotateGrace = -1 }, "WX_ROTATE_GRACE"},
		{"a negative cap", func(c *Config) { c.MaxSessions = -1 }, "WX_MAX_SESSIONS"},
		{"a short key", func(c *Config) { c.Keys = []Secret{NewSecret("key-marker")} }, "WX_KEYS"},
		{"a key twice", func(c *Config) { c.Keys = []Secret{testKey(1), testKey(2), testKey(1)} }, "key 3"},
		{"a prefix with a slash at its end", func(c *Config) { c.Prefix = "/wx/" }, "does not end with one; it is \"/wx/\""},
		{"a prefix with a pattern", func(c *Config) { c.Prefix = "/{wx}" }, "WX_PREFIX"},
		{"an idle timeout of a century", func(c *Config) { c.IdleTimeout = 100 * 365 * 24 * time.Hour }, "WX_IDLE_TIMEOUT"},
		{"a negative limit", func(c *Config) { c.LimitExchanges = -1 }, "WX_LIMIT_EXCHANGES"},
		{"a rate without a period", func(c *Config) { c.LimitAddress = Rate{N: 5} }, "WX_LIMIT_ADDRESS"},
		{"a rate above a nanosecond", func(c *Config) { c.LimitUser = Rate{5, 4} }, "WX_LIMIT_USER"},
		{"a cookie with a space", func(c *Config) { c.Cookie = "wx marker" }, "WX_COOKIE"},
		{"a cookie with a semicolon", func(c *Config) { c.Cookie = "wx;marker" }, "WX_COOKIE"},
		{"a cookie that browsers refuse", func(c *Config) { c.Cookie, c.CookieInsecure = "__Host-wx", true }, "WX_COOKIE_INSECURE"},
		{"another one, in other letters", func(c *Config) { c.Cookie, c.CookieInsecure = "__sEcUrE-wx", true }, "WX_COOKIE_INSECURE"},
		{"an origin with a path", func(c *Config) { c.Cookie, c.TrustedOrigins = "wx", []string{"https://a.example/marker"} }, "WX_TRUSTED_ORIGINS"},
		{"an origin without a scheme", func(c *Config) { c.Cookie, c.TrustedOrigins = "wx", []string{"marker.example"} }, "WX_TRUSTED_ORIGINS"},
		{"a proxy in IPv6 and a mask of IPv4", proxies("::ffff:10.0.0.0/95"), "WX_TRUSTED_PROXIES"},
		{"all of IPv4 for proxies", proxies("10.0.0.0/8", "0.0.0.0/0"), "names everybody"},
		{"all of IPv4, with bits beyond its mask", proxies("10.0.0.0/0"), "names everybody"},
		{"all of IPv4, written as IPv6", proxies("::ffff:0.0.0.0/96"), "WX_TRUSTED_PROXIES"},
		{"all of IPv6 for proxies", proxies("::/0"), "names everybody"},
		{"an invalid proxy", func(c *Config) { c.TrustedProxies = make([]netip.Prefix, 1) }, "WX_TRUSTED_PROXIES"},
		{"origins without a cookie", func(c *Config) { c.TrustedOrigins = []string{"https://a.example"} }, "WX_COOKIE"},
		{"an insecure cookie without a name", func(c *Config) { c.CookieInsecure = true }, "WX_COOKIE"},
		{"a base that is no URL", func(c *Config) { c.APIBase = "api.weixin.qq.com" }, "WX_API_BASE"},
		{"a base with credentials", func(c *Config) { c.APIBase = "https://u:base-marker@host" }, "WX_API_BASE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := good
			c.change(&cfg)
			_, err := New(cfg, noStore{})
			if err == nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("got %v, want something about %s", err, c.say)
			}
			if err != nil && strings.Contains(err.Error(), "marker") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
	if _, err := New(good, nil); err == nil || !strings.Contains(err.Error(), "stores.Open") {
		t.Errorf("without a store: %v", err)
	}
	if _, err := New(good, noStore{}); err != nil {
		t.Errorf("the good configuration: %v", err)
	}
}

// TestNewWarnsOfAnAcceptClearThatDoesNothing: whoever set it thinks that there are keys.
func TestNewWarnsOfAnAcceptClearThatDoesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		accept bool
		keys   []Secret
		want   int
	}{
		{"no keys", true, nil, 1},
		{"keys", true, []Secret{testKey(1)}, 0},
		{"neither", false, nil, 0},
	} {
		var log bytes.Buffer
		cfg := Config{AppID: "wx1", Secret: NewSecret("s"), Keys: c.keys, AcceptClear: c.accept, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		if _, err := New(cfg, inMemory{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(log.String(), "level=WARN msg=\"AcceptClear (WX_ACCEPT_CLEAR) does nothing without keys"); got != c.want {
			t.Errorf("%s: %d warnings, want %d: %s", c.name, got, c.want, &log)
		}
	}
}

func TestNewWarnsOfClearTextOnlyWhereItLeavesTheProcess(t *testing.T) {
	for _, c := range []struct {
		name  string
		store Store
		keys  []Secret
		want  int
	}{
		{"no keys", noStore{}, nil, 1},
		{"keys", noStore{}, []Secret{testKey(1)}, 0},
		{"no keys, in memory", inMemory{}, nil, 0},
		{"no keys, in memory behind a wrapper", WrappedStore{inMemory{}}, nil, 0},
	} {
		var log bytes.Buffer
		cfg := Config{AppID: "wx1", Secret: NewSecret("x"), Keys: c.keys, Logger: slog.New(slog.NewTextHandler(&log, nil))}
		if _, err := New(cfg, c.store); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(log.String(), "WX_KEYS"); got != c.want {
			t.Errorf("%s: warned %d times: %s", c.name, got, &log)
		}
	}
}

// testKey is one of the Keys that a configuration may hold.
// proxies changes a configuration so that it trusts networks.
func proxies(networks ...string) func(*Config) {
	return func(c *Config) {
		for _, network := range networks {
			c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(network))
		}
	}
}

func testKey(n byte) Secret { return NewSecret(string(bytes.Repeat([]byte{n}, 32))) }

type noStore struct{ Store }

type inMemory struct{ Store }

func (inMemory) InProcess() bool { return true }

func TestConfigIsReadFromJSONAndShownWithoutSecrets(t *testing.T) {
	var c Config
	err := json.Unmarshal([]byte(`{"appid":"wx1","secret":"marker-1","apps":[{"appid":"wx2","secret":"marker-2"}],
		"store":"redis://:marker-3@host","keys":["`+base64.StdEncoding.EncodeToString([]byte("marker-4 marker-4 marker-4 marke"))+`"],
		"idle_timeout":"72h","max_sessions":3,"prefix":"/p","trusted_proxies":["10.0.0.0/8"]}`), &c)
	if err != nil || c.Secret.Reveal() != "marker-1" || c.Apps[0].Secret.Reveal() != "marker-2" || c.IdleTimeout != 72*time.Hour || len(c.Keys) != 1 || c.MaxSessions != 3 || len(c.TrustedProxies) != 1 {
		t.Fatalf("got %+v, %v", c, err)
	}
	js, err := json.Marshal(c)
	if err != nil || !strings.Contains(string(js), `"idle_timeout":"72h0m0s"`) {
		t.Errorf("marshals to %s, %v", js, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", c, "app", c.Apps[0], "pointer", &c)
	for _, text := range []string{string(js), log.String(), fmt.Sprintf("%v %+v %#v %s %d %v", c, c, c, c, c, &c), fmt.Sprintf("%+v %#v", c.Apps, c.Apps[0])} {
		if i := strings.Index(text, "marker"); i >= 0 || !strings.Contains(text, "wx2") {
			t.Errorf("shows a secret, or nothing: %s", text)
		}
		if strings.Contains(text, "109 97 114 107") || strings.Contains(text, "bWFya2Vy") {
			t.Errorf("shows a key: %s", text)
		}
	}
	if err := json.Unmarshal([]byte(`{"lifetime":"a month"}`), &c); err == nil || !strings.Contains(err.Error(), "72h") {
		t.Errorf("a bad duration: %v", err)
	}
}

func TestConfigTagsAgree(t *testing.T) {
	for f := range reflect.TypeFor[Config]().Fields() {
		js, yaml := f.Tag.Get("json"), f.Tag.Get("yaml")
		if js == "" || strings.ReplaceAll(js, "omitzero", "omitempty") != yaml {
			t.Errorf("%s: json tag %q, yaml tag %q", f.Name, js, yaml)
		}
		if name, _, _ := strings.Cut(js, ","); name != "-" && f.Tag.Get("env") != "WX_"+strings.ToUpper(name) {
			t.Errorf("%s: env tag %q does not go with %q", f.Name, f.Tag.Get("env"), name)
		}
	}
}

func TestAppsKeepTheirOrder(t *testing.T) {
	c := Config{AppID: "wx1", Secret: NewSecret("a"), Apps: []App{{AppID: "wx2", Secret: NewSecret("b")}}}
	ids := []string{}
	for _, a := range c.apps() {
		ids = append(ids, a.AppID)
	}
	if !slices.Equal(ids, []string{"wx1", "wx2"}) {
		t.Errorf("got %v", ids)
	}
}
