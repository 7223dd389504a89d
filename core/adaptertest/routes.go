package adaptertest

import (
	"fmt"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

func routeRows() []row {
	return []row{
		{name: "check tells how long the session lives", check: (*rig).check},
		{name: "check hands its query on", check: (*rig).deepCheck},
		{name: "logout ends the session, and may be repeated", check: (*rig).logout},
		{name: "logout with all=1 ends the user's other sessions too", check: (*rig).logoutEverywhere},
		{name: "sessions lists the user's own sessions", check: (*rig).sessions},
		{name: "sessions are deleted by their id", check: (*rig).deleteSession},
		{name: "an id that is escaped in the path is the same id", check: (*rig).deleteEscaped},
		{name: "an id of nobody or of somebody else is 404", check: (*rig).deleteForeign},
		{name: "rotate answers with another token for the same session", check: (*rig).rotate},
		{name: "phone answers with the number that WeChat gives", check: (*rig).phone},
		{name: "every route but login asks for a token", check: (*rig).routesAskForToken},
	}
}

func (r *rig) check() {
	r.start()
	token, _ := r.login("alice")
	r.do("GET", "/wx/check", "", bearer(token)...).wantJSON(200, "expires_in", "lifetime")
}

func (r *rig) deepCheck() {
	r.start()
	token, _ := r.login("alice")
	got := r.do("GET", "/wx/check?deep=1", "", bearer(token)...).
		wantJSON(200, "expires_in", "lifetime", "session_key_valid")
	if string(got["session_key_valid"]) != "true" {
		r.Errorf("session_key_valid is %s right after the login", got["session_key_valid"])
	}
	r.wx.Fail("/wxa/checksession", wxtest.Fault{Status: 502}, 1)
	other, _ := r.login("bob")
	r.do("GET", "/wx/check?deep=1", "", bearer(other)...).wantRefusal(503, core.CodeWeChatUnavailable)
}

func (r *rig) logout() {
	r.start()
	token, _ := r.login("alice")
	r.do("POST", "/wx/logout", "", bearer(token)...).wantEmpty()
	r.do("GET", "/me", "", bearer(token)...).wantUnauthorized(core.CodeInvalidSession, true)
	r.do("POST", "/wx/logout", "", bearer(token)...).wantEmpty()
}

func (r *rig) logoutEverywhere() {
	r.start()
	phone, _ := r.login("alice")
	tablet, _ := r.login("alice")
	stranger, openID := r.login("bob")
	r.do("POST", "/wx/logout?all=1", "", bearer(phone)...).wantEmpty()
	r.do("GET", "/me", "", bearer(tablet)...).wantUnauthorized(core.CodeSessionRevoked, true)
	r.do("GET", "/me", "", bearer(stranger)...).wantWho(openID)
}

// listed is a session in the reply of GET /wx/sessions.
type listed struct {
	ID      string `json:"id"`
	Device  string `json:"device"`
	Current bool   `json:"current"`
}

func (r *rig) list(token string) []listed {
	r.Helper()
	var reply struct {
		Sessions []listed `json:"sessions"`
	}
	r.do("GET", "/wx/sessions", "", bearer(token)...).want(200).decode(&reply)
	return reply.Sessions
}

// twoSessions logs one person in twice, and returns the tokens and what the
// first one's list says of the second.
func (r *rig) twoSessions() (token, other string, l listed) {
	r.Helper()
	token, _ = r.login("alice")
	other, _ = r.login("alice")
	for _, l := range r.list(token) {
		if !l.Current {
			return token, other, l
		}
	}
	r.Fatal("the other session is not in the list")
	return
}

func (r *rig) sessions() {
	r.start()
	code := r.wx.Code(r.wx.OpenID("alice"))
	var login struct {
		Token string `json:"3rd_session"`
	}
	r.do("POST", "/wx/login", encode(map[string]string{"code": code, "device": "手机"})).want(200).decode(&login)
	r.login("bob")
	var reply struct {
		Sessions []map[string]any `json:"sessions"`
	}
	a := r.do("GET", "/wx/sessions", "", bearer(login.Token)...)
	a.wantJSON(200, "sessions")
	a.decode(&reply)
	if len(reply.Sessions) != 1 {
		r.Fatalf("%d sessions, want one", len(reply.Sessions))
	}
	s := reply.Sessions[0]
	if s["device"] != "手机" || s["current"] != true || s["id"] == "" || s["created_at"] == nil || s["last_seen"] == nil || len(s) != 5 {
		r.Errorf("the session is listed as %v", s)
	}
}

func (r *rig) deleteSession() {
	r.start()
	token, other, l := r.twoSessions()
	r.do("DELETE", "/wx/sessions/"+l.ID, "", bearer(token)...).wantEmpty()
	r.do("GET", "/me", "", bearer(other)...).wantUnauthorized(core.CodeSessionRevoked, true)
	r.do("GET", "/me", "", bearer(token)...).want(200)
}

func (r *rig) deleteEscaped() {
	r.start()
	token, _, l := r.twoSessions()
	escaped := fmt.Sprintf("%%%02X%s", l.ID[0], l.ID[1:])
	r.do("DELETE", "/wx/sessions/"+escaped, "", bearer(token)...).wantEmpty()
}

func (r *rig) deleteForeign() {
	r.start()
	token, _ := r.login("alice")
	stranger, _ := r.login("bob")
	for _, id := range []string{"nobody", "%00", "%25", "a%0D%0Ab", r.list(stranger)[0].ID} {
		r.do("DELETE", "/wx/sessions/"+id, "", bearer(token)...).wantRefusal(404, core.CodeNotFound)
	}
	r.do("GET", "/me", "", bearer(stranger)...).want(200)
}

func (r *rig) rotate() {
	r.start()
	token, openID := r.login("alice")
	before := r.list(token)[0].ID
	var reply struct {
		Token string `json:"3rd_session"`
	}
	a := r.do("POST", "/wx/rotate", "", bearer(token)...)
	a.wantJSON(200, "3rd_session", "expires_in", "lifetime")
	a.decode(&reply)
	if reply.Token == token {
		r.Error("the token is the old one")
	}
	r.do("GET", "/me", "", bearer(reply.Token)...).wantWho(openID)
	if after := r.list(reply.Token)[0].ID; after != before {
		r.Errorf("the session's id has changed from %s to %s", before, after)
	}
}

func (r *rig) phone() {
	r.start(func(c *core.Config) { c.PhoneRoute = true })
	token, openID := r.login("alice")
	body := loginBody(r.wx.PhoneCode(openID, "13800138000"))
	got := r.do("POST", "/wx/phone", body, bearer(token)...).
		wantJSON(200, "phoneNumber", "purePhoneNumber", "countryCode")
	if string(got["purePhoneNumber"]) != `"13800138000"` || string(got["countryCode"]) != `"86"` {
		r.Errorf("the number is %s of country %s", got["purePhoneNumber"], got["countryCode"])
	}
	r.do("POST", "/wx/phone", body).wantUnauthorized(core.CodeNoSession, false)
}

// guarded are the login routes that need a token.
func guarded() [][2]string {
	return [][2]string{
		{"GET", "/wx/check"}, {"POST", "/wx/logout"}, {"POST", "/wx/logout?all=1"}, {"GET", "/wx/sessions"},
		{"DELETE", "/wx/sessions/abc"}, {"POST", "/wx/rotate"},
	}
}

func (r *rig) routesAskForToken() {
	r.start()
	for _, route := range guarded() {
		r.do(route[0], route[1], "").wantUnauthorized(core.CodeNoSession, false)
	}
	r.wantUntouched()
}
