package core

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestASecretShowsNothing(t *testing.T) {
	type inner struct {
		secret Secret
		keys   []Secret
		cfg    Config
	}
	s := NewSecret("marker-secret")
	cfg := Config{AppID: "wx1", Secret: s, Apps: []App{{AppID: "wx2", Secret: s}}, Keys: []Secret{s}, Store: "redis://:marker-password@host"}
	hidden := inner{s, []Secret{s}, cfg}
	var out bytes.Buffer
	for _, v := range []any{s, &s, []Secret{s}, map[string]Secret{"a": s}, hidden, &hidden, []inner{hidden}, cfg, &cfg, cfg.Apps} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %d %x\n", v, v, v, v, v, v, v)
		if js, err := json.Marshal(v); err == nil {
			out.Write(js)
		}
		if y, err := yaml.Marshal(v); err == nil {
			out.Write(y)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	// A DSN in an unexported field of somebody else is out of reach.
	text := out.String()
	for _, form := range []string{"marker-secret", fmt.Sprintf("%x", "marker-secret"), strings.Trim(fmt.Sprint([]byte("marker-secret")), "[]")} {
		if i := strings.Index(text, form); i >= 0 {
			t.Errorf("the secret shows: …%s…", text[max(0, i-100):i+40])
		}
	}
	if s.Reveal() != "marker-secret" || s.IsZero() || !NewSecret("").IsZero() || (Secret{}).Reveal() != "" {
		t.Error("the secret is lost")
	}
}

func TestADSNShowsItsSchemeOnly(t *testing.T) {
	for dsn, want := range map[string]string{
		"": "", "memory://": "memory://", "redis://:marker@host": "redis://[redacted]", "marker": "[redacted]",
		"marker-of-a-long-scheme-that-is-none://x": "[redacted]", "user:marker@host:6379": "[redacted]", "MARKER://": "[redacted]",
	} {
		cfg := Config{AppID: "wx1", Store: dsn}
		y, err := yaml.Marshal(cfg)
		js, err2 := json.Marshal(cfg)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		for _, text := range []string{string(y), string(js), fmt.Sprint(cfg), fmt.Sprintf("%#v", cfg)} {
			if strings.Contains(strings.ToLower(text), "marker") || !strings.Contains(text, want) {
				t.Errorf("%q shows as %s", dsn, text)
			}
		}
	}
}

func TestAConfigIsReadFromYAML(t *testing.T) {
	var cfg Config
	err := yaml.Unmarshal([]byte("appid: wx1\nsecret: s1\napps:\n- appid: wx2\n  secret: s2\nidle_timeout: 1h\nkeys:\n- "+strings.Repeat("k", 32)+"\n"), &cfg)
	if err != nil || cfg.Secret.Reveal() != "s1" || cfg.Apps[0].Secret.Reveal() != "s2" || len(cfg.Keys) != 1 || cfg.IdleTimeout.Hours() != 1 {
		t.Errorf("got %+v, %v", cfg, err)
	}
}

func TestASessionShowsNoOpenID(t *testing.T) {
	s := &Session{AppID: "wx1", OpenID: "o-marker", UnionID: "u-marker", ID: "public-id"}
	ctx := &sessionContext{Context: context.Background(), session: s}
	var out bytes.Buffer
	for _, v := range []any{s, *s, []*Session{s}, struct{ S *Session }{s}, &Draft{Session: *s}, ctx, struct{ C context.Context }{ctx}} {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
		if js, err := json.Marshal(v); err == nil {
			out.Write(js)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	if text := out.String(); strings.Contains(text, "marker") || !strings.Contains(text, "public-id") {
		t.Errorf("got %s", text)
	}
	var none *Session
	if text := fmt.Sprintf("%v %+v", none, none); text != "<nil> <nil>" {
		t.Errorf("a nil session prints as %s", text)
	}
	if js, err := json.Marshal(none); err != nil || string(js) != "null" {
		t.Errorf("a nil session marshals to %s, %v", js, err)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", none)
}
