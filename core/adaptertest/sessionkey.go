package adaptertest

import (
	"time"

	"github.com/wxsession/wxsession/core"
	"github.com/wxsession/wxsession/core/wxtest"
)

func sessionKeyRows() []row {
	return []row{
		{name: "a route for session_keys serves whose WeChat takes", check: (*rig).validKey},
		{name: "a route for session_keys asks for a session first", check: (*rig).keyWithoutSession},
		{name: "a session_key that WeChat refuses is 401, and the session lives on", check: (*rig).displacedKey},
		{name: "a login heals a session_key that WeChat refused", check: (*rig).healedKey},
		{name: "WeChat is asked about a session_key once per maxAge", check: (*rig).askedOnce},
		{name: "a WeChat that does not answer about a session_key is 503", check: (*rig).keyOutage},
		{name: "a route for session_keys looks the session up once, behind a middleware too", check: (*rig).keyGets},
	}
}

// keyMaxAge is long enough for a row to end within it.
const keyMaxAge = 10 * time.Minute

// keyed are the routes behind RequireSessionKey, alone and after Require.
func keyed() []string { return []string{"/key", "/me/key"} }

func (r *rig) validKey() {
	r.start()
	for _, path := range keyed() {
		token, openID := r.login("user of " + path)
		r.do("GET", path, "", bearer(token)...).wantWho(openID)
	}
}

func (r *rig) keyWithoutSession() {
	r.start()
	for _, path := range keyed() {
		r.do("GET", path, "").wantUnauthorized(core.CodeNoSession, false)
		r.do("GET", path, "", bearer(unissued)...).wantUnauthorized(core.CodeInvalidSession, true)
	}
	token, _ := r.login("alice")
	r.store.setErr(errOutage)
	for _, path := range keyed() {
		r.do("GET", path, "", bearer(token)...).wantRefusal(503, core.CodeStoreUnavailable)
	}
	r.wantServed(0)
	r.wantKeyChecks(0)
}

func (r *rig) wantKeyChecks(n int) {
	r.Helper()
	if got := r.wx.Calls("/wxa/checksession"); got != n {
		r.Errorf("WeChat was asked %d times about a session_key, want %d times", got, n)
	}
}

// displace logs alice in and has WeChat give her another session_key, of which
// the manager does not know.
func (r *rig) displace() (token, openID string) {
	r.Helper()
	token, openID = r.login("alice")
	r.do("GET", "/key", "", bearer(token)...).want(200)
	r.wx.RotateSessionKey(openID)
	r.clock.advance(keyMaxAge)
	return token, openID
}

func (r *rig) displacedKey() {
	r.start()
	token, openID := r.displace()
	r.do("GET", "/me/key", "", bearer(token)...).wantUnauthorized(core.CodeSessionKeyExpired, true, "errcode", "rid")
	for _, path := range keyed() { // as WeChat said before
		r.do("GET", path, "", bearer(token)...).wantUnauthorized(core.CodeSessionKeyExpired, true)
	}
	r.wantServed(1)
	r.do("GET", "/me", "", bearer(token)...).wantWho(openID)
}

func (r *rig) healedKey() {
	r.start()
	token, openID := r.displace()
	r.do("GET", "/key", "", bearer(token)...).want(401)
	fresh, _ := r.login("alice")
	for _, path := range keyed() {
		r.do("GET", path, "", bearer(fresh)...).wantWho(openID)
		r.do("GET", path, "", bearer(token)...).wantWho(openID) // the key is the user's
	}
}

func (r *rig) askedOnce() {
	r.start()
	phone, _ := r.login("alice")
	tablet, _ := r.login("alice")
	for n := range 3 {
		for _, token := range []string{phone, tablet} {
			for _, path := range keyed() {
				r.do("GET", path, "", bearer(token)...).want(200)
			}
		}
		r.wantKeyChecks(n + 1)
		r.clock.advance(keyMaxAge)
	}
}

func (r *rig) keyOutage() {
	r.start()
	token, openID := r.login("alice")
	r.wx.Fail("/wxa/checksession", wxtest.Fault{Status: 502}, wxtest.Always)
	for _, path := range keyed() {
		r.do("GET", path, "", bearer(token)...).wantRefusal(503, core.CodeWeChatUnavailable)
	}
	r.wantServed(0)
	r.wx.Heal()
	for _, path := range keyed() {
		r.do("GET", path, "", bearer(token)...).wantWho(openID)
	}
}

func (r *rig) keyGets() {
	r.start()
	token, _ := r.login("alice")
	r.do("GET", "/key", "", bearer(token)...).want(200) // asks WeChat
	gets, writes := r.store.counts()
	for i, path := range keyed() {
		r.do("GET", path, "", bearer(token)...).want(200)
		r.wantCounts(gets+2*(i+1), writes) // the session, and what WeChat said
	}
}
