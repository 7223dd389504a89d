package demo

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wxsession/wxsession/core"
)

func TestTheClockEndsSessions(t *testing.T) {
	w := newWorld(t)
	token := w.login("alice")
	bearer := []string{"Authorization", "Bearer " + token}
	before := time.Now()
	r := w.send("POST", "/devtools/clock", `{"advance":"71h59m"}`)
	if r.status != 200 || r.value("ahead") != "259140" {
		t.Fatalf("the clock is answered %d %s", r.status, r.body)
	}
	if lead := w.sim.clock.now().Sub(before); lead < 71*time.Hour {
		t.Errorf("the clock is ahead by %v", lead)
	}
	if r := w.send("GET", "/wx/check", "", bearer...); r.status != 200 {
		t.Errorf("a minute before its end the session is answered %d", r.status)
	}
	w.send("POST", "/devtools/clock", `{"advance":"1m1s"}`)
	if r := w.send("GET", "/api/me", "", bearer...); r.status != 401 || r.value("error") != "invalid_session" {
		t.Errorf("after its end the session is answered %d %s", r.status, r.body)
	}
	code := w.sim.wechat.Code(w.sim.wechat.OpenID("alice"))
	w.send("POST", "/devtools/clock", `{"advance":"6m"}`)
	if r := w.send("POST", "/wx/login", `{"code":"`+code+`"}`); r.value("error") != "invalid_code" {
		t.Errorf("a code of six minutes ago is answered %s: WeChat's clock stands still", r.body)
	}
}

func TestTheClockGoesForwardAndNotTooFar(t *testing.T) {
	w := newWorld(t)
	for _, d := range []string{"-1h", "0s", "", "soon", "100000h", "9999999h", "1e3h"} {
		if r := w.send("POST", "/devtools/clock", `{"advance":"`+d+`"}`); r.status != 400 || r.value("error") != "bad_request" {
			t.Errorf("%q is answered %d %s", d, r.status, r.body)
		}
	}
	if r := w.send("POST", "/devtools/clock", `{"advance":"87600h"}`); r.status != 200 {
		t.Errorf("ten years are answered %d %s", r.status, r.body)
	}
	if r := w.send("POST", "/devtools/clock", `{"advance":"1s"}`); r.status != 400 {
		t.Errorf("a second more is answered %d", r.status)
	}
}

func TestAStoppedStoreIs503AndKeepsTokens(t *testing.T) {
	w := newWorld(t)
	bearer := []string{"Authorization", "Bearer " + w.login("alice")}
	if r := w.send("POST", "/devtools/store", `{"down":true}`); r.status != 200 || r.value("down") != "true" {
		t.Fatalf("the store is answered %d %s", r.status, r.body)
	}
	for _, path := range []string{"/api/me", "/wx/check", "/healthz"} {
		if r := w.send("GET", path, "", bearer...); r.status != 503 || r.value("error") != "store_unavailable" {
			t.Errorf("%s is answered %d %s", path, r.status, r.body)
		}
	}
	w.send("POST", "/devtools/store", `{"down":false}`)
	for _, path := range []string{"/api/me", "/healthz"} {
		if r := w.send("GET", path, "", bearer...); r.status != 200 {
			t.Errorf("%s is answered %d %s when the store is back", path, r.status, r.body)
		}
	}
}

func TestMoodsOfWeChat(t *testing.T) {
	w := newWorld(t)
	login := func() reply {
		return w.send("POST", "/wx/login", `{"code":"`+w.send("GET", "/devtools/code", "").value("code")+`"}`)
	}
	bearer := []string{"Authorization", "Bearer " + w.login("alice")}
	if r := w.send("POST", "/devtools/wechat", `{"mood":"busy"}`); r.value("mood") != "busy" {
		t.Fatalf("busy is answered %d %s", r.status, r.body)
	}
	if r := login(); r.status != 503 || r.value("error") != "wechat_unavailable" || r.value("errcode") != "-1" {
		t.Errorf("with a busy WeChat a login is answered %d %s", r.status, r.body)
	}
	if r := w.send("GET", "/api/me", "", bearer...); r.status != 200 {
		t.Errorf("with a busy WeChat a session is answered %d", r.status)
	}
	w.send("POST", "/devtools/wechat", `{"mood":"slow"}`)
	began := time.Now()
	if r := login(); r.status != 200 || time.Since(began) < slowness {
		t.Errorf("with a slow WeChat a login is answered %d after %v", r.status, time.Since(began))
	}
	w.send("POST", "/devtools/wechat", `{"mood":"well"}`)
	began = time.Now()
	if r := login(); r.status != 200 || time.Since(began) > slowness {
		t.Errorf("with a WeChat that is well a login is answered %d after %v", r.status, time.Since(began))
	}
}

