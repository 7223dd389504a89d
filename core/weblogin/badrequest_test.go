package weblogin_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func TestBadRequestsChangeNothing(t *testing.T) {
	w := newWorld(t, func(c *core.Config) { c.LimitUser = core.Rate{N: -1} })
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	b.begin(t)
	for _, query := range []string{
		"?state=waiting", "?state=Pending", "?state=claimed", "?state=used", "?state=pending%00", "?state=" + strings.Repeat("a", 9000),
		"?wait=-1", "?wait=31", "?wait=1.5", "?wait=1e1", "?wait=", "?wait=+5", "?wait=%205", "?wait=0x10", "?wait=五",
		"?wait=99999999999999999999", "?wait=NaN", "?wait=%zz", "?state=pending;wait=1",
	} {
		b.poll(t.Context(), query).want(t, query, 400, "bad_request")
	}
	for _, body := range []string{
		"", "{", "[]", `"scan"`, `{"action":7}`, `{"action":null}`, `{}`, `{"action":""}`, `{"action":"SCAN"}`,
		`{"action":"scan "}`, `{"action":"claimed"}`, `{"action":"used"}`, "\x00",
	} {
		w.do(t.Context(), "POST", "/wx/scan/"+b.id, body, "Authorization", "Bearer "+phone.Token).want(t, body, 400, "bad_request")
	}
	w.do(t.Context(), "POST", "/wx/scan/"+b.id, strings.Repeat(" ", 65<<10), "Authorization", "Bearer "+phone.Token).want(t, "a long body", 413, "request_too_large")
	for _, id := range []string{
		"x", "unknown", strings.Repeat("A", 21), strings.Repeat("A", 23), strings.Repeat("A", 22), b.id[:21] + "_", b.id + "A",
		"..", "%2e%2e", "scan:1", "a b", "%00", "\u5fae", strings.Repeat("A", 4000), b.id[:21] + "\n",
	} {
		path := "/wx/scan/" + url.PathEscape(id)
		if id == ".." { // the mux has its own word on it
			continue
		}
		w.do(t.Context(), "POST", mustPath(t, path), `{"action":"scan"}`, "Authorization", "Bearer "+phone.Token).want(t, "POST "+path, 404, "not_found")
		b.send(t.Context(), "GET", mustPath(t, path)).want(t, "GET "+path, 404, "not_found")
		b.send(t.Context(), "GET", mustPath(t, path)+"/code").want(t, "GET "+path+"/code", 404, "not_found")
	}
	for what, header := range map[string][]string{
		"no session":   nil,
		"junk":         {"Authorization", "Bearer x"},
		"its cookie":   {"Cookie", "__Host-wx=" + phone.Token},
		"the secret":   {"Cookie", "__Host-wx-scan=" + b.jar["__Host-wx-scan"]},
		"a bare token": {"Authorization", phone.Token},
	} {
		w.do(t.Context(), "POST", "/wx/scan/"+b.id, `{"action":"scan"}`, header...).want(t, what, 401, "no_session")
	}
	w.do(t.Context(), "POST", "/wx/scan/"+b.id, `{"action":"scan"}`, "Authorization", "Bearer "+strings.Repeat("A", 43)).want(t, "an unknown token", 401, "invalid_session")
	wantState(t, b.poll(t.Context(), "?state=&wait=0"), "pending", false)
	if n := w.wechat.Calls(drawPath); n != 0 {
		t.Errorf("WeChat was asked for %d codes", n)
	}
}

func mustPath(t *testing.T, escaped string) string {
	t.Helper()
	return must[string](t)(url.PathUnescape(escaped))
}

func TestAnOutageIsNeverTheEndOfALogin(t *testing.T) {
	w := newWorld(t, nil)
	phone, b := w.phone(t, w.site, "o-alice"), w.newBrowser()
	b.begin(t)
	requests := func(what string, status int, code string) {
		t.Helper()
		w.newBrowser().send(t.Context(), "POST", "/wx/scan").want(t, what+", beginning", status, code)
		b.poll(t.Context(), "").want(t, what+", polling", status, code)
		b.poll(t.Context(), "?state=pending&wait=30").want(t, what+", waiting", status, code)
		b.send(t.Context(), "GET", "/wx/scan/"+b.id+"/code").want(t, what+", the code", status, code)
		w.act(t.Context(), phone.Token, b.id, "scan").want(t, what+", scanning", status, code)
	}
	for range 30 {
		w.store.down()
		requests("an outage", 503, "store_unavailable")
	}
	w.store.fail(nil)
	b.image(t)
	w.act(t.Context(), phone.Token, b.id, "scan").want(t, "afterwards", 200, "")
	w.act(t.Context(), phone.Token, b.id, "confirm").want(t, "afterwards", 200, "")
	w.store.down()
	b.poll(t.Context(), "").want(t, "the last poll", 503, "store_unavailable")
	w.store.fail(nil)
	wantState(t, b.poll(t.Context(), ""), "confirmed", true)
}

func TestARecordOfALaterVersionIsAnOutage(t *testing.T) {
	w := newWorld(t, nil)
	b := w.newBrowser()
	b.begin(t)
	v := w.wx.Values()
	raw := must[[]byte](t)(v.Get(t.Context(), "scan:"+b.id))
	for text, want := range map[string]int{`{"v":2,"state":"pending"}`: 503, `{"v":1}`: 404, "junk": 404} {
		if err := v.Swap(t.Context(), "scan:"+b.id, raw, []byte(text), time.Minute); err != nil {
			t.Fatal(err)
		}
		raw = []byte(text)
		if a := b.poll(t.Context(), ""); a.status != want {
			t.Errorf("%s: %d %s", text, a.status, a.body)
		}
	}
}
