package wxapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core/wxapi"
)

// Planted values, with characters that a query escapes.
const (
	plantedSecret = "appsecret+/=planted"
	plantedCode   = "code-planted"
	plantedToken  = "token+/=planted"
	plantedKey    = vectorKey
)

func toBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

type fixed wxapi.Secret

func (f fixed) Token(context.Context, wxapi.Secret) (wxapi.Secret, error) {
	return wxapi.Secret(f), nil
}

// endpoints calls everything that a Client can call, with planted values.
var endpoints = map[string]func(context.Context, *wxapi.Client) (any, error){
	"code2Session": func(ctx context.Context, c *wxapi.Client) (any, error) { return c.Code2Session(ctx, plantedCode) },
	"getAccessToken": func(ctx context.Context, c *wxapi.Client) (any, error) {
		s, _, err := c.FetchToken(ctx, wxapi.NormalToken, false)
		return s, err
	},
	"getStableAccessToken": func(ctx context.Context, c *wxapi.Client) (any, error) {
		s, _, err := c.FetchToken(ctx, wxapi.StableToken, true)
		return s, err
	},
	"getPhoneNumber": func(ctx context.Context, c *wxapi.Client) (any, error) {
		return c.PhoneNumber(ctx, plantedCode, "o&1")
	},
	"checkSessionKey": func(ctx context.Context, c *wxapi.Client) (any, error) {
		return nil, c.CheckSessionKey(ctx, "o&1", plantedKey)
	},
	"ResetUserSessionKey": func(ctx context.Context, c *wxapi.Client) (any, error) {
		return c.ResetSessionKey(ctx, "o&1", plantedKey)
	},
	"getUserEncryptKey": func(ctx context.Context, c *wxapi.Client) (any, error) {
		return c.UserEncryptKeys(ctx, "o&1", plantedKey)
	},
	"checkEncryptedMsg": func(ctx context.Context, c *wxapi.Client) (any, error) {
		ok, _, err := c.CheckEncryptedMsg(ctx, phoneData)
		return ok, err
	},
	"getPaidUnionId": func(ctx context.Context, c *wxapi.Client) (any, error) {
		return c.PaidUnionID(ctx, "o&1", wxapi.Trade{TransactionID: "42"})
	},
	"getUnlimitedQRCode": func(ctx context.Context, c *wxapi.Client) (any, error) {
		return c.UnlimitedQRCode(ctx, wxapi.QRCode{Scene: "s"})
	},
	"getPluginOpenPId": func(ctx context.Context, c *wxapi.Client) (any, error) { return c.PluginOpenPID(ctx, plantedCode) },
}

// wantNoSecret fails if a planted value shows in text, as it is or escaped.
func wantNoSecret(t *testing.T, what, text string) {
	t.Helper()
	for _, s := range []string{
		plantedSecret, plantedCode, plantedToken, plantedKey, wxapi.SessionSignature(plantedKey, nil),
	} {
		if strings.Contains(text, s) || strings.Contains(text, url.QueryEscape(s)) {
			t.Errorf("%s shows a planted value: %s", what, text)
		}
	}
}

func wantNothingShown(t *testing.T, what string, v any) {
	t.Helper()
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text := fmt.Sprintf(format, v)
		wantNoSecret(t, what+" with "+format, text)
		wantNoSecret(t, what+" with "+format+" as hexadecimal", unhex(text))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
	wantNoSecret(t, what+" in a log", log.String())
	for _, indent := range []string{"", " "} {
		b, err := json.MarshalIndent(v, "", indent)
		wantNoSecret(t, what+" as JSON", fmt.Sprint(string(b), err))
	}
}

// unhex shows what %x hides from a search.
func unhex(s string) string {
	for _, planted := range []string{plantedSecret, plantedCode, plantedToken, plantedKey} {
		if strings.Contains(s, fmt.Sprintf("%x", planted)) {
			return planted
		}
	}
	return ""
}

func TestValuesShowNoSecret(t *testing.T) {
	cfg := wxapi.Config{AppID: "wx1", Secret: plantedSecret, Tokens: fixed("t")}
	c, err := wxapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	type embedding struct {
		Client *wxapi.Client
		Config wxapi.Config
		List   []wxapi.Secret
		Map    map[wxapi.Secret]wxapi.Secret
	}
	component, err := wxapi.NewComponent(cfg, func(context.Context) (wxapi.Secret, error) { return plantedToken, nil })
	if err != nil {
		t.Fatal(err)
	}
	for what, v := range map[string]any{
		"component": component, "component by value": *component,
		"config": cfg, "config by pointer": &cfg, "client": c,
		"session":  wxapi.CodeSession{OpenID: "o1", SessionKey: plantedKey},
		"user key": []wxapi.UserKey{{Key: plantedKey, IV: "6003f73ec441c386"}},
		"secret":   wxapi.Secret(plantedSecret),
		"others":   &embedding{Client: c, Config: cfg, List: []wxapi.Secret{plantedKey}, Map: map[wxapi.Secret]wxapi.Secret{plantedKey: plantedCode}},
	} {
		wantNothingShown(t, what, v)
	}
	b, err := json.Marshal(struct {
		S wxapi.Secret
		P *wxapi.Secret
	}{plantedSecret, &cfg.Secret})
	if err != nil || string(b) != `{"S":"[redacted]","P":"[redacted]"}` {
		t.Errorf("%s, %v", b, err)
	}
	if b, err := xml.Marshal(cfg.Secret); err != nil || bytes.Contains(b, []byte(plantedSecret)) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestSecretDecodes(t *testing.T) {
	var s wxapi.Secret
	if err := json.Unmarshal([]byte(`"abc"`), &s); err != nil || s.Reveal() != "abc" {
		t.Errorf("%v, %v", s.Reveal() == "abc", err)
	}
}
