package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

// lockedBuffer is a buffer that several goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// lines decodes what a JSON handler wrote.
func (b *lockedBuffer) lines(t *testing.T) (lines []map[string]any) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for text := range strings.Lines(b.b.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func jsonLog(out *lockedBuffer) func(*core.Config) {
	return func(c *core.Config) { c.Logger = slog.New(slog.NewJSONHandler(out, nil)) }
}

func TestLogLinesTellAnOperatorEverythingInJSONToo(t *testing.T) {
	out := new(lockedBuffer)
	w := newWorld(t, jsonLog(out))
	for errcode, code := range map[int]core.Code{40125: core.CodeMisconfigured, 45009: core.CodeRateLimited, 45011: core.CodeRateLimited} {
		w.wx.Fail(code2Session, wxtest.Fault{ErrCode: errcode}, 1)
		send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
		lines := out.lines(t)
		last := lines[len(lines)-1]
		if last["code"] != string(code) || last["errcode"] != float64(errcode) || last["rid"] == nil || last["rid"] == "" || !strings.Contains(fmt.Sprint(last["cause"]), fmt.Sprint(errcode)) {
			t.Errorf("%d: the line is %v", errcode, last)
		}
	}
	w.store.breakDown(errors.New("connection refused"))
	send(t, w.Manager, "GET", "/wx/check", "", bearer(strings.Repeat("A", 43))...)
	lines := out.lines(t)
	last := lines[len(lines)-1]
	if last["code"] != "store_unavailable" || last["cause"] != "connection refused" {
		t.Errorf("the line is %v", last)
	}
	wantDoctor(t, last)
}

// wantDoctor: whoever meets an outage for the first time need not know the program.
func wantDoctor(t *testing.T, line map[string]any) {
	t.Helper()
	if !strings.Contains(line["msg"].(string), "`wxsession doctor`") {
		t.Errorf("the line does not say what looks closer: %v", line)
	}
}

func TestASilentWeChatIsLoggedWithWhatLooksCloser(t *testing.T) {
	out := new(lockedBuffer)
	w := newWorld(t, jsonLog(out))
	w.wx.Fail(code2Session, wxtest.Fault{Status: 502}, 9)
	send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	lines := out.lines(t)
	last := lines[len(lines)-1]
	if last["code"] != "wechat_unavailable" || last["level"] != "WARN" {
		t.Errorf("the line is %v", last)
	}
	wantDoctor(t, last)
}

func TestAnErrorInALogLineShowsItsCause(t *testing.T) {
	var out bytes.Buffer
	w := newWorld(t, nil)
	w.wx.Fail(code2Session, wxtest.Fault{ErrCode: 40125}, 1)
	_, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
	slog.New(slog.NewJSONHandler(&out, nil)).Error("x", "error", err)
	for _, want := range []string{`"errcode":40125`, `"rid":"`, `"cause":"code2Session`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the line lacks %s: %s", want, &out)
		}
	}
}

func TestAnErrorWithoutACauseIsLoggedWithItsMessage(t *testing.T) {
	out := new(lockedBuffer)
	w := newWorld(t, jsonLog(out))
	w.Refuse(t.Context(), core.Request{}, &core.Error{Code: core.CodeMisconfigured, Message: "no token can be signed here"})
	lines := out.lines(t)
	if lines[len(lines)-1]["cause"] != "no token can be signed here" {
		t.Errorf("the log: %v", lines)
	}
}

func TestAnOutageWritesOneLineASecondAndKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(lockedBuffer)
		store := &spyStore{Store: noStore{}, down: errors.New("connection refused")}
		cfg := core.Config{AppID: "wx1", Secret: core.NewSecret("x"), Keys: []core.Secret{sealKey('a')}}
		jsonLog(out)(&cfg)
		m, err := core.New(cfg, store)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 { // three seconds of a hundred requests each
			send(t, m, "GET", "/wx/check", "", bearer(strings.Repeat("A", 43))...)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		lines, total := out.lines(t), 0
		for _, line := range lines {
			n := 1
			if count, ok := line["count"].(float64); ok {
				n = int(count)
			}
			total += n
		}
		if len(lines) < 3 || len(lines) > 5 || total != 300 {
			t.Errorf("%d lines for %d requests, want about one a second that count 300: %v", len(lines), total, lines)
		}
		send(t, m, "GET", "/wx/check", "", bearer(strings.Repeat("A", 43))...)
		if got := out.lines(t); len(got) != len(lines)+1 || got[len(lines)]["count"] != nil {
			t.Errorf("a new outage does not begin with a line of its own: %v", got[len(lines):])
		}
		time.Sleep(2 * time.Second) // timers end within the bubble
	})
}

type noStore struct{ core.Store }

func TestAHookThatFailsIsLogged(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(context.Context, *core.Draft) error {
			return fmt.Errorf("users: %w", errors.New("sql: connection is already closed"))
		}
	})
	r, _ := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	if r.Status != 503 || strings.Contains(string(r.Body), "sql") || !strings.Contains(w.log.String(), "sql: connection is already closed") {
		t.Errorf("status %d, body %s, log %s", r.Status, r.Body, w.log)
	}
}

// TestAHookThatSetsTooMuchIsTheServersMistake: the client can do nothing about it,
// and must not be told that it can.
func TestAHookThatSetsTooMuchIsTheServersMistake(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.OnLogin = func(_ context.Context, d *core.Draft) error {
			d.SetAttr("profile", strings.Repeat("x", 5000))
			return nil
		}
	})
	r, _ := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	if r.Status != 503 || strings.Contains(string(r.Body), "attributes") || strings.Contains(string(r.Body), "50") {
		t.Errorf("status %d, body %s", r.Status, r.Body)
	}
	for _, want := range []string{"the application failed at a login", "make it set less", "attributes take 5007 bytes, at most 4096", "code=app_unavailable"} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, w.log)
		}
	}
	if strings.Contains(w.log.String(), "xxx") {
		t.Error("the log shows an attribute")
	}
}

func TestAClientThatLeavesIsNoOutage(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	w.log.Reset()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := w.Require(ctx, core.Request{Header: mapHeader{"Authorization": "Bearer " + token}})
	w.Refuse(ctx, core.Request{}, err)
	if w.log.String() != "" {
		t.Errorf("the log says %s", w.log)
	}
}

type mapHeader map[string]string

func (h mapHeader) Get(name string) string { return h[name] }
