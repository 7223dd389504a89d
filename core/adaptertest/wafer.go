package adaptertest

import (
	"fmt"
	"strconv"

	"github.com/wxsession/wxsession/core"
)

func waferRows() []row {
	return []row{
		{name: "a Wafer client logs in by headers", check: (*rig).waferLogin},
		{name: "a Wafer client hears of a refused login in its own words", check: (*rig).waferLoginRefused},
		{name: "X-WX-Skey carries the token of a Wafer client", check: (*rig).waferRequest},
		{name: "a Wafer client whose session is gone gets the reply that makes it log in again", check: (*rig).waferSessionGone},
		{name: "a Wafer client keeps its session while the store does not answer", check: (*rig).waferOutage},
		{name: "Wafer clients are strangers unless Config.Wafer is set", check: (*rig).waferIsOff},
	}
}

// waferMagic is the member by which Wafer clients know the session layer.
const waferMagic = "F2C224D4-2BCE-4C64-AF9F-A6D872000D1A"

func (r *rig) startWafer() {
	r.Helper()
	r.start(func(c *core.Config) { c.Wafer = true })
}

// waferSkey logs the named person in as a Wafer client would.
func (r *rig) waferSkey(method, name string) (skey, openID string) {
	r.Helper()
	openID = r.wx.OpenID(name)
	a := r.do(method, "/wx/wafer/login", "", "X-WX-Code", r.wx.Code(openID))
	a.wantJSON(200, waferMagic, "session", "code", "data")
	var reply struct {
		Session struct{ ID, Skey string }
		Code    int
		Data    struct {
			Skey     string
			UserInfo map[string]any
		}
	}
	a.decode(&reply)
	skey = reply.Session.Skey
	if len(skey) != len(unissued) || reply.Session.ID == "" || reply.Code != 0 || reply.Data.Skey != skey || reply.Data.UserInfo == nil {
		r.Fatalf("%s: a Wafer client cannot use %s", a.what, a.body)
	}
	return skey, openID
}

func (r *rig) waferLogin() {
	r.startWafer()
	for _, method := range []string{"GET", "POST"} {
		skey, openID := r.waferSkey(method, "user of "+method)
		r.do("GET", "/me", "", bearer(skey)...).wantWho(openID) // a token as any other
	}
}

func (r *rig) waferLoginRefused() {
	r.startWafer()
	for _, method := range []string{"GET", "POST"} {
		r.do(method, "/wx/wafer/login", "").wantWafer(400, "ERR_LOGIN_FAILED")
		r.do(method, "/wx/wafer/login", "", "X-WX-Code", "of-nobody").wantWafer(400, "ERR_LOGIN_FAILED")
	}
}

// wantWafer checks a refusal in the words of both families of Wafer clients.
func (a *answer) wantWafer(status int, reason string) {
	a.Helper()
	object := a.wantJSON(status, waferMagic, "error", "message", "code")
	if got := string(object["error"]); got != strconv.Quote(reason) || string(object["code"]) != "-1" || string(object[waferMagic]) != "1" {
		a.Errorf("%s: %s, want the error %s", a.what, a.body, reason)
	}
}

func (r *rig) waferRequest() {
	r.startWafer()
	skey, openID := r.waferSkey("GET", "alice")
	r.do("GET", "/me", "", "X-WX-Skey", skey).wantWho(openID)
	r.do("GET", "/me", "", "x-wx-skey", skey, "X-WX-Id", "an id").wantWho(openID)
	r.do("GET", "/key", "", "X-WX-Skey", skey).wantWho(openID)
	r.do("GET", "/public", "", "X-WX-Skey", skey).wantWho(openID)
	r.do("GET", "/wx/check", "", "X-WX-Skey", skey).want(200)
}

func (r *rig) waferSessionGone() {
	r.startWafer()
	for _, skey := range []string{unissued, "x"} {
		for _, path := range []string{"/me", "/me/key", "/key", "/wx/check"} {
			a := r.do("GET", path, "", "X-WX-Skey", skey)
			a.what += fmt.Sprintf(" with X-WX-Skey %.8s", skey)
			a.wantWafer(401, "ERR_INVALID_SESSION")
			a.wantHeader("WWW-Authenticate", `Bearer error="invalid_token"`)
		}
	}
	r.do("GET", "/me", "").wantUnauthorized(core.CodeNoSession, false)
	r.do("GET", "/me", "", bearer(unissued)...).wantUnauthorized(core.CodeInvalidSession, true)
}

func (r *rig) waferOutage() {
	r.startWafer()
	skey, openID := r.waferSkey("GET", "alice")
	r.store.setErr(errOutage)
	r.do("GET", "/me", "", "X-WX-Skey", skey).wantRefusal(503, core.CodeStoreUnavailable)
	r.store.setErr(nil)
	r.do("GET", "/me", "", "X-WX-Skey", skey).wantWho(openID)
}

func (r *rig) waferIsOff() {
	r.start()
	token, _ := r.login("alice")
	r.do("GET", "/me", "", "X-WX-Skey", token).wantUnauthorized(core.CodeNoSession, false)
	for _, method := range []string{"GET", "POST"} {
		a := r.do(method, "/wx/wafer/login", "", "X-WX-Code", r.wx.Code(r.wx.OpenID("alice")))
		if a.status != 404 && a.status != 405 {
			r.Errorf("%s: status %d, want 404 or 405", a.what, a.status)
		}
	}
}
