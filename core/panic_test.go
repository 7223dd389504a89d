package core_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/wxsession/wxsession/core"
)

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type identifyFunc func(context.Context, core.LoginRequest) (core.Identity, error)

func (f identifyFunc) Identify(ctx context.Context, r core.LoginRequest) (core.Identity, error) {
	return f(ctx, r)
}

// panickyStore panics at every read of one kind of keys.
type panickyStore struct {
	core.Store
	kind string
}

func (s panickyStore) Get(ctx context.Context, key string) ([]byte, error) {
	if s.kind != "" && strings.HasPrefix(key, s.kind) {
		panic("marker of a store")
	}
	return s.Store.Get(ctx, key)
}

func TestAPanicOfTheApplicationsCodeIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*core.Config)
		want   []core.Code
	}{
		"OnLogin": {func(c *core.Config) {
			c.OnLogin = func(context.Context, *core.Draft) error { panic("marker") }
		}, []core.Code{core.CodeAppUnavailable}},
		"OnLogin, a nil pointer": {func(c *core.Config) {
			c.OnLogin = func(_ context.Context, d *core.Draft) error { return errors.New((*new(*core.Error)).Message) }
		}, []core.Code{core.CodeAppUnavailable}},
		"an identity provider": {func(c *core.Config) {
			c.IdentityProvider = identifyFunc(func(context.Context, core.LoginRequest) (core.Identity, error) { panic("marker") })
		}, []core.Code{core.CodeAppUnavailable}},
		"a transport, in the flight of an exchange": {func(c *core.Config) {
			c.HTTPClient = &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) { panic(r) })}
		}, []core.Code{core.CodeAppUnavailable, core.CodeWeChatUnavailable}},
	} {
		w := newWorld(t, c.change)
		r, body := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
		matches := false
		for _, code := range c.want {
			matches = matches || body["error"] == string(code)
		}
		if r.Status != 503 || !matches || headerOf(r, "Retry-After") == "" {
			t.Errorf("%s: status %d, body %s", name, r.Status, r.Body)
		}
		for _, secret := range []string{"marker", w.wx.Secret} {
			if strings.Contains(string(r.Body)+r.Err.Error()+w.log.String(), secret) {
				t.Errorf("%s: the value of the panic shows: %s\n%s", name, r.Body, w.log)
			}
		}
		if !strings.Contains(w.log.String(), "panic") {
			t.Errorf("%s: the log says nothing: %s", name, w.log)
		}
	}
}

func TestAStoreThatPanicsWhileALoginReadsDoesNotEndTheProcess(t *testing.T) {
	w := newWorld(t, nil)
	w.store.Store = panickyStore{w.store.Store, "u:"}
	_, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
	if code := core.CodeOf(err); code.Status() != 503 {
		t.Errorf("got %v", err)
	}
}

func TestAPanicInReplyLeavesTheReply(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.Reply = func(context.Context, core.Request, core.Reply) core.Reply { panic("marker") }
	})
	r, body := send(t, w.Manager, "POST", "/wx/login", `{"code":"`+w.wx.Code("o-alice")+`"}`)
	if r.Status != 200 || len(body["3rd_session"].(string)) != 43 {
		t.Errorf("status %d, body %s", r.Status, r.Body)
	}
}

func TestASessionThatIsNoneIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	for name, s := range map[string]*core.Session{"nil": nil, "an empty one": {}, "one made up": {AppID: w.wx.AppID, OpenID: "o-alice", ID: "0123456789abcdef"}} {
		_, errData := w.DecryptData(ctx, s, core.EncryptedData{Data: "AAAA", IV: "AAAA"})
		_, errKeys := w.UserEncryptKeys(ctx, s)
		_, errTicket := w.NewTicket(ctx, s)
		_, errApproval := w.Approve(ctx, s)
		for what, err := range map[string]error{
			"Decrypt": w.Decrypt(ctx, s, "AAAA", "AAAA", new(any)), "DecryptData": errData, "VerifySignature": w.VerifySignature(ctx, s, "x", "y"),
			"Update": w.Update(ctx, s, func(*core.Draft) error { return nil }), "CheckSessionKey": w.CheckSessionKey(ctx, s),
			"ResetSessionKey": w.ResetSessionKey(ctx, s), "UserEncryptKeys": errKeys, "LogoutSession": w.LogoutSession(ctx, s),
			"LogoutOthers": w.LogoutOthers(ctx, s), "NewTicket": errTicket, "Approve": errApproval,
		} {
			if core.CodeOf(err) != core.CodeNoSession {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
		if s == nil {
			continue
		}
		if s.Attr("x") != "" || s.AttrInt("x") != 0 || !s.CreatedAt().IsZero() || !s.ExpiresAt().IsZero() || !s.EndsAt().IsZero() || !s.LastSeen().IsZero() {
			t.Errorf("%s has attributes or times", name)
		}
		for range s.Attrs() {
			t.Errorf("%s has an attribute", name)
		}
	}
	if gets, swaps, deletes := w.store.counts(); gets+swaps+deletes != 0 {
		t.Error("the store was asked")
	}
}
