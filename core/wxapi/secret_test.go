package wxapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core/wxapi"
	"github.com/wxsession/wxsession/core/wxtest"
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

// No error of any endpoint under any fault shows what the request carried, not
// even if the server, a proxy or the transport repeats it.
func TestErrorsShowNoSecret(t *testing.T) {
	hosts := map[string]*httptest.Server{
		"errmsg repeats the request": echo(func(w http.ResponseWriter, request string) {
			json.NewEncoder(w).Encode(map[string]any{"errcode": 40029, "errmsg": request})
		}),
		"page repeats the request": echo(func(w http.ResponseWriter, request string) {
			w.WriteHeader(http.StatusBadGateway)
			io.WriteString(w, request)
		}),
		"redirect repeats the request": echo(func(w http.ResponseWriter, request string) {
			w.Header().Set("Location", "/x?"+url.QueryEscape(request))
			w.WriteHeader(http.StatusFound)
		}),
		"status line repeats the request": httptest.NewServer(http.HandlerFunc(malformed)),
	}
	for name, srv := range hosts {
		defer srv.Close()
		failAll(t, name, wxapi.Config{Bases: []string{srv.URL}})
	}
	for name, fault := range map[string]wxtest.Fault{
		"busy": {ErrCode: -1}, "bad token": {ErrCode: 40001}, "hang": {Hang: true}, "reset": {Reset: true},
		"lost": {LoseReply: true}, "HTML": {Status: 500}, "truncated": {Body: `{"openid":`}, "huge": {Huge: true, ErrCode: 40029},
	} {
		wx := newWeChat(t)
		wx.Fail("", fault, wxtest.Always)
		failAll(t, name, wxapi.Config{Bases: []string{wx.URL}})
	}
	failAll(t, "nobody listens", wxapi.Config{Bases: []string{closedPort(t)}})
	failAll(t, "a transport that tells all", wxapi.Config{HTTPClient: &http.Client{Transport: talkative{}}})
}

// failAll wants an error of every endpoint, and reads all that it says.
func failAll(t *testing.T, what string, cfg wxapi.Config) {
	t.Helper()
	cfg.AppID, cfg.Secret, cfg.Tokens = "wx1", plantedSecret, fixed(plantedToken)
	cfg.Timeout = 200 * time.Millisecond
	if what == "hang" {
		cfg.Timeout = 10 * time.Millisecond
	}
	cfg.SetPause(func(context.Context, time.Duration) error { return nil })
	cfg.OnCall = func(_ context.Context, c wxapi.Call) { wantNothingShown(t, what+": hook", c) }
	c, err := wxapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for op, call := range endpoints {
		_, err := call(t.Context(), c)
		e, ok := errors.AsType[*wxapi.Error](err)
		if !ok || e.Op != op {
			t.Errorf("%s: %s: %v", what, op, err)
			continue
		}
		for err != nil {
			wantNothingShown(t, what+": "+op, err)
			err = errors.Unwrap(err)
		}
		wantNothingShown(t, what+": "+op, *e)
	}
}

// echo answers with all that it got, escaped and not.
func echo(answer func(w http.ResponseWriter, request string)) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		plain, _ := url.QueryUnescape(r.URL.RawQuery)
		answer(w, string(body)+" "+plain+" "+r.URL.String())
	}))
}

// malformed makes net/http quote the request in its own error.
func malformed(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	flushed(buf, "HTTP/1.1 "+r.URL.String()+string(body)+"\r\n\r\n")
}

func flushed(buf *bufio.ReadWriter, s string) {
	buf.WriteString(s)
	buf.Flush()
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// talkative is a transport, as applications write them, that puts the request
// into its errors.
type talkative struct{}

func (talkative) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	inner := &url.Error{Op: "Get", URL: r.URL.String(), Err: fmt.Errorf("cannot send %s with %s", r.URL, body)}
	return nil, fmt.Errorf("giving up on %s: %w", r.URL, inner)
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
	for what, v := range map[string]any{
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
