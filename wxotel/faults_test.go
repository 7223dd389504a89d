package wxotel_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

const code2Session = "/sns/jscode2session"

// silence lets as many logins fail as WeChat leaves without an answer.
func (w *world) silence(n int) {
	w.t.Helper()
	w.ok(w.wx.Fail(code2Session, wxtest.Fault{Status: 502}, wxtest.Always))
	for range n {
		_, _, err := w.Login(w.t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")})
		if core.CodeOf(err) != core.CodeWeChatUnavailable {
			w.t.Fatalf("a login while WeChat is silent: %v", err)
		}
	}
}

func TestFaultsOfWeChatAreToldByCodeAndErrcode(t *testing.T) {
	w := newWorld(t, nil)
	login := func(fault wxtest.Fault) {
		t.Helper()
		w.ok(w.wx.Fail(code2Session, fault, wxtest.Always))
		if _, _, err := w.Login(t.Context(), core.LoginRequest{Code: w.wx.Code("o-alice")}); err == nil {
			t.Error("a login passed")
		}
		w.wx.Heal()
	}
	for _, errcode := range []int{40029, 45011, 40125, -1, 123456789} {
		login(wxtest.Fault{ErrCode: errcode})
	}
	login(wxtest.Fault{Reset: true})
	spans := w.paths()
	wantAll(t, "spans", spans,
		"wxsession.login internal {error.type=invalid_code wxsession.operation=login}",
		"wxsession.login>/sns/jscode2session client {error.type=invalid_code url.template=/sns/jscode2session wxsession.wechat.errcode=40029}",
		"wxsession.login internal {error.type=rate_limited wxsession.operation=login}",
		"wxsession.login internal {error.type=misconfigured wxsession.operation=login} misconfigured",
		"wxsession.login>/sns/jscode2session client {error.type=misconfigured url.template=/sns/jscode2session wxsession.wechat.errcode=40125} misconfigured",
		"wxsession.login>/sns/jscode2session client {error.type=wechat_unavailable url.template=/sns/jscode2session} wechat_unavailable",
		"wxsession.login>/sns/jscode2session client {error.type=wechat_unavailable url.template=/sns/jscode2session wxsession.wechat.errcode=other} wechat_unavailable")
	if n := spans["wxsession.login>/sns/jscode2session client {error.type=wechat_unavailable url.template=/sns/jscode2session wxsession.wechat.errcode=-1} wechat_unavailable"]; n != 3 {
		t.Errorf("WeChat was busy in %d spans, want one for each of three attempts", n)
	}
	wantAll(t, "metrics", w.values(),
		"wxsession.wechat.call.duration{error.type=rate_limited url.template=/sns/jscode2session wxsession.wechat.errcode=45011}",
		"wxsession.wechat.call.duration{error.type=wechat_unavailable url.template=/sns/jscode2session wxsession.wechat.errcode=other}",
		"wxsession.operation.duration{error.type=misconfigured wxsession.operation=login}")
}

func TestFaultsOfTheStoreAreTold(t *testing.T) {
	w := newWorld(t, nil)
	token, _ := w.login("o-alice")
	w.paths()
	w.store.set(func() { w.store.down = errors.New("down") })
	_, err := w.Authenticate(t.Context(), token)
	w.refuse(t.Context(), err)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	w.store.set(func() { w.store.down = nil })
	_, err = w.Authenticate(gone, token)
	w.refuse(gone, err)
	wantAll(t, "spans", w.paths(),
		"wxsession.authenticate internal {error.type=store_unavailable wxsession.operation=authenticate} store_unavailable",
		"wxsession.authenticate>near client {db.operation.name=near db.system.name=redis error.type=store_unavailable} store_unavailable",
		"wxsession.authenticate internal {error.type=store_unavailable wxsession.operation=authenticate wxsession.reason=canceled}",
		"wxsession.authenticate>near client {db.operation.name=near db.system.name=redis error.type=store_unavailable wxsession.reason=canceled}")
	wantAll(t, "metrics", w.values(),
		"db.client.operation.duration{db.operation.name=near db.system.name=redis error.type=store_unavailable}",
		"wxsession.refusals{error.type=store_unavailable http.response.status_code=503}",
		"wxsession.refusals{error.type=store_unavailable http.response.status_code=503 wxsession.reason=canceled}")
}

func TestRefusalsAreCountedByCodeStatusAndLimit(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.LimitAddress, c.LimitUser = core.Rate{N: 1, Per: time.Hour}, core.Rate{N: 1, Per: time.Hour}
		c.OnLogin = func(_ context.Context, d *core.Draft) error {
			switch d.OpenID {
			case "o-mallory":
				return core.Deny("not you")
			case "o-broken":
				return errors.New("the application's database is down")
			case "o-own":
				return core.NewError(402, core.Code("balance_of_"+d.OpenID), "pay first")
			}
			return nil
		}
	})
	for range 3 {
		w.route("POST", "/wx/login", "192.0.2.77", `{"code":"junk"}`, "")
	}
	token, _ := w.login("o-alice")
	for range 3 {
		w.route("POST", "/wx/phone", "", `{"code":"junk"}`, token)
	}
	for _, user := range []string{"o-mallory", "o-broken", "o-own"} {
		w.route("POST", "/wx/login", "", `{"code":"`+w.wx.Code(user)+`"}`, "")
	}
	w.silence(10)
	w.route("POST", "/wx/login", "", `{"code":"`+w.wx.Code("o-alice")+`"}`, "")
	wantAll(t, "metrics", w.values(),
		"wxsession.refusals{error.type=invalid_code http.response.status_code=400}",
		"wxsession.refusals{error.type=rate_limited http.response.status_code=429 wxsession.reason=address}",
		"wxsession.refusals{error.type=rate_limited http.response.status_code=429 wxsession.reason=user}",
		"wxsession.refusals{error.type=wechat_unavailable http.response.status_code=503 wxsession.reason=breaker}",
		"wxsession.refusals{error.type=login_denied http.response.status_code=403}",
		"wxsession.refusals{error.type=app_unavailable http.response.status_code=503}",
		"wxsession.refusals{error.type=other http.response.status_code=402}",
		"wxsession.operation.duration{error.type=other wxsession.operation=login}")
	wantAll(t, "spans", w.paths(),
		"wxsession.login internal {error.type=other wxsession.operation=login}",
		"wxsession.login internal {error.type=login_denied wxsession.operation=login}",
		"wxsession.login internal {error.type=app_unavailable wxsession.operation=login} app_unavailable",
		"wxsession.login internal {error.type=wechat_unavailable wxsession.operation=login wxsession.reason=breaker} wechat_unavailable")
}

// route sends a request to a login route.
func (w *world) route(method, path, address, body, token string) core.Reply {
	w.t.Helper()
	for _, route := range w.Routes() {
		if route.Method == method && route.Path == path {
			return route.Serve(w.t.Context(), core.Request{
				Method: method, Path: path, Address: address, Header: bearer(token), Body: strings.NewReader(body),
			})
		}
	}
	w.t.Fatalf("there is no route %s %s", method, path)
	return core.Reply{}
}

type bearer string

func (b bearer) Get(name string) string {
	if name == "Authorization" && b != "" {
		return "Bearer " + string(b)
	}
	return ""
}