func TestControlsTakeNothingElse(t *testing.T) {
	w := newWorld(t)
	before := w.sim.state()
	for _, c := range [][2]string{
		{"clock", ``}, {"clock", `{}`}, {"clock", `[]`}, {"clock", `{"advance":1}`}, {"clock", `{"advance":"1h","x":1}`}, {"clock", `{"advance":"1h"}{}`},
		{"store", ``}, {"store", `{}`}, {"store", `{"down":"yes"}`}, {"store", `{"down":true,"up":true}`}, {"store", `{"down":null}`},
		{"wechat", ``}, {"wechat", `{}`}, {"wechat", `{"mood":"angry"}`}, {"wechat", `{"mood":1}`},
	} {
		if r := w.send("POST", "/devtools/"+c[0], c[1]); r.status != 400 || r.value("error") != "bad_request" {
			t.Errorf("%s %s is answered %d %s", c[0], c[1], r.status, r.body)
		}
	}
	if r := w.send("POST", "/devtools/store", `{"down":true,"x":"`+strings.Repeat("x", 64<<10)+`"}`); r.status != 413 {
		t.Errorf("a long body is answered %d", r.status)
	}
	for _, name := range []string{"clock", "store", "wechat"} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if r := w.send(method, "/devtools/"+name, `{"down":true,"advance":"1h","mood":"busy"}`); r.status != 405 {
				t.Errorf("%s of the control %s is answered %d", method, name, r.status)
			}
		}
	}
	after := w.sim.state()
	if after.Down != before.Down || after.Mood != before.Mood || after.Ahead != before.Ahead {
		t.Errorf("the state was %+v and is %+v", before, after)
	}
}

func TestTheStateSaysWhatIsConfigured(t *testing.T) {
	w := newWorld(t, func(cfg *core.Config, mux *http.ServeMux) {
		cfg.Store = "redis://user:PASSWORD@127.0.0.1:1/0"
		cfg.Keys = []core.Secret{core.NewSecret("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")}
		mux.HandleFunc("POST /wx/token", func(http.ResponseWriter, *http.Request) { t.Error("a route was called") })
		mux.HandleFunc("GET /wx/jwks", func(http.ResponseWriter, *http.Request) { t.Error("a route was called") })
	})
	st := w.sim.state()
	for name, there := range map[string]bool{"phone": true, "token": true, "jwks": true, "ticket": false, "enter": false, "scan": false} {
		if got, known := st.Routes[name]; !known || got != there {
			t.Errorf("the route %s: %t, want %t", name, got, there)
		}
	}
	r := w.send("GET", "/devtools/state", "")
	if st.Store != "redis" || !st.Sealed || strings.Contains(r.body, "PASSWORD") || strings.Contains(r.body, "AAAA") || strings.Contains(r.body, w.sim.wechat.Secret) {
		t.Errorf("the state is %s", r.body)
	}
}

func TestTheStateIsToldWhenItChanges(t *testing.T) {
	w := newWorld(t)
	s := w.watch("")
	w.send("POST", "/devtools/store", `{"down":true}`)
	if st := s.state(); !st.Down {
		t.Errorf("the state is told as %+v", st)
	}
	w.send("POST", "/devtools/clock", `{"advance":"1h"}`)
	if st := s.state(); st.Ahead != 3600 || !st.Down {
		t.Errorf("the state is told as %+v", st)
	}
}
