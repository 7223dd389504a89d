package wxotel_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

// twentieth of the idle timeout, and a little more: a renewal is due.
const twentieth = 72*time.Hour/20 + time.Second

// operation is a span of one that ended well.
func operation(path string) string {
	name := path[strings.LastIndexByte(path, '>')+1:]
	return path + " internal {wxsession.operation=" + strings.TrimPrefix(name, "wxsession.") + "}"
}

// call is a span of one to the store.
func call(path string, outcome ...string) string {
	verb := path[strings.LastIndexByte(path, '>')+1:]
	labels := []string{"db.operation.name=" + verb}
	for _, o := range outcome {
		labels = append(labels, "db.response.status_code="+o)
	}
	return path + " client {" + strings.Join(append(labels, "db.system.name=redis"), " ") + "}"
}

// exchange is a span of a call to WeChat.
func exchange(path string) string {
	return path + " client {url.template=" + path[strings.LastIndexByte(path, '>')+1:] + "}"
}

func TestEveryOperationIsASpanWithItsCallsBelow(t *testing.T) {
	w := newWorld(t, nil)
	want := func(what string, spans ...string) {
		t.Helper()
		wantAll(t, what, w.paths(), spans...)
	}
	token, s := w.login("o-alice")
	want("a login", operation("wxsession.login"), exchange("wxsession.login>/sns/jscode2session"),
		call("wxsession.login>swap"), call("wxsession.login>get", "not_found"))
	_, err := w.Authenticate(t.Context(), token)
	w.ok(err)
	want("a request", operation("wxsession.authenticate"), call("wxsession.authenticate>near"))
	w.pass(twentieth)
	_, err = w.Authenticate(t.Context(), token)
	w.ok(err)
	want("a renewal", operation("wxsession.authenticate>wxsession.renew"), call("wxsession.authenticate>wxsession.renew>swap"))
	_, err = w.Check(t.Context(), token)
	w.ok(err)
	want("a check", operation("wxsession.check"), call("wxsession.check>near"))
	w.store.set(func() { w.store.beaten = true })
	w.ok(w.Update(t.Context(), s, func(d *core.Draft) error { d.SetAttr("k", "v"); return nil }))
	want("an update at the second attempt", operation("wxsession.update"), call("wxsession.update>swap", "conflict"), call("wxsession.update>swap"))
	_, err = w.Sessions(t.Context(), "", "o-alice")
	w.ok(err)
	want("a list", operation("wxsession.sessions"), call("wxsession.sessions>get"))
	ticket, err := w.NewTicket(t.Context(), s)
	w.ok(err)
	_, _, err = w.RedeemTicket(t.Context(), ticket, "web")
	w.ok(err)
	want("a hand-over", operation("wxsession.ticket"), operation("wxsession.redeem"), call("wxsession.redeem>delete"))
	approval, err := w.Approve(t.Context(), s)
	w.ok(err)
	_, _, err = w.IssueApproved(t.Context(), approval, "")
	w.ok(err)
	_, _, err = w.Issue(t.Context(), "", core.Identity{OpenID: "o-bob"}, "")
	w.ok(err)
	want("what is no login of WeChat's", operation("wxsession.login"), call("wxsession.login>swap"))
	newer, _, err := w.Rotate(t.Context(), token)
	w.ok(err)
	want("a rotation", operation("wxsession.rotate"), call("wxsession.rotate>get"))
	w.ok(w.Logout(t.Context(), newer))
	want("a log-out", operation("wxsession.revoke"), call("wxsession.revoke>delete"))
}

func TestWhatAsksWeChatIsASpanWithItsCallsBelow(t *testing.T) {
	w := newWorld(t, nil)
	_, s := w.login("o-alice")
	data, iv := w.wx.Encrypt("o-alice", map[string]any{"openId": "o-alice"})
	var v any
	w.ok(w.Decrypt(t.Context(), s, data, iv, &v))
	w.ok(w.VerifySignature(t.Context(), s, "{}", w.wx.Sign("o-alice", "{}")))
	_, err := w.PhoneNumber(t.Context(), "", w.wx.PhoneCode("o-alice", "13580006666"))
	w.ok(err)
	w.ok(w.CheckSessionKey(t.Context(), s))
	w.ok(w.ResetSessionKey(t.Context(), s))
	_, err = w.UserEncryptKeys(t.Context(), s)
	w.ok(err)
	found := w.paths()
	wantAll(t, "all", found, operation("wxsession.decrypt"), call("wxsession.decrypt>get"),
		operation("wxsession.phone"), exchange("wxsession.phone>/cgi-bin/stable_token"),
		exchange("wxsession.phone>/wxa/business/getuserphonenumber"),
		operation("wxsession.session_key"), exchange("wxsession.session_key>/wxa/checksession"),
		exchange("wxsession.session_key>/wxa/resetusersessionkey"), exchange("wxsession.session_key>/wxa/business/getuserencryptkey"))
	if found[operation("wxsession.decrypt")] != 2 || found[operation("wxsession.session_key")] != 3 {
		t.Errorf("the spans: %v", found)
	}
}

