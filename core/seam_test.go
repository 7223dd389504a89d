package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/wxsession/wxsession/core"
)

// tally is an Observer that counts what ended how.
type tally struct {
	mu    sync.Mutex
	ended map[string]int
	open  int
}

// negative is counted in place of what ends before it began.
const negative = "a negative duration"

type tallyKey struct{}

func (o *tally) Begin(ctx context.Context, e core.Event) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open++
	parent, _ := ctx.Value(tallyKey{}).(string)
	return context.WithValue(ctx, tallyKey{}, strings.TrimPrefix(parent+">"+e.Name, ">"))
}

func (o *tally) End(ctx context.Context, e core.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open--
	if e.Duration < 0 {
		o.ended[negative]++ // which no test expects
	}
	o.ended[fmt.Sprint(ctx.Value(tallyKey{}), " ", e.Code)]++
}

func (o *tally) take() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	ended := o.ended
	o.ended = map[string]int{}
	return ended
}

func TestAnObserverSeesEveryOperationAndEveryCall(t *testing.T) {
	o := &tally{ended: map[string]int{}}
	w := newWorld(t, func(c *core.Config) { c.Observe = o })
	want := func(what string, names ...string) {
		t.Helper()
		got := o.take()
		for _, name := range names {
			if got[name] == 0 {
				t.Errorf("%s: %q is missing in %v", what, name, got)
			}
			delete(got, name)
		}
		if len(got) != 0 || o.open != 0 {
			t.Errorf("%s: also %v, and %d have not ended", what, got, o.open)
		}
	}
	token, s := w.login(t, "o-alice")
	want("login", "login ", "login>get not_found", "login>swap ", "login>/sns/jscode2session ")
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	want("a request", "authenticate ", "authenticate>get ")
	w.clock.Advance(twentieth)
	if _, err := w.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	want("a renewal", "authenticate ", "authenticate>get ", "authenticate>renew ", "authenticate>renew>swap ", "authenticate>renew>get ")
	_, _ = w.Check(t.Context(), strings.Repeat("A", 43))
	want("a check", "check invalid_session", "check>get not_found")
	if err := w.Update(t.Context(), s, func(*core.Draft) error { return nil }); err != nil {
		t.Fatal(err)
	}
	want("an update", "update ", "update>get ", "update>swap ")
	if _, err := w.Sessions(t.Context(), "", "o-alice"); err != nil {
		t.Fatal(err)
	}
	want("a list", "sessions ", "sessions>get ")
	if err := w.Logout(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	want("a log-out", "get ", "revoke ", "revoke>get ", "revoke>swap ", "revoke>delete ", "revoke>ended ")
	w.store.breakDown(errors.New("down"))
	_, _ = w.Authenticate(t.Context(), token)
	want("an outage", "authenticate store_unavailable", "authenticate>get store_unavailable")
}

func TestReplyPutsEveryReplyIntoAnEnvelope(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.Reply = func(_ context.Context, req core.Request, r core.Reply) core.Reply {
			envelope := map[string]any{"code": 0, "path": req.Path}
			if len(r.Body) > 0 {
				envelope["data"] = json.RawMessage(r.Body)
			}
			if r.Err != nil {
				envelope["code"] = r.Err.Status()
			}
			if r.Session != nil {
				envelope["user"] = r.Session.OpenID
			}
			shaped := core.NewReply(envelope)
			shaped.Err = r.Err
			return shaped
		}
	})
	r, body := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	token, _ := body["data"].(map[string]any)["3rd_session"].(string)
	if r.Status != 200 || body["code"] != 0.0 || body["user"] != "o-alice" || len(token) != 43 {
		t.Errorf("a login: status %d, body %s", r.Status, r.Body)
	}
	if r, body := send(t, w.Manager, "POST", "/wx/logout", "", bearer(token)...); r.Status != 200 || body["code"] != 0.0 {
		t.Errorf("a log-out: status %d, body %s", r.Status, r.Body)
	}
	r, body = send(t, w.Manager, "GET", "/wx/check", "", bearer(token)...)
	if r.Status != 200 || body["code"] != 401.0 || r.Err == nil || r.Err.Code != core.CodeInvalidSession {
		t.Errorf("a refusal: status %d, body %s", r.Status, r.Body)
	}
	if r := w.Refuse(t.Context(), core.Request{}, core.NewError(409, "sold_out", "too late")); !strings.Contains(string(r.Body), `"code":409`) || !strings.Contains(string(r.Body), "sold_out") {
		t.Errorf("a refusal by the application: %s", r.Body)
	}
}

func TestAnApplicationsOwnErrorsKeepTheirStatus(t *testing.T) {
	w := newWorld(t, nil)
	for status, want := range map[int]int{402: 402, 409: 409, 503: 503, 200: 500, 99: 500, 600: 500} {
		r := w.Refuse(t.Context(), core.Request{}, fmt.Errorf("outer: %w", core.NewError(status, "own_code", "own message")))
		if r.Status != want || string(r.Body) != `{"error":"own_code","message":"own message"}` {
			t.Errorf("%d: status %d, body %s", status, r.Status, r.Body)
		}
	}
}

func TestARouteOfTheApplicationsOwn(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login(t, "o-alice")
	route := w.Route("POST", "/greet/{id}", func(ctx context.Context, req core.Request) (any, error) {
		s, err := w.AuthenticateRequest(ctx, req)
		if err != nil {
			return nil, err
		}
		var in struct{ Word string }
		if err := req.DecodeOptional(&in); err != nil {
			return nil, err
		}
		if in.Word == "raw" {
			return core.Reply{Status: 201, Body: []byte("raw")}, nil
		}
		return map[string]string{"to": req.ID, "from": s.OpenID, "word": in.Word}, nil
	})
	if route.Method != "POST" || route.Path != "/wx/greet/{id}" {
		t.Errorf("it stands at %s %s", route.Method, route.Path)
	}
	ask := func(token, body string) core.Reply {
		req := core.Request{ID: "bob", Header: mapHeader{"Authorization": "Bearer " + token}}
		if body != "none" {
			req.Body = strings.NewReader(body)
		}
		return route.Serve(t.Context(), req)
	}
	for body, want := range map[string]string{
		"none": `{"from":"o-alice","to":"bob","word":""}`, "  ": `{"from":"o-alice","to":"bob","word":""}`,
		`{"word":"hi"}`: `{"from":"o-alice","to":"bob","word":"hi"}`, `{"word":"raw"}`: "raw",
	} {
		if r := ask(token, body); string(r.Body) != want {
			t.Errorf("%q: %s, want %s", body, r.Body, want)
		}
	}
	if r := ask("x", ""); r.Status != 401 || r.Err.Code != core.CodeNoSession {
		t.Errorf("without a session: %d", r.Status)
	}
	if r := ask(token, `{`); r.Status != 400 {
		t.Errorf("half of JSON: %d", r.Status)
	}
	if r := ask(token, strings.Repeat(" ", 65<<10)); r.Status != 413 {
		t.Errorf("a long body: %d", r.Status)
	}
	if r := core.NewReply(func() {}); r.Status != 500 || r.Err == nil {
		t.Errorf("what does not encode: %d", r.Status)
	}
}