func TestEveryOperationIsCounted(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.MaxSessions = 2 })
	token, s := w.login("o-alice")
	for range 3 {
		_, err := w.Authenticate(t.Context(), token)
		w.ok(err)
	}
	w.pass(twentieth)
	_, err := w.Authenticate(t.Context(), token)
	w.ok(err)
	_, _ = w.Authenticate(t.Context(), strings.Repeat("A", 43))
	_, _ = w.Authenticate(t.Context(), "short")
	w.login("o-alice")
	w.login("o-alice") // one too many: the first goes
	_, err = w.Authenticate(t.Context(), token)
	if core.CodeOf(err) != core.CodeSessionRevoked {
		t.Fatal(err)
	}
	w.ok(w.LogoutUser(t.Context(), s.AppID, s.OpenID))
	got := w.values()
	for series, want := range map[string]int64{
		"wxsession.operation.duration{wxsession.operation=login}":                                                     3,
		"wxsession.operation.duration{wxsession.operation=authenticate}":                                              4,
		"wxsession.operation.duration{wxsession.operation=renew}":                                                     1,
		"wxsession.operation.duration{error.type=invalid_session wxsession.operation=authenticate}":                   1,
		"wxsession.operation.duration{error.type=no_session wxsession.operation=authenticate}":                        1,
		"wxsession.operation.duration{error.type=session_revoked wxsession.operation=authenticate}":                   1,
		"wxsession.operation.duration{wxsession.operation=revoke}":                                                    1,
		"wxsession.wechat.call.duration{url.template=/sns/jscode2session}":                                            3,
		"wxsession.sessions.ended{wxsession.reason=cap}":                                                              1,
		"wxsession.sessions.ended{wxsession.reason=everywhere}":                                                       2,
		"db.client.operation.duration{db.operation.name=near db.system.name=redis}":                                   5,
		"db.client.operation.duration{db.operation.name=near db.response.status_code=not_found db.system.name=redis}": 1,
	} {
		if got[series] != want {
			t.Errorf("%s is %d, want %d", series, got[series], want)
		}
	}
	if t.Failed() {
		wantAll(t, "all", got, "")
	}
}

func TestWhatTheStoreAndTheBreakersSayIsRead(t *testing.T) {
	w := newWorld(t, func(c *core.Config) {
		c.Apps = []core.App{{AppID: "wx00000000000000bb", Secret: core.NewSecret("x")}}
	})
	w.store.set(func() { w.store.stats = core.StoreStats{Entries: 7, NearHits: 5, NearMisses: 3, BreakerOpen: true} })
	w.silence(10)
	got := w.values()
	for series, want := range map[string]int64{
		"wxsession.store.entries{}":                                                            7,
		"wxsession.near_cache.reads{wxsession.near_cache.result=hit}":                          5,
		"wxsession.near_cache.reads{wxsession.near_cache.result=miss}":                         3,
		"wxsession.breaker.open{wxsession.upstream=store}":                                     1,
		"wxsession.breaker.open{wxsession.appid=" + w.wx.AppID + " wxsession.upstream=wechat}": 1,
		"wxsession.breaker.open{wxsession.appid=wx00000000000000bb wxsession.upstream=wechat}": 0,
	} {
		if n, ok := got[series]; !ok || n != want {
			t.Errorf("%s is %d (%v), want %d", series, n, ok, want)
		}
	}
	w.store.set(func() { w.store.stats = core.StoreStats{} })
	w.wx.Heal()
	w.pass(time.Second)
	w.login("o-alice")
	got = w.values()
	for _, series := range []string{"wxsession.breaker.open{wxsession.upstream=store}", "wxsession.breaker.open{wxsession.appid=" + w.wx.AppID + " wxsession.upstream=wechat}"} {
		if n, ok := got[series]; !ok || n != 0 {
			t.Errorf("%s is %d (%v) after the trouble", series, n, ok)
		}
	}
}

func TestCountersBeginAtZero(t *testing.T) {
	w := newWorld(t, nil)
	got := w.values()
	for _, name := range []string{
		"wxsession.sessions.ended{wxsession.reason=theft}", "wxsession.sessions.ended{wxsession.reason=hand_over}",
		"wxsession.refusals{error.type=misconfigured http.response.status_code=500}",
		"wxsession.refusals{error.type=store_unavailable http.response.status_code=503}",
		"wxsession.refusals{error.type=rate_limited http.response.status_code=429 wxsession.reason=address}",
		"wxsession.refusals{error.type=wechat_unavailable http.response.status_code=503 wxsession.reason=breaker}",
	} {
		if _, ok := got[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	for name, n := range got {
		if n != 0 {
			t.Errorf("%s is %d", name, n)
		}
	}
}

// refuse puts an error into a reply, as an adapter does.
func (w *world) refuse(ctx context.Context, err error) {
	w.t.Helper()
	if err == nil {
		w.t.Fatal("nothing to refuse")
	}
	w.Refuse(ctx, core.Request{}, err)
}
